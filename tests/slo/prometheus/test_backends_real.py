"""The same scrapes, the same counts and verdicts, whichever server kept them.

``.ci/backends FOLDER`` brings further servers; ``PROOFLOAD_BACKENDS=FOLDER`` takes them in.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from benchmarks.servers import known, start
from slo.evaluation.evaluate import evaluate
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
from slo.prometheus.client import Prometheus
from slo.prometheus.connection import Connection
from slo.prometheus.evidence_gathering import gather
from tests.support.evidence import slo_of
from tests.support.prometheus_server import Scraped, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def page(ok: int, failed: int | None, fast: int, slow: int, began: int) -> str:
    """Write what the service shows; without a failure there is no series of them."""
    errors = "" if failed is None else f'requests_total{{status="500"}} {failed}\n'
    return (
        f'requests_total{{status="200"}} {ok}\n{errors}# TYPE wait_seconds histogram\n'
        f'wait_seconds_bucket{{le="0.1"}} {fast}\nwait_seconds_bucket{{le="1"}} {fast + slow}\n'
        f'wait_seconds_bucket{{le="+Inf"}} {fast + slow}\nwait_seconds_sum 1\n'
        f"wait_seconds_count {fast + slow}\nprocess_start_time_seconds {began}\n"
    )


PAGES = {
    "before": page(1_000, None, 900, 100, 1),
    "load": page(1_400, None, 1_280, 120, 1),
    "the first failures are born": page(1_495, 5, 1_370, 130, 1),
    "the service began anew": page(300, 2, 290, 12, 2),
    "load again": page(500, 2, 480, 22, 2),
}
"""400 + 95 + 300 + 200 answers and 5 + 2 failures; 380 + 90 + 290 + 190 fast ones of 1,002."""
GOOD, BAD, FAST, WAITS = 995, 7, 950, 1_002
EVENTS = slo_of(
    EventsSLI(PromQL("requests_total"), bad=PromQL('requests_total{status="500"}')), Objective("o", 0.995)
)
SLOW = slo_of(ThresholdSLI(HistogramQuantile("wait_seconds", 0.9)), Objective("o", 0.9, Op.LTE, 0.1))
WITHIN_1_S = slo_of(
    EventsSLI(PromQL("wait_seconds_count"), good=PromQL('wait_seconds_bucket{le="1"}')), Objective("o", 0.9)
)
"""Prometheus 3 keeps that bound as 1.0."""
SPEC = Spec((EVENTS, SLOW, WITHIN_1_S))
AS_NATIVE = "convert_classic_histograms_to_nhcb: true"


@dataclass(frozen=True)
class Judged:
    """What one server's samples come to."""

    name: str
    version: str
    verdict: Verdict


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Judged]]:
    """Show every server the same pages, each until all have scraped it."""
    found = known()
    if not found:
        pytest.skip("there is no server: neither a Prometheus nor PROOFLOAD_BACKENDS")
    with ExitStack() as running:
        shown = running.enter_context(serving())
        watched: dict[str, Scraped] = {}
        for name, binary in found.items():
            target = f"127.0.0.1:{shown.server_address[1]}"
            url = start(running, binary, tmp_path_factory.mktemp(name), "shop", target)
            api = running.enter_context(Prometheus(Connection(url)))
            if api.version().startswith("3."):
                native = start(running, binary, tmp_path_factory.mktemp(name), "shop", target, AS_NATIVE)
                other = running.enter_context(Prometheus(Connection(native)))
                watched[f"{name}, native histograms"] = Scraped(other, shown)
            watched[name] = Scraped(api, shown)
        times = [[one.show(text, SPEC) for one in watched.values()] for text in PAGES.values()]
        window = Window(max(times[0]) + 0.01, min(times[-1]) - 0.01)
        yield [
            Judged(name, one.api.version(), _verdict(one.api, window, max(times[-1])))
            for name, one in watched.items()
        ]


def _verdict(api: Prometheus, window: Window, last: float) -> Verdict:
    evidence = gather(api, SPEC, window, now=last + 1, margin=last - window.end + 1)
    return evaluate(SPEC, evidence)


def test_every_server_gives_the_counts_of_the_service(judged: list[Judged]) -> None:
    rows = []
    for one in judged:
        events, slow, within = one.verdict.objectives
        counts = (events.good, events.bad, slow.good, slow.total, within.good, within.total)
        rows.append((one.name, one.version, *counts))
        assert counts == (GOOD, BAD, FAST, WAITS, WAITS, WAITS), rows[-1]
    print(*rows, sep="\n")  # noqa: T201 - seen with -s


def test_every_server_leads_to_the_same_verdicts(judged: list[Judged]) -> None:
    outcomes = {one.name: [o.outcome for o in one.verdict.objectives] for one in judged}
    assert set(map(tuple, outcomes.values())) == {(Outcome.MISSED, Outcome.MET, Outcome.MET)}, outcomes
