"""From the spec to what has to be asked: every metric of it as a parsed expression."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from math import isclose

from slo.documents.yaml_source import Problem, ProblemsError
from slo.model import (
    SLO,
    Budgeting,
    EventsSLI,
    HistogramQuantile,
    Op,
    PromQL,
    RawRatioSLI,
    Service,
    Spec,
    ThresholdSLI,
)
from slo.promql.syntax import (
    Expression,
    Matcher,
    PromQLError,
    Selector,
    Shape,
    parse,
    parse_selector,
    selectors_in,
)

UP = "up"
PROCESS_START = "process_start_time_seconds"
"""Asked beside the spec's own metrics, of the jobs that those come from; results bear these names."""


@lru_cache(maxsize=4096)
def expression(metric: PromQL | HistogramQuantile) -> Expression:
    """Parse one metric of an SLI.

    Raises:
        PromQLError: it is not PromQL, or looks at another time than the window.
    """
    if isinstance(metric, PromQL):
        return parse(metric.query)
    selector = parse_selector(metric.histogram)
    buckets = selector.named(f"{selector.metric}_bucket")
    return Expression(metric.histogram, Shape.QUANTILE, buckets, metric.quantile)


def metrics(slo: SLO) -> dict[str, PromQL | HistogramQuantile]:
    """Name the metrics of an SLO's indicator by the part they play (``good``, ``total``, …)."""
    match slo.sli:
        case EventsSLI(total=total, good=good, bad=bad):
            given = {"good": good, "bad": bad, "total": total}
            return {part: metric for part, metric in given.items() if metric}
        case RawRatioSLI(raw=raw):
            return {"raw": raw}
        case ThresholdSLI(metric=metric):
            return {"metric": metric}


@dataclass(frozen=True, slots=True)
class Plan:
    """What to ask Prometheus: raw samples of selectors, and values only it can compute."""

    selectors: tuple[Selector, ...]
    opaque: tuple[str, ...]

    @property
    def jobs(self) -> frozenset[str]:
        """Regular expressions of the scrape jobs that the queries name.

        Series of selectors bear their job's name; those that Prometheus computed do not, so a pattern inside
        an expression stands for the jobs that it matches.
        """
        inside = [selector for text in self.opaque for selector in selectors_in(text)]
        named = {exactly(m.value) for s in (*self.selectors, *inside) for m in _of_job(s) if m.op == "="}
        return frozenset(named | {f"(?:{m.value})" for s in inside for m in _of_job(s) if m.op == "=~"})


def plan(spec: Spec) -> Plan:
    """List what a spec needs asked, each once.

    Raises:
        ProblemsError: PromQL that can't be parsed, or that the SLO can't be judged by; all at once.
    """
    problems = [problem for slo in spec.slos for problem in _problems(slo)]
    problems += [problem for service in spec.services for problem in _service_problems(service)]
    if problems:
        raise ProblemsError(problems)
    selectors: list[Selector] = []
    by_server: list[str] = []
    for slo in spec.slos:
        parts = [expression(metric) for metric in metrics(slo).values()]
        if judged_by_server(slo):
            by_server.extend(part.text for part in parts)
        else:
            selectors.extend(part.selector for part in parts if part.selector)
    for service in spec.services:
        selectors.extend(map(parse_selector, _listed(service).values()))
    return Plan(tuple(dict.fromkeys(selectors)), tuple(dict.fromkeys(by_server)))


def _of_job(selector: Selector) -> list[Matcher]:
    return [matcher for matcher in selector.matchers if matcher.label == "job"]


def exactly(job: str) -> str:
    """Give the regular expression (RE2) of a scrape job's exact name."""
    return re.sub(r"[][\\.+*?(){}|^$]", r"\\\g<0>", job)


def of_jobs(metric: str, jobs: Iterable[str]) -> Selector:
    """Select a metric of scrape jobs, each given as a regular expression."""
    return Selector(metric, (Matcher("job", "=~", "|".join(sorted(jobs))),))


def counters(spec: Spec) -> tuple[Selector, ...]:
    """List the selectors that a spec says are counters, each once; only those asked as raw samples."""
    found = [parse_selector(service.requests) for service in spec.services if service.requests]
    for slo in spec.slos:
        parts = [expression(metric) for metric in metrics(slo).values()]
        counting = (isinstance(slo.sli, EventsSLI) and slo.sli.counter) or parts[0].shape is Shape.QUANTILE
        if counting and not judged_by_server(slo):
            found.extend(part.selector for part in parts if part.selector)
    return tuple(dict.fromkeys(found))


def judged_by_server(slo: SLO) -> bool:
    """Tell whether an indicator's meaning is beyond raw samples, so that Prometheus evaluates it.

    Raises:
        PromQLError: a metric of it is not PromQL.
    """
    shapes = {expression(metric).shape for metric in metrics(slo).values()}
    match slo.sli:
        case EventsSLI():
            return not shapes <= {Shape.SELECTOR, Shape.INCREASE}
        case RawRatioSLI():
            return True
        case ThresholdSLI():
            return not shapes <= {Shape.SELECTOR, Shape.QUANTILE}


def _listed(service: Service) -> dict[str, str]:
    """Name the selectors of a service by the annotation line they stand in."""
    context = {f"proofload/context, selector {n}": text for n, text in enumerate(service.context, 1)}
    return ({"proofload/requests": service.requests} if service.requests else {}) | context


def _service_problems(service: Service) -> Iterator[Problem]:
    for part, text in _listed(service).items():
        if problem := _unparsed(partial(parse_selector, text)):
            yield Problem(*place(service.source), f"Service {service.name}, {part}", problem)


def _problems(slo: SLO) -> Iterator[Problem]:
    file, line = place(slo.source)
    broken = False
    for part, metric in metrics(slo).items():
        if problem := _unparsed(partial(expression, metric)):
            broken = True
            yield Problem(file, line, f"SLO {slo.name}, {part}", problem)
    if not broken:
        for problem in _contradictions(slo):
            yield Problem(file, line, f"SLO {slo.name}", problem)


def _unparsed(parsing: Callable[[], object]) -> str | None:
    try:
        parsing()
    except PromQLError as error:
        return str(error)
    return None


def _contradictions(slo: SLO) -> Iterator[str]:
    shapes = {part: expression(metric).shape for part, metric in metrics(slo).items()}
    if judged_by_server(slo) and slo.budgeting is not Budgeting.OCCURRENCES:
        yield f"{slo.budgeting} needs selectors, sums, rates or percentiles of them; use Occurrences"
    if isinstance(slo.sli, EventsSLI) and not slo.sli.counter:
        for part, metric in metrics(slo).items():
            if expression(metric).rated:
                yield f"{part} is a rate, but counter: false sums samples: drop rate() or write counter: true"
    if isinstance(slo.sli, EventsSLI) and judged_by_server(slo) and Shape.SELECTOR in shapes.values():
        bare = next(part for part, shape in shapes.items() if shape is Shape.SELECTOR)
        yield f"{bare} is a bare counter and the other is not: write both as counters or both as rates"
    if isinstance(slo.sli, ThresholdSLI) and isinstance(slo.sli.metric, PromQL):
        yield from _other_quantiles(slo, expression(slo.sli.metric).quantile)
    if Shape.QUANTILE in shapes.values() and any(o.op in {Op.GT, Op.GTE} for o in slo.objectives):
        yield "a percentile is judged with op lte or lt (at most so slow), not gte or gt"


def _other_quantiles(slo: SLO, quantile: float | None) -> Iterator[str]:
    """A percentile asks for a share of events, so a ratio of events beside it has to be the same."""
    if quantile is None:
        return
    sliced = slo.budgeting is Budgeting.TIMESLICES
    name = "timeSliceTarget" if sliced else "target"
    for objective in slo.objectives:
        ratio = objective.time_slice_target if sliced else objective.target
        if ratio is not None and not isclose(ratio, quantile):
            yield (
                f"{name} {ratio:g} contradicts histogram_quantile({quantile:g}, …), which asks for "
                f"{100 * quantile:.10g} % of the events: write the same ratio in both"
            )


def place(source: str) -> tuple[str, int | None]:
    """Split ``file:line``."""
    file, _, line = source.rpartition(":")
    return (file, int(line)) if file and line.isdigit() else (source, None)


_SUFFIX = re.compile(r"_(total|bucket|count|sum)$")


def created_of(selector: Selector) -> Selector:
    """Select when the counters of a selector began (OpenMetrics 1.0, Counter and Histogram)."""
    rest = tuple(matcher for matcher in selector.matchers if matcher.label != "le")
    return Selector(_SUFFIX.sub("", selector.metric) + "_created", rest)
