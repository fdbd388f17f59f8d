"""Waits for scrapes, so that the edges of a run's window hold no traffic."""

from __future__ import annotations

import time
from collections.abc import Callable

from slo.model import Spec
from slo.prometheus.client import Prometheus, PrometheusError
from slo.promql.query_plan import UP, exactly, of_jobs, plan

POLL_SECONDS = 0.1
MISSING_SECONDS = 15.0
"""How long a job may lack its first scrape when others have theirs: Prometheus takes up what it discovers
every 5 s, and each job's first scrape has a delay of its own. A job that is missing longer is not there."""


_PATTERN = "(?:"
"""How :attr:`slo.queries.Plan.jobs` begins what is no exact name."""


class NoScrapeError(Exception):
    """Prometheus did not scrape the service in time."""


def up_query(spec: Spec) -> str:
    """Select ``up`` of the jobs that the spec names; without a name, of every target."""
    jobs = plan(spec).jobs
    return str(of_jobs(UP, jobs)) if jobs else UP


def await_scrape(
    prometheus: Prometheus,
    spec: Spec,
    *,
    after: float,
    deadline_seconds: float,
    clock: Callable[[], float] = time.time,
) -> float:
    """Wait until every target of the spec was scraped after a moment; give the last scrape's time.

    A scrape that failed counts too: it says that the target is down. A job that the spec names and that was
    never scraped is waited for, too, but not as long.

    Raises:
        NoScrapeError: there was none within the deadline.
        PrometheusError: Prometheus does not answer.
    """
    query = f"timestamp({up_query(spec)})"
    named = {job for job in plan(spec).jobs if not job.startswith(_PATTERN)}
    prometheus.version()  # learns the backend: VictoriaMetrics shows its newest samples only when asked to
    begin = clock()
    give_up = begin + deadline_seconds
    while True:
        now = clock()
        series = prometheus.value(query, now).series
        times = [one.values[-1] for one in series]
        missing = named - {exactly(one.labels.get("job", "")) for one in series}
        if times and min(times) > after and (not missing or now > begin + MISSING_SECONDS):
            return max(times)
        if now > give_up:
            seen = f"the last scrape was {now - min(times):.0f} s ago" if times else f"{query} has no series"
            raise NoScrapeError(f"no scrape of the service within {deadline_seconds:.0f} s: {seen}")
        time.sleep(POLL_SECONDS)


def await_closing_scrape(
    prometheus: Prometheus, spec: Spec, end: float, patience_seconds: float, say: Callable[[str], None]
) -> None:
    """Wait for the scrape that closes a window which ended just now, so that nothing of it is unseen.

    Gives up without an error: the evidence will say what is missing.
    """
    waiting = end + patience_seconds - time.time()
    if waiting <= 0:
        return
    say("waiting for the scrape that closes the window")
    try:
        await_scrape(prometheus, spec, after=end, deadline_seconds=waiting)
    except (NoScrapeError, PrometheusError) as error:
        say(str(error))
