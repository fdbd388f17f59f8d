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
from tests.support.prometheus_server import MetricsPage, ScrapedPrometheus, serve_page

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
        url = start_server(running, binary, tmp_path, "shop", f"127.0.0.1:{port}")
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
    verdict = judge(two_workers.client, Window(start, time.time()))
    # MISSED if all scrapes happened to meet one worker.
    outcome = (verdict.outcome, verdict.reason)
    assert outcome in {(Outcome.UNDECIDED, Reason.MULTIPLE_PROCESSES), (Outcome.MISSED, None)}, verdict.detail


def judge(client: PrometheusClient, window: Window) -> ObjectiveVerdict:
    """Judge the window after the scrape that closes it."""
    await_scrape(client, SPEC, after=window.end, timeout_seconds=30)
    evidence = gather_evidence(client, SPEC, window, now=time.time(), margin_seconds=30)
    (objective,) = evaluate(SPEC, evidence).objectives
    return objective


# --- Pages --------------------------------------------------------------------------------------

Page = Callable[[int, float], str]
"""The page of a step, 0 to 7, published at a time (Unix seconds)."""
STARTED_AT = int(time.time()) - 10_000


def steady(step: int, _: float) -> str:
    """100 requests each step, none of which fails."""
    return _format_counters(1_000 + 100 * step, 0)


def from_two_processes(step: int, _: float) -> str:
    """Two processes in turn; 3 of 60 requests fail."""
    worker, requests_sent = step % 2, step // 2
    counters = _format_counters((5_000 if worker else 4_000) + 57 * requests_sent, 3 * requests_sent)
    return f"{counters}process_start_time_seconds {STARTED_AT + 0.4 * worker}\n"


def fall_without_restart(step: int, _: float) -> str:
    """A counter that falls, while the start of the process stays the same."""
    return _format_counters(1_000 + 100 * (step % 4), 0) + f"process_start_time_seconds {STARTED_AT}\n"


def lag_behind(step: int, now: float) -> str:
    """Samples that are 10 s old, and failures in the last step alone."""
    stamp = int(1000 * (now - 10))
    return _format_counters(1_000 + 100 * step, 0 if step < 7 else 90, stamp, stamp)


def stamp_last_change(step: int, now: float) -> str:
    """Failures with the time of their last change: 10 minutes ago, and once in the window."""
    if step == 4:
        CHANGES.append(now)
    changed_at = CHANGES[-1] if step >= 4 else now - 600 - step
    return _format_counters(1_000 + 100 * step, 5_000 + (step >= 4), failed_at=int(1000 * changed_at))


CHANGES: list[float] = []


def _format_counters(good: int, bad: int, at: int | str = "", failed_at: int | str = "") -> str:
    return f'requests_total{{code="200"}} {good} {at}\nrequests_total{{code="500"}} {bad} {failed_at}\n'


PAGES: dict[str, tuple[Page, Outcome, Reason | None]] = {
    "a steady service": (steady, Outcome.MET, None),
    "two processes in turn": (from_two_processes, Outcome.UNDECIDED, Reason.MULTIPLE_PROCESSES),
    "a counter that falls without a restart": (
        fall_without_restart,
        Outcome.UNDECIDED,
        Reason.MULTIPLE_PROCESSES,
    ),
    "samples that lag 10 s behind": (lag_behind, Outcome.UNDECIDED, Reason.SCRAPE_GAP),
    "failures with the time of their last change": (stamp_last_change, Outcome.MET, None),
}


@pytest.mark.parametrize("name", PAGES)
def test_the_verdict_on_a_page(name: str, binary: Path, tmp_path: Path) -> None:
    make_page, outcome, reason = PAGES[name]
    if make_page is lag_behind and binary.name == VICTORIA_METRICS:  # it ignores the stamps by default
        outcome, reason = Outcome.MISSED, None
    with ExitStack() as running:
        page = running.enter_context(serve_page())
        verdict = observe(
            running, page, make_page, start_server(running, binary, tmp_path, "shop", address(page))
        )
    assert (verdict.outcome, verdict.reason) == (outcome, reason), verdict.detail
    if outcome is Outcome.MET:
        assert (verdict.bad, verdict.total) == ((1, 701) if make_page is stamp_last_change else (0, 700))


def address(page: MetricsPage) -> str:
    return f"127.0.0.1:{page.server_address[1]}"


def observe(
    running: ExitStack, page: MetricsPage, make_page: Page, url: str, *, jobs: int = 1
) -> ObjectiveVerdict:
    """Publish the pages of eight steps, each for a scrape at least, and judge from the first to the last."""
    client = running.enter_context(PrometheusClient(ConnectionSettings(url)))
    prometheus = ScrapedPrometheus(client, page)
    client.fetch_version()  # detects the backend: some delay recent samples
    deadline = time.monotonic() + 30
    while len(client.query_instant("up", time.time()).series) < jobs:
        assert time.monotonic() < deadline, "not all jobs were scraped"
        time.sleep(0.1)
    times = [prometheus.publish(make_page(step, time.time()), SPEC) for step in range(8)]
    return judge(client, Window(times[0] + 0.01, times[-1] - 0.01))


def test_a_target_that_two_jobs_scrape_is_undecided(binary: Path, tmp_path: Path) -> None:
    with ExitStack() as running:
        page = running.enter_context(serve_page())
        settings = f'- {{job_name: again, static_configs: [{{targets: ["{address(page)}"]}}]}}'
        url = start_server(running, binary, tmp_path, "shop", address(page), more_jobs=settings)
        verdict = observe(running, page, steady, url, jobs=2)
    assert (verdict.outcome, verdict.reason) == (Outcome.UNDECIDED, Reason.QUERY_FAILED)
    assert "the jobs 'again' and 'shop' scrape the same target" in verdict.detail
