"""Problems of a spec's queries: PromQL that can't be parsed, and contradictions within an SLO."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from math import isclose

from slo.documents import Problem
from slo.model import SLO, BudgetingMethod, EventsSLI, Op, PromQL, Service, Spec, ThresholdSLI
from slo.promql.expressions import PromQLError, Shape
from slo.promql.indicators import (
    PercentileIndicator,
    ServerIndicator,
    list_metrics,
    parse_indicator,
    parse_metric,
)
from slo.promql.parser import parse_selector


def find_query_problems(spec: Spec) -> list[Problem]:
    """Return all problems of a spec's queries, those of SLOs first."""
    problems = [problem for slo in spec.slos for problem in _find_slo_problems(slo)]
    return problems + [problem for service in spec.services for problem in _find_service_problems(service)]


def split_source(source: str) -> tuple[str, int | None]:
    """Return file and line of ``file:line``; without a line, the whole text and ``None``."""
    file, _, line = source.rpartition(":")
    return (file, int(line)) if file and line.isdigit() else (source, None)


def list_service_selectors(service: Service) -> dict[str, str]:
    """Return the selectors of a service by the annotation that contains them."""
    context = {
        f"proofload/context, selector {n}": text for n, text in enumerate(service.context_selectors, 1)
    }
    return ({"proofload/requests": service.request_counter} if service.request_counter else {}) | context


def _find_service_problems(service: Service) -> Iterator[Problem]:
    for annotation, text in list_service_selectors(service).items():
        if problem := _find_parse_error(partial(parse_selector, text)):
            yield Problem(*split_source(service.source), f"Service {service.name}, {annotation}", problem)


def _find_slo_problems(slo: SLO) -> Iterator[Problem]:
    file, line = split_source(slo.source)
    has_parse_error = False
    for role, metric in list_metrics(slo.sli).items():
        if problem := _find_parse_error(partial(parse_metric, metric)):
            has_parse_error = True
            yield Problem(file, line, f"SLO {slo.name}, {role}", problem)
    if not has_parse_error:
        for problem in _find_contradictions(slo):
            yield Problem(file, line, f"SLO {slo.name}", problem)


def _find_parse_error(parse: Callable[[], object]) -> str | None:
    try:
        parse()
    except PromQLError as error:
        return str(error)
    return None


def _find_contradictions(slo: SLO) -> Iterator[str]:
    indicator = parse_indicator(slo.sli)
    is_by_server = isinstance(indicator, ServerIndicator)
    if is_by_server and slo.budgeting is not BudgetingMethod.OCCURRENCES:
        yield (
            f"budgetingMethod {slo.budgeting} needs queries that are selectors, sums, rates or percentiles; "
            "use Occurrences"
        )
    if isinstance(slo.sli, EventsSLI) and not slo.sli.counter:
        for role, expression in indicator.expressions.items():
            if expression.has_rate:
                yield f"{role} is a rate, but counter: false sums samples: drop rate() or write counter: true"
    shapes = {role: expression.shape for role, expression in indicator.expressions.items()}
    if isinstance(slo.sli, EventsSLI) and is_by_server and Shape.SELECTOR in shapes.values():
        role = next(role for role, shape in shapes.items() if shape is Shape.SELECTOR)
        yield f"{role} is a plain counter, the other query is not: write both as counters or both as rates"
    is_promql = isinstance(slo.sli, ThresholdSLI) and isinstance(slo.sli.metric, PromQL)
    if is_promql and isinstance(indicator, PercentileIndicator):
        yield from _find_quantile_contradictions(slo, indicator.quantile)
    if Shape.QUANTILE in shapes.values() and any(
        objective.op in {Op.GT, Op.GTE} for objective in slo.objectives
    ):
        yield "a percentile needs op lte or lt (at most the threshold), not gte or gt"


def _find_quantile_contradictions(slo: SLO, quantile: float) -> Iterator[str]:
    """Compare a percentile with the objective's ratio of events: both must state the same share."""
    has_slices = slo.budgeting is BudgetingMethod.TIMESLICES
    name = "timeSliceTarget" if has_slices else "target"
    for objective in slo.objectives:
        ratio = objective.time_slice_target if has_slices else objective.target
        if ratio is not None and not isclose(ratio, quantile):
            yield (
                f"{name} {ratio:g} contradicts histogram_quantile({quantile:g}, …), which asks for "
                f"{100 * quantile:.10g} % of the events: write the same ratio in both"
            )
