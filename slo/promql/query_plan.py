"""The queries that a spec needs, and selectors of metrics that are queried besides the spec's own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from slo.documents import ProblemsError
from slo.model import PROCESS_START_KEY, UP_KEY, Spec
from slo.promql.expressions import Matcher, Selector
from slo.promql.indicators import ServerIndicator, is_cumulative, list_selectors, parse_indicator
from slo.promql.parser import find_read_metrics, find_selectors, parse_selector
from slo.promql.query_problems import find_query_problems, list_service_selectors

UP_METRIC, PROCESS_START_METRIC = UP_KEY.text, PROCESS_START_KEY.text
"""Metrics of the scrape targets, queried for the scrape jobs of the spec's metrics."""
_METRIC_SUFFIX = re.compile(r"_(total|bucket|count|sum)$")


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """Queries to send: selectors for raw samples, and expressions that only Prometheus can evaluate."""

    selectors: tuple[Selector, ...]
    server_expressions: tuple[str, ...]
    existence_queries: tuple[str, ...] = ()
    """Expressions that have a value if a metric of ``server_expressions`` has samples in the window."""

    @property
    def job_patterns(self) -> frozenset[str]:
        """Regular expressions of the scrape jobs that the queries name.

        The raw samples of a selector have their own ``job`` label. The result of an expression may have none,
        so the patterns inside the expression are included.
        """
        inside = [selector for text in self.server_expressions for selector in find_selectors(text)]
        names = {
            escape_job_name(matcher.value)
            for matcher in _list_job_matchers([*self.selectors, *inside])
            if matcher.op == "="
        }
        patterns = {f"(?:{matcher.value})" for matcher in _list_job_matchers(inside) if matcher.op == "=~"}
        return frozenset(names | patterns)


def plan_queries(spec: Spec) -> QueryPlan:
    """Return the queries that a spec needs, each once.

    Raises:
        ProblemsError: all queries that can't be parsed or contradict their SLO.
    """
    if problems := find_query_problems(spec):
        raise ProblemsError(problems)
    selectors: list[Selector] = []
    server_expressions: list[str] = []
    for slo in spec.slos:
        indicator = parse_indicator(slo.sli)
        selectors.extend(list_selectors(indicator))
        if isinstance(indicator, ServerIndicator):
            server_expressions.extend(expression.text for expression in indicator.expressions.values())
    for service in spec.services:
        selectors.extend(map(parse_selector, list_service_selectors(service).values()))
    existence_queries = [
        query for text in server_expressions for query in list_existence_queries(text).values()
    ]
    return QueryPlan(
        tuple(dict.fromkeys(selectors)),
        tuple(dict.fromkeys(server_expressions)),
        tuple(dict.fromkeys(existence_queries)),
    )


def list_existence_queries(text: str) -> dict[str, str]:
    """Return a query for each metric that an expression reads: how many series have samples in the window.

    A fallback such as ``or vector(0)`` gives an expression a value although its metric does not exist.

    Raises:
        PromQLError: ``text`` is not PromQL.
    """
    return {metric: f"count(last_over_time({metric}[$window]))" for metric in find_read_metrics(text)}


def _list_job_matchers(selectors: Iterable[Selector]) -> list[Matcher]:
    return [matcher for selector in selectors for matcher in selector.matchers if matcher.label == "job"]


def escape_job_name(job: str) -> str:
    """Return a regular expression (RE2) that matches exactly one job name."""
    return re.sub(r"[][\\.+*?(){}|^$]", r"\\\g<0>", job)


def select_metric_of_jobs(metric: str, job_patterns: Iterable[str]) -> Selector:
    """Return a selector of a metric of all scrape jobs that match one of the regular expressions."""
    return Selector(metric, (Matcher("job", "=~", "|".join(sorted(job_patterns))),))


def list_counters(spec: Spec) -> tuple[Selector, ...]:
    """Return the selectors of a spec that are counters and queried as raw samples, each once."""
    counters = [
        parse_selector(service.request_counter) for service in spec.services if service.request_counter
    ]
    for slo in spec.slos:
        indicator = parse_indicator(slo.sli)
        if is_cumulative(indicator):
            counters.extend(list_selectors(indicator))
    return tuple(dict.fromkeys(counters))


def select_created_timestamps(selector: Selector) -> Selector:
    """Return the selector of the counters' ``_created`` timestamps (OpenMetrics 1.0: Counter, Histogram)."""
    matchers = tuple(matcher for matcher in selector.matchers if matcher.label != "le")
    return Selector(_METRIC_SUFFIX.sub("", selector.metric) + "_created", matchers)
