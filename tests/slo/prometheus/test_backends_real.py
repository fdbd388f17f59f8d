"""The same scrapes give the same counts and verdicts on every backend.

``.ci/backends FOLDER`` installs further servers; ``PROOFLOAD_BACKENDS=FOLDER`` includes them in the test.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from benchmarks.servers import find_servers, start_server
from slo.evaluation import evaluate
from slo.model import (
    EventsSLI,
    HistogramQuantile,
    Objective,
    Op,
    Outcome,
    PromQL,
    Spec,
    ThresholdSLI,
    Verdict,
    Window,
)
from slo.prometheus.client import PrometheusClient
from slo.prometheus.connection import ConnectionSettings
from slo.prometheus.evidence_gathering import gather_evidence
from tests.support.evidence import slo_of
from tests.support.prometheus_server import ScrapedPrometheus, serve_page

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def page(ok: int, failed: int | None, fast: int, slow: int, started_at: int) -> str:
    """Return the service's metrics page; ``None`` for failures: there is no such series."""
    errors = "" if failed is None else f'requests_total{{status="500"}} {failed}\n'
    return (
        f'requests_total{{status="200"}} {ok}\n{errors}# TYPE wait_seconds histogram\n'
        f'wait_seconds_bucket{{le="0.1"}} {fast}\nwait_seconds_bucket{{le="1"}} {fast + slow}\n'
        f'wait_seconds_bucket{{le="+Inf"}} {fast + slow}\nwait_seconds_sum 1\n'
        f"wait_seconds_count {fast + slow}\nprocess_start_time_seconds {started_at}\n"
    )


PAGES = {
    "before": page(1_000, None, 900, 100, 1),
    "load": page(1_400, None, 1_280, 120, 1),
    "the first failures": page(1_495, 5, 1_370, 130, 1),
    "a restart": page(300, 2, 290, 12, 1_000),
    "load after the restart": page(500, 2, 480, 22, 1_000),
}
"""400 + 95 + 300 + 200 successes and 5 + 2 failures; 380 + 90 + 290 + 190 fast responses of 1,002."""
GOOD, BAD, FAST, WAITS = 995, 7, 950, 1_002
EVENTS = slo_of(
    EventsSLI(PromQL("requests_total"), bad=PromQL('requests_total{status="500"}')), Objective("o", 0.995)
)
SLOW = slo_of(ThresholdSLI(HistogramQuantile("wait_seconds", 0.9)), Objective("o", 0.9, Op.LTE, 0.1))
WITHIN_1_S = slo_of(
    EventsSLI(PromQL("wait_seconds_count"), good=PromQL('wait_seconds_bucket{le="1"}')), Objective("o", 0.9)
)
"""Prometheus 3 stores that bound as 1.0."""
SPEC = Spec((EVENTS, SLOW, WITHIN_1_S))
AS_NATIVE = "convert_classic_histograms_to_nhcb: true"


@dataclass(frozen=True)
class ServerVerdict:
    """The verdict on the samples of one server."""

    name: str
    version: str
    verdict: Verdict


@pytest.fixture(scope="module")
def server_verdicts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[ServerVerdict]]:
    """Let every server scrape the same pages, one after the other."""
    binaries = find_servers()
    if not binaries:
        pytest.skip("no server: neither a Prometheus nor PROOFLOAD_BACKENDS")
    with ExitStack() as running:
        metrics_page = running.enter_context(serve_page())
        servers: dict[str, ScrapedPrometheus] = {}
        for name, binary in binaries.items():
            target = f"127.0.0.1:{metrics_page.server_address[1]}"
            url = start_server(running, binary, tmp_path_factory.mktemp(name), {"shop": target})
            api = running.enter_context(PrometheusClient(ConnectionSettings(url)))
            if api.fetch_version().startswith("3."):
                native = start_server(
                    running, binary, tmp_path_factory.mktemp(name), {"shop": target}, AS_NATIVE
                )
                other = running.enter_context(PrometheusClient(ConnectionSettings(native)))
                servers[f"{name}, native histograms"] = ScrapedPrometheus(other, metrics_page)
            servers[name] = ScrapedPrometheus(api, metrics_page)
        times = [[server.publish(text, SPEC) for server in servers.values()] for text in PAGES.values()]
        window = Window(max(times[0]) + 0.01, min(times[-1]) - 0.01)
        yield [
            ServerVerdict(
                name, server.client.fetch_version(), _evaluate(server.client, window, max(times[-1]))
            )
            for name, server in servers.items()
        ]


def _evaluate(api: PrometheusClient, window: Window, last: float) -> Verdict:
    evidence = gather_evidence(api, SPEC, window, now=last + 1, margin_seconds=last - window.end + 1)
    return evaluate(SPEC, evidence)


def test_every_server_has_the_counts_of_the_service(server_verdicts: list[ServerVerdict]) -> None:
    rows = []
    for server in server_verdicts:
        events, slow, within = server.verdict.objectives
        counts = (events.good, events.bad, slow.good, slow.total, within.good, within.total)
        rows.append((server.name, server.version, *counts))
        assert counts == (GOOD, BAD, FAST, WAITS, WAITS, WAITS), rows[-1]
    print(*rows, sep="\n")  # noqa: T201 - shown by pytest -s


def test_every_server_has_the_same_verdicts(server_verdicts: list[ServerVerdict]) -> None:
    outcomes = {
        server.name: [objective.outcome for objective in server.verdict.objectives]
        for server in server_verdicts
    }
    assert set(map(tuple, outcomes.values())) == {(Outcome.MISSED, Outcome.MET, Outcome.MET)}, outcomes
