"""Evidence as Prometheus would give it, from samples in the notation of promtool's unit tests.

Scrapes come every 10 s from 95 s on; the window is 100 s to 160 s. So the first of eight samples lies before
the window, six lie inside it and the last one closes it: ``0+10x7`` is a counter that counts 70.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from slo.model import (
    SLO,
    Budgeting,
    EventsSLI,
    Evidence,
    HistogramQuantile,
    Objective,
    Op,
    PromQL,
    Quantiles,
    QueryResult,
    RawRatioSLI,
    RequestCounts,
    RunRecord,
    Series,
    Service,
    Spec,
    ThresholdSLI,
    Window,
)
from slo.prometheus.query_fallbacks import in_other_spellings
from slo.promql.query_plan import PROCESS_START, UP, created_of, plan
from slo.promql.syntax import Selector, parse_selector

FIRST_SCRAPE = 95.0
INTERVAL_SECONDS = 10.0
WINDOW = Window(100.0, 160.0)
TARGET = {"job": "api", "instance": "api:80"}

Answer = float | tuple[float, ...] | str


# --- Samples ------------------------------------------------------------------------------------


def values(notation: str) -> list[float | None]:
    """Expand promtool's notation: ``1 2``, ``0+5x3`` (0 5 10 15), ``7x2`` (7 7 7), ``_`` and ``_x2`` (none).

    https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/#series
    """
    return [value for token in notation.split() for value in _expanded(token)]


def _expanded(token: str) -> list[float | None]:
    if missing := re.fullmatch(r"_(?:x(\d+))?", token):
        return [None] * int(missing[1] or 1)
    many = re.fullmatch(r"(-?[\d.]+|NaN|[+-]?Inf)(?:([+-][\d.]+)?x(\d+))?", token)
    if many is None:
        raise ValueError(f"{token!r} is not in promtool's notation")
    first, step, times = float(many[1]), float(many[2] or 0), int(many[3] or 0)
    return [first + step * n if step else first for n in range(times + 1)]


def series(name: str, notation: str) -> Series:
    """Make the series that a selector of equal matchers names, scraped from :data:`TARGET` unless it says."""
    selector = parse_selector(name)
    own = {m.label: m.value for m in selector.matchers}
    labels = {"__name__": selector.metric} | TARGET | own
    kept = [
        (FIRST_SCRAPE + n * INTERVAL_SECONDS, value)
        for n, value in enumerate(values(notation))
        if value is not None
    ]
    return Series(labels, tuple(t for t, _ in kept), tuple(v for _, v in kept))


def matches(selector: Selector, labels: Mapping[str, str]) -> bool:
    """Match as Prometheus does: an absent label is empty, regular expressions are anchored."""
    compare: dict[str, Callable[[str, str], bool]] = {
        "=": lambda seen, wanted: seen == wanted,
        "!=": lambda seen, wanted: seen != wanted,
        "=~": lambda seen, wanted: re.fullmatch(wanted, seen) is not None,
        "!~": lambda seen, wanted: re.fullmatch(wanted, seen) is None,
    }
    named = not selector.metric or labels["__name__"] == selector.metric
    return named and all(compare[m.op](labels.get(m.label, ""), m.value) for m in selector.matchers)


# --- Evidence -----------------------------------------------------------------------------------


def evidence(
    spec: Spec,
    samples: Mapping[str, str],
    answers: Mapping[str, Answer] | None = None,
    *,
    window: Window = WINDOW,
    error: str | None = None,
) -> Evidence:
    """Answer what a spec asks, out of the samples that were scraped.

    ``answers`` gives the values Prometheus makes of an expression, or the refusal of a query as text.
    A target whose ``up`` is not among the samples answered all eight scrapes.
    """
    stored = [series(name, notation) for name, notation in samples.items()]
    wanted, said = plan(spec), answers or {}
    results: dict[str, QueryResult] = {}
    for selector in wanted.selectors:
        spelt = [way for way in (selector, in_other_spellings(selector)) if way]
        found = tuple(one for way in spelt for one in stored if matches(way, one.labels))
        results[str(selector)] = _refused(str(selector), said) or QueryResult(str(selector), 0, found)
        births = created_of(selector)
        if told := tuple(one for one in stored if matches(births, one.labels)):
            results[str(births)] = QueryResult(str(births), 0, told)
    for query in wanted.opaque:
        results[query] = _refused(query, said) or _computed(query, said)
    results[UP] = QueryResult(UP, 0, _named(stored, UP) or _always_up(stored))
    results[PROCESS_START] = QueryResult(PROCESS_START, 0, _named(stored, PROCESS_START))
    return Evidence(window, {} if error else results, 200.0, 300.0, INTERVAL_SECONDS, error=error)


def _refused(query: str, said: Mapping[str, Answer]) -> QueryResult | None:
    refusal = said.get(query)
    return QueryResult(query, 0, error=refusal) if isinstance(refusal, str) else None


def _computed(query: str, said: Mapping[str, Answer]) -> QueryResult:
    answer = said.get(query, ())
    numbers = [answer] if isinstance(answer, float | int) else [n for n in answer if isinstance(n, float)]
    given = tuple(Series({"n": str(n)}, (WINDOW.end,), (number,)) for n, number in enumerate(numbers))
    return QueryResult(query, WINDOW.end, given, exact=False)


def _named(stored: list[Series], metric: str) -> tuple[Series, ...]:
    return tuple(one for one in stored if one.labels["__name__"] == metric)


def _always_up(stored: list[Series]) -> tuple[Series, ...]:
    targets = {(one.labels["job"], one.labels["instance"]) for one in stored}
    return tuple(series(f'up{{job="{job}",instance="{at}"}}', "1x7") for job, at in sorted(targets))


# --- Specs and runs -----------------------------------------------------------------------------

ALL, ERRORS = "http_requests_total", 'http_requests_total{status=~"5.."}'
OK, FAULTY = 'http_requests_total{status="200"}', 'http_requests_total{status="500"}'
LATENCY = "http_request_duration_seconds"


def slo_of(
    sli: EventsSLI | RawRatioSLI | ThresholdSLI,
    *objectives: Objective,
    budgeting: Budgeting = Budgeting.OCCURRENCES,
) -> SLO:
    """Make an SLO over 28 days."""
    return SLO("slo", "api", sli, budgeting, 28 * 86_400.0, objectives)


def availability(target: float = 0.9) -> SLO:
    """Requests that were answered without a 5xx status, of all requests."""
    return slo_of(EventsSLI(PromQL(ALL), bad=PromQL(ERRORS)), Objective("o", target))


def quick(
    threshold: float, quantile: float = 0.9, op: Op = Op.LTE, metric: HistogramQuantile | PromQL | None = None
) -> SLO:
    """Requests answered within a threshold in seconds, by a percentile of their duration."""
    sli = ThresholdSLI(metric or HistogramQuantile(LATENCY, quantile))
    return slo_of(sli, Objective("o", quantile, op, threshold))


def sliced(slo: SLO, slice_target: float | None = None, seconds: float = 20.0) -> SLO:
    """Judge the slices of an SLO: the share of good ones, or the mean of their ratios without a target."""
    budgeting = Budgeting.RATIO_TIMESLICES if slice_target is None else Budgeting.TIMESLICES
    cut = replace(slo.objectives[0], time_slice_target=slice_target, time_slice_seconds=seconds)
    return replace(slo, budgeting=budgeting, objectives=(cut,))


def buckets(*, total: str, **counts: str) -> dict[str, str]:
    """Write the bucket series of :data:`LATENCY`; ``le_0_1`` is the bucket of 0.1 s."""
    bounds = {name.removeprefix("le_").replace("_", "."): text for name, text in counts.items()}
    return {f'{LATENCY}_bucket{{le="{le}"}}': text for le, text in (bounds | {"+Inf": total}).items()}


def sent(
    number: int, *, completed: int | None = None, offered: int | None = None, late: float = 0.01
) -> RunRecord:
    """Make the books of a run; every request was offered, sent and answered unless it says otherwise."""
    answered, asked = number if completed is None else completed, number if offered is None else offered
    total = RequestCounts(
        asked, number, answered, number - answered, asked - number, lateness=Quantiles(p95=late)
    )
    return RunRecord("run", "http://api", "locust", 1, WINDOW, {}, total, {}, RequestCounts())


def spec_of(*slos: SLO) -> Spec:
    """Make a spec whose service counts its requests in :data:`ALL`."""
    return Spec(slos, (Service("api", requests=ALL),))
