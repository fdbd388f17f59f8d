"""What does judging add to fetching? Many objectives over many series, beside bare requests for the same."""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import requests

from benchmarks.kept_samples import kept
from slo.evaluation.evaluate import evaluate
from slo.model import SLO, Budgeting, EventsSLI, Objective, Outcome, PromQL, Spec, Window
from slo.prometheus.client import Prometheus
from slo.prometheus.connection import Connection
from slo.prometheus.evidence_gathering import LOOKBACK_SECONDS, gather
from slo.promql.query_plan import plan

SAMPLES = 40
FIRST = 1_700_000_000
WINDOW = Window(FIRST + 5.5, FIRST + 35.5)
MARGIN = 3.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objectives", type=int, default=1_000)
    parser.add_argument("--series", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    spec = _spec(options.objectives)
    each = options.series // options.objectives
    with (
        tempfile.TemporaryDirectory() as folder,
        kept(Path(folder), _samples(options.objectives, each)) as url,
    ):
        print(f"{options.objectives} objectives over {options.series} series of {SAMPLES} samples")
        bare, ours = [], []
        for _ in range(options.rounds):
            bare.append(_timed(lambda: _fetch(url, spec)))
            ours.append(_timed(lambda: _judge(url, spec)))
        ratios = [own / plain for own, plain in zip(ours, bare, strict=True)]
        print(f"bare requests {median(bare):6.2f} s  ({min(bare):.2f} to {max(bare):.2f})")
        print(f"Proofload     {median(ours):6.2f} s  ({min(ours):.2f} to {max(ours):.2f})")
        print(f"ratio         {median(ratios):6.2f}    ({min(ratios):.2f} to {max(ratios):.2f})")
        print(f"most memory   {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:6.0f} MB")


def _spec(objectives: int) -> Spec:
    return Spec(tuple(_slo(number) for number in range(objectives)))


def _slo(number: int) -> SLO:
    total = f'http_requests_total{{job="shop",service="s{number}"}}'
    bad = f'http_requests_total{{job="shop",service="s{number}",status="500"}}'
    return SLO(
        f"slo-{number}",
        "shop",
        EventsSLI(PromQL(total), bad=PromQL(bad)),
        Budgeting.OCCURRENCES,
        28 * 86_400.0,
        (Objective("o", 0.99),),
    )


# --- The samples ---------------------------------------------------------------------------------


def _samples(objectives: int, each: int) -> Iterator[str]:
    yield "# TYPE http_requests_total counter\n"
    for service in range(objectives):
        for path in range(each):
            yield from _lines(service, path)
    yield "# TYPE up gauge\n"
    yield from (f'up{{job="shop",instance="shop:80"}} 1 {FIRST + n}\n' for n in range(SAMPLES))


def _lines(service: int, path: int) -> Iterator[str]:
    status = "500" if path == 0 else "200"
    labels = f'job="shop",instance="shop:80",service="s{service}",path="/p{path}",status="{status}"'
    step = 0 if path == 0 else 1 + path % 7
    for number in range(SAMPLES):
        yield f"http_requests_total{{{labels}}} {number * step} {FIRST + number}\n"


# --- What is timed ------------------------------------------------------------------------------


def _timed(work: Callable[[], None]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _fetch(url: str, spec: Spec) -> None:
    seconds = WINDOW.seconds + LOOKBACK_SECONDS + MARGIN
    with requests.Session() as session:
        for selector in plan(spec).selectors:
            parameters = {"query": f"{selector}[{seconds:.0f}s]", "time": f"{WINDOW.end + MARGIN:.3f}"}
            session.get(f"{url}/api/v1/query", params=parameters, timeout=60).json()


def _judge(url: str, spec: Spec) -> None:
    with Prometheus(Connection(url)) as prometheus:
        evidence = gather(prometheus, spec, WINDOW, now=WINDOW.end + 10, margin=MARGIN)
    verdict = evaluate(spec, evidence)
    if verdict.outcome is not Outcome.MET:
        sys.exit(f"verdict_scale: {verdict.outcome}, not MET: {verdict.objectives[0].detail}")
