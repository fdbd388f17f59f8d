"""Preflight: can Prometheus answer at all, and does it scrape the jobs and metrics of a spec?

It takes seconds. Without it, a mistake shows only in a verdict after the load, as UNDECIDED.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from slo.model import Spec
from slo.prometheus import PrometheusClient, PrometheusError, QueryError
from slo.promql import UP_METRIC, Matcher, Selector, escape_job_name, find_selectors, plan_queries

GRACE_SECONDS = 10.0
"""How long a job may be missing or down: Prometheus applies discovered targets every 5 s, and a service that
has just started was down at its last scrape."""
POLL_INTERVAL_SECONDS = 0.5
LOAD_METRIC_PREFIX = "proofload_load_"
"""Metrics of the load generator, whose job is up only while a load runs."""
MAX_LISTED = 10
_NO_TARGETS = "Prometheus has neither scrape targets nor the metric up: the jobs of the spec are not checked"
_NO_SERIES = "has no series yet; it may appear with the first request"
_SIMILAR_NAMES = 3
_SIMILARITY = 0.7
_FAMILY_SUFFIX = re.compile(r"_(bucket|count|sum)$")


@dataclass(frozen=True, slots=True)
class Preflight:
    """Result of a preflight: problems, with which no load has a verdict, and notes."""

    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _WantedJob:
    """A job of the spec: the regular expression and the matcher that name it, and its metrics."""

    pattern: str
    matcher: Matcher
    metrics: frozenset[str]


def run_preflight(
    spec: Spec,
    prometheus: PrometheusClient,
    *,
    serves_load_metrics: bool = False,
) -> Preflight:
    """Check that Prometheus answers, scrapes a target of each job of the spec, and has its metrics.

    A metric without a series is only a note: a counter with labels has none before its first request.
    ``serves_load_metrics``: the load generator will serve its metrics, so their job may be down until then.
    """
    try:
        prometheus.fetch_version()  # detects the backend
        one = prometheus.query_instant("vector(1)", time.time()).series
        if [series.values for series in one] != [(1.0,)]:
            url = prometheus.connection.shown_url
            return Preflight((f"{url} is no Prometheus: it can't evaluate vector(1)",))
        wanted = _list_wanted_jobs(spec, serves_load_metrics=serves_load_metrics)
        jobs = _await_jobs(prometheus, wanted) if wanted else Preflight()
        return Preflight(jobs.problems, (*jobs.notes, *_find_missing_metrics(spec, prometheus)))
    except PrometheusError as error:
        return Preflight((str(error),))


# --- Jobs ---------------------------------------------------------------------------------------


def _await_jobs(prometheus: PrometheusClient, wanted: Sequence[_WantedJob]) -> Preflight:
    """Return the problems of jobs that remain after the grace time."""
    deadline = time.monotonic() + GRACE_SECONDS
    while True:
        states = _fetch_job_states(prometheus)
        problems = [problem for job in wanted if (problem := _find_job_problem(prometheus, job, states))]
        if states and not problems:
            return Preflight()
        if time.monotonic() >= deadline:
            return Preflight(tuple(problems)) if states else Preflight(notes=(_NO_TARGETS,))
        time.sleep(POLL_INTERVAL_SECONDS)


def _find_job_problem(prometheus: PrometheusClient, job: _WantedJob, states: Mapping[str, str]) -> str | None:
    try:
        matching = {name: state for name, state in states.items() if re.fullmatch(job.pattern, name)}
    except re.error:  # valid for Prometheus (RE2), but not here
        return None
    matcher = f"job{job.matcher.op}{_quote(job.matcher.value)}"
    if not matching and not _has_series(prometheus, job):
        return f"no target has {matcher}; known: {_list_states(states)}"
    if matching and all(state.startswith("down") for state in matching.values()):
        return f"no target with {matcher} is up; known: {_list_states(states, first=matching)}"
    return None


def _quote(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _list_states(states: Mapping[str, str], first: Collection[str] = ()) -> str:
    names = sorted(states, key=lambda name: (name not in first, name))
    more = f", and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
    return ", ".join(f"{name} ({states[name]})" for name in names[:MAX_LISTED]) + more


def _list_wanted_jobs(spec: Spec, *, serves_load_metrics: bool) -> list[_WantedJob]:
    """Return the jobs that the spec's queries name with ``=`` or ``=~``."""
    plan = plan_queries(spec)
    inside = [selector for text in plan.server_expressions for selector in find_selectors(text)]
    metrics: dict[Matcher, set[str]] = {}
    for selector in (*plan.selectors, *inside):
        for matcher in selector.matchers:
            if matcher.label == "job" and matcher.op in {"=", "=~"} and matcher.value:
                metrics.setdefault(matcher, set()).add(selector.metric)
    return [
        _WantedJob(
            escape_job_name(matcher.value) if matcher.op == "=" else matcher.value, matcher, frozenset(names)
        )
        for matcher, names in metrics.items()
        if not (serves_load_metrics and all(name.startswith(LOAD_METRIC_PREFIX) for name in names))
    ]


def _fetch_job_states(prometheus: PrometheusClient) -> dict[str, str]:
    """Return ``up``, ``down`` or ``not scraped yet`` for each job; a job with a target that is up is up."""
    states: dict[str, str] = {}
    for job, state in (*prometheus.fetch_target_health(), *_read_up(prometheus)):
        if states.get(job) != "up" and (job not in states or state == "up"):
            states[job] = state
    return states


def _read_up(prometheus: PrometheusClient) -> Iterable[tuple[str, str]]:
    try:
        series = prometheus.query_instant(f"max by (job) ({UP_METRIC})", time.time()).series
    except QueryError:
        return []
    return [(item.labels.get("job", ""), "up" if item.values[-1] else "down") for item in series]


def _has_series(prometheus: PrometheusClient, job: _WantedJob) -> bool:
    """Return whether a job without a target has series all the same, e.g. pushed ones."""
    names = "|".join(sorted(escape_job_name(name) for name in job.metrics if name))
    if not names:
        return False
    selector = Selector("", (Matcher("__name__", "=~", names), job.matcher))
    try:
        return bool(prometheus.query_instant(f"group({selector})", time.time()).series)
    except QueryError:
        return False


# --- Metrics ------------------------------------------------------------------------------------


def _find_missing_metrics(spec: Spec, prometheus: PrometheusClient) -> list[str]:
    """Return a note for each metric without a series that has similar names, and one for the others."""
    plan = plan_queries(spec)
    inside = [selector for text in plan.server_expressions for selector in find_selectors(text)]
    wanted = {
        selector.metric: None
        for selector in (*plan.selectors, *inside)
        if selector.metric and not selector.metric.startswith(LOAD_METRIC_PREFIX)
    }
    names = {*wanted, *(_FAMILY_SUFFIX.sub("", name) for name in wanted)}
    if not wanted:
        return []
    any_name = Selector("", (Matcher("__name__", "=~", "|".join(sorted(map(escape_job_name, names)))),))
    try:
        found = prometheus.query_instant(f"group by (__name__) ({any_name})", time.time()).series
    except QueryError:
        return []
    existing = {series.labels.get("__name__", "") for series in found}
    missing = [name for name in wanted if not {name, _FAMILY_SUFFIX.sub("", name)} & existing]
    known = prometheus.fetch_metric_names() if missing else ()
    similar = {name: get_close_matches(name, known, _SIMILAR_NAMES, _SIMILARITY) for name in missing}
    notes = [
        f"the metric {name} {_NO_SERIES}; similar names: {', '.join(names)}"
        for name, names in similar.items()
        if names
    ]
    others = [name for name, names in similar.items() if not names]
    return [
        *notes,
        *([f"metrics that may appear with the first request: {', '.join(others)}"] if others else []),
    ]
