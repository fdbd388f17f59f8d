"""What third-party services expose, scraped by every real server at hand: no false MET.

``.ci/backends FOLDER`` installs further servers; ``PROOFLOAD_BACKENDS=FOLDER`` includes them in the test.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from benchmarks.servers import VICTORIA_METRICS, find_servers, start_server
from proofload.stack import READY_TIMEOUT_SECONDS, ManagedProcess, await_scrape, find_free_ports
from slo.evaluation import evaluate
from slo.model import SLO, EventsSLI, Objective, ObjectiveVerdict, Outcome, PromQL, Reason, Spec, Window
from slo.prometheus import ConnectionSettings, PrometheusClient, gather_evidence
from tests.support.evidence import slo_of
from tests.support.prometheus_server import SAME_SCRAPE_SECONDS, MetricsPage, serve_page

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
SERVERS = find_servers()
EVENTS: SLO = slo_of(
    EventsSLI(PromQL("requests_total"), bad=PromQL('requests_total{code="500"}')), Objective("o", 0.98)
)
SPEC = Spec((EVENTS,))


@pytest.fixture(params=sorted(SERVERS))
def binary(request: pytest.FixtureRequest) -> Path:
    return SERVERS[request.param]


# --- Two workers without shared metrics ---------------------------------------------------------

APP = """\
from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, Counter, generate_latest

app = FastAPI()
requests_total = Counter("requests", "Requests.", ["code"])
served = 0


@app.get("/work")
def work() -> Response:
    global served
    served += 1
    code = 500 if served % 20 == 0 else 200
    requests_total.labels(str(code)).inc()
    return Response(status_code=code)


@app.get("/metrics")
def metrics() -> Response:
    # On a connection that stays open, each scrape would meet the same worker.
    return Response(generate_latest(), headers={"Connection": "close"}, media_type=CONTENT_TYPE_LATEST)
"""


@dataclass
class Service:
    """A service under test and the server that scrapes it."""

    url: str
    client: PrometheusClient

    def send_requests(self, number: int) -> None:
        """Send requests, each on a connection of its own, so that any worker may answer."""
        for _ in range(number):
            requests.get(f"{self.url}/work", timeout=10)


@pytest.fixture
def two_workers(tmp_path: Path, binary: Path) -> Iterator[Service]:
    (tmp_path / "two_workers.py").write_text(APP)
    (port,) = find_free_ports(1)
    command = [sys.executable, "-m", "uvicorn", "two_workers:app", "--workers=2", f"--port={port}"]
    with ExitStack() as running:
        options = ["--app-dir", str(tmp_path), "--no-access-log"]
        process = ManagedProcess("service", [*command, *options], tmp_path / "service.log")
        running.callback(process.stop)
        process.await_ready(f"http://127.0.0.1:{port}/metrics", READY_TIMEOUT_SECONDS)
        url = start_server(running, binary, tmp_path, {"shop": f"127.0.0.1:{port}"})
        client = running.enter_context(PrometheusClient(ConnectionSettings(url)))
        yield Service(f"http://127.0.0.1:{port}", client)


def test_two_workers_without_shared_metrics_are_never_met(two_workers: Service) -> None:
    """5 % of the requests fail, and 2 % are allowed."""
    two_workers.send_requests(40)
    await_scrape(two_workers.client, SPEC, after=time.time(), timeout_seconds=30)
    start = time.time()
    for _ in range(8):
        two_workers.send_requests(60)
        await_scrape(two_workers.client, SPEC, after=time.time(), timeout_seconds=30)
    verdict = judge(two_workers.client, Window(start, time.time()), SPEC)
    # MISSED if all scrapes happened to meet one worker.
    outcome = (verdict.outcome, verdict.reason)
    assert outcome in {(Outcome.UNDECIDED, Reason.MULTIPLE_PROCESSES), (Outcome.MISSED, None)}, verdict.detail


def judge(client: PrometheusClient, window: Window, spec: Spec) -> ObjectiveVerdict:
    """Judge the window after the scrape that closes it."""
    await_scrape(client, spec, after=window.end, timeout_seconds=30)
    evidence = gather_evidence(client, spec, window, now=time.time(), margin_seconds=30)
    (objective,) = evaluate(spec, evidence).objectives
    return objective


# --- Pages --------------------------------------------------------------------------------------

Page = Callable[[int, float], str]
"""The page of a step, 0 to 7, published at a time (Unix seconds)."""
STEPS = 8
STARTED_AT = int(time.time()) - 10_000


def steady(step: int, _: float) -> str:
    """100 requests each step, none of which fails."""
    return _format_counters(1_000 + 100 * step, 0)


def from_two_processes(step: int, _: float) -> str:
    """Two processes in turn; 3 of 60 requests fail."""
    worker, rounds = step % 2, step // 2
    counters = _format_counters((5_000 if worker else 4_000) + 57 * rounds, 3 * rounds)
    return f"{counters}process_start_time_seconds {STARTED_AT + 0.4 * worker}\n"


def fall_without_restart(step: int, _: float) -> str:
    """A counter that falls, while the start of the process stays the same."""
    return _format_counters(1_000 + 100 * (step % 4), 0) + f"process_start_time_seconds {STARTED_AT}\n"


def lag_behind(step: int, now: float) -> str:
    """Samples that are 10 s old, and failures in the last step alone."""
    stamp = int(1000 * (now - 10))
    return _format_counters(1_000 + 100 * step, 0 if step < STEPS - 1 else 90, stamp, stamp)


CHANGED_AT: list[float] = []


def stamp_last_change(step: int, now: float) -> str:
    """Failures with the time of their last change: 10 minutes ago, and once in the window."""
    CHANGED_AT.append(now)
    changed_at = CHANGED_AT[4] if step >= 4 else CHANGED_AT[0] - 600
    return _format_counters(1_000 + 100 * step, 5_000 + (step >= 4), failed_at=int(1000 * changed_at))


def _format_counters(good: int, bad: int, at: int | str = "", failed_at: int | str = "") -> str:
    return f'requests_total{{code="200"}} {good} {at}\nrequests_total{{code="500"}} {bad} {failed_at}\n'


@dataclass(frozen=True)
class Source:
    """The pages of a job, and the expected outcome, reason, and numbers of bad and of all events."""

    make_page: Page
    outcome: Outcome
    reason: Reason | None = None
    counts: tuple[float, float] | None = None
    text: str = ""
    """What is wrong with the job."""


SOURCES = {
    "steady": Source(steady, Outcome.MET, counts=(0, 700)),
    "twice": Source(
        steady, Outcome.UNDECIDED, Reason.QUERY_FAILED, text="a real server scrapes one address by two jobs"
    ),
    "two_processes": Source(
        from_two_processes,
        Outcome.UNDECIDED,
        Reason.MULTIPLE_PROCESSES,
        text="two processes answer the scrapes of a real server in turn",
    ),
    "fall_without_restart": Source(
        fall_without_restart,
        Outcome.UNDECIDED,
        Reason.MULTIPLE_PROCESSES,
        text="on a real server, a counter falls while the process start stays the same",
    ),
    "lag_behind": Source(
        lag_behind,
        Outcome.UNDECIDED,
        Reason.SCRAPE_GAP,
        text="a real server stores samples that are 10 s old",
    ),
    "last_change": Source(
        stamp_last_change,
        Outcome.MET,
        counts=(1, 701),
        text="a real server stores failures with the time of their last change",
    ),
}
"""By the name of the job; the target of ``twice`` has a second job."""
STAMPS_IGNORED = Source(lag_behind, Outcome.MISSED, counts=(90, 790))
"""VictoriaMetrics ignores the times of an exporter by default."""


@pytest.fixture(scope="module", params=sorted(SERVERS))
def verdicts(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, dict[str, ObjectiveVerdict]]]:
    """Let one server scrape all pages at once; return its binary and the verdicts by job."""
    binary, folder = SERVERS[request.param], tmp_path_factory.mktemp("sources")
    CHANGED_AT.clear()
    with ExitStack() as running:
        pages = {job: running.enter_context(serve_page()) for job in SOURCES}
        targets = {job: f"127.0.0.1:{page.server_address[1]}" for job, page in pages.items()}
        targets["again"] = targets["twice"]
        url = start_server(running, binary, folder, targets)
        client = running.enter_context(PrometheusClient(ConnectionSettings(url)))
        times = [_publish_step(client, pages, step, jobs=len(targets)) for step in range(STEPS)]
        window = Window(max(times[0]) + 0.01, min(times[-1]) - 0.01)
        await_scrape(client, Spec(()), after=window.end, timeout_seconds=30)
        yield binary, {job: judge(client, window, _make_spec(job)) for job in SOURCES}


def _publish_step(
    client: PrometheusClient, pages: dict[str, MetricsPage], step: int, *, jobs: int
) -> list[float]:
    """Set the pages of all jobs and wait for a scrape of each; return the times of these scrapes."""
    for job, page in pages.items():
        page.text = SOURCES[job].make_page(step, time.time())
    after, deadline = time.time() + SAME_SCRAPE_SECONDS, time.monotonic() + 30
    client.fetch_version()  # detects the backend: some delay recent samples
    while True:
        series = client.query_instant("timestamp(up)", time.time()).series
        times = [item.values[-1] for item in series if item.values[-1] > after]
        if len(times) == jobs:
            return times
        assert time.monotonic() < deadline, "not all jobs were scraped"
        time.sleep(0.1)


def _make_spec(job: str) -> Spec:
    jobs = f'job=~"{job}|again"' if job == "twice" else f'job="{job}"'
    sli = EventsSLI(PromQL(f"requests_total{{{jobs}}}"), bad=PromQL(f'requests_total{{{jobs},code="500"}}'))
    return Spec((slo_of(sli, Objective("o", 0.98)),))


@pytest.mark.parametrize("job", SOURCES)
def test_the_verdict_on_the_pages_of_a_job(
    job: str, verdicts: tuple[Path, dict[str, ObjectiveVerdict]]
) -> None:
    binary, by_job = verdicts
    ignores_stamps = binary.name == VICTORIA_METRICS and job == "lag_behind"
    expected = STAMPS_IGNORED if ignores_stamps else SOURCES[job]
    verdict = by_job[job]
    assert (verdict.outcome, verdict.reason) == (expected.outcome, expected.reason), verdict.detail
    if expected.counts:
        assert (verdict.bad, verdict.total) == expected.counts
    if job == "twice":
        assert "the jobs 'again' and 'twice' scrape the same target" in verdict.detail
