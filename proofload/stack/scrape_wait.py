"""Waits for scrapes, so that the edges of a run's window contain no traffic."""

from __future__ import annotations

import time
from collections.abc import Callable

from slo.model import Spec
from slo.prometheus import PrometheusClient, PrometheusError
from slo.promql import UP_METRIC, escape_job_name, plan_queries, select_metric_of_jobs

POLL_INTERVAL_SECONDS = 0.1
MISSING_JOB_SECONDS = 15.0
"""Maximum wait for the first scrape of a job after other jobs were scraped. Prometheus applies discovered
targets every 5 s, and the first scrape of each job has its own delay; a job missing longer does not exist."""

_PATTERN_PREFIX = "(?:"
"""Start of a job pattern in a query plan that is not an exact job name."""


class NoScrapeError(Exception):
    """Prometheus did not scrape the service in time."""


def build_up_query(spec: Spec) -> str:
    """Return the query for ``up`` of the jobs that the spec names, or of all jobs if it names none."""
    jobs = plan_queries(spec).job_patterns
    return str(select_metric_of_jobs(UP_METRIC, jobs)) if jobs else UP_METRIC


def await_scrape(
    prometheus: PrometheusClient,
    spec: Spec,
    *,
    after: float,
    timeout_seconds: float,
    clock: Callable[[], float] = time.time,
) -> float:
    """Wait until every scrape target of the spec was scraped after a time; return the last scrape's time.

    A failed scrape counts as well: it shows that the target is down. A job that was never scraped is
    awaited for at most ``MISSING_JOB_SECONDS``.

    Raises:
        NoScrapeError: no such scrape within ``timeout_seconds``.
        PrometheusError: Prometheus does not respond.
    """
    query = f"timestamp({build_up_query(spec)})"
    named = {job for job in plan_queries(spec).job_patterns if not job.startswith(_PATTERN_PREFIX)}
    # Detects the backend: VictoriaMetrics returns its newest samples only with a parameter.
    prometheus.fetch_version()
    start = clock()
    deadline = start + timeout_seconds
    while True:
        now = clock()
        targets = prometheus.query_instant(query, now).series
        times = [target.values[-1] for target in targets]
        missing = named - {escape_job_name(target.labels.get("job", "")) for target in targets}
        if times and min(times) > after and (not missing or now > start + MISSING_JOB_SECONDS):
            return max(times)
        if now > deadline:
            cause = f"the last scrape was {now - min(times):.0f} s ago" if times else f"{query} has no series"
            raise NoScrapeError(f"no scrape of the service within {timeout_seconds:.0f} s: {cause}")
        time.sleep(POLL_INTERVAL_SECONDS)


def await_closing_scrape(
    prometheus: PrometheusClient,
    spec: Spec,
    end: float,
    timeout_seconds: float,
    report_status: Callable[[str], None],
) -> None:
    """Wait for the scrape that closes a window which ended recently.

    A timeout is no error: the checks of the evidence report a missing scrape.
    """
    remaining_seconds = end + timeout_seconds - time.time()
    if remaining_seconds <= 0:
        return
    report_status("waiting for the scrape that closes the window")
    try:
        await_scrape(prometheus, spec, after=end, timeout_seconds=remaining_seconds)
    except (NoScrapeError, PrometheusError) as error:
        report_status(str(error))
