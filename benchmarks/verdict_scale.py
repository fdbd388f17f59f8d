"""How much time does evaluation add to fetching? Many objectives over many series, against bare requests."""

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

from benchmarks.sample_server import serve_samples
from slo.evaluation import evaluate
from slo.model import SLO, BudgetingMethod, EventsSLI, Objective, Outcome, PromQL, Spec, Window
from slo.prometheus import LOOKBACK_SECONDS, ConnectionSettings, PrometheusClient, gather_evidence
from slo.promql import plan_queries

SAMPLES_PER_SERIES = 40
FIRST_TIME = 1_700_000_000
WINDOW = Window(FIRST_TIME + 5.5, FIRST_TIME + 35.5)
MARGIN = 3.0


def main() -> None:
    """Measure and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objectives", type=int, default=1_000)
    parser.add_argument("--series", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    spec = _build_spec(options.objectives)
    samples = _generate_samples(options.objectives, options.series // options.objectives)
    with tempfile.TemporaryDirectory() as folder, serve_samples(Path(folder), samples) as url:
        print(f"{options.objectives} objectives over {options.series} series of {SAMPLES_PER_SERIES} samples")
        fetching, judging = [], []
        for _ in range(options.rounds):
            fetching.append(_measure_seconds(lambda: _fetch(url, spec)))
            judging.append(_measure_seconds(lambda: _judge(url, spec)))
        ratios = [judged / fetched for judged, fetched in zip(judging, fetching, strict=True)]
        print(f"bare requests {median(fetching):6.2f} s  ({min(fetching):.2f} to {max(fetching):.2f})")
        print(f"Proofload     {median(judging):6.2f} s  ({min(judging):.2f} to {max(judging):.2f})")
        print(f"ratio         {median(ratios):6.2f}    ({min(ratios):.2f} to {max(ratios):.2f})")
        print(f"peak memory   {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:6.0f} MB")


def _build_spec(objectives: int) -> Spec:
    return Spec(tuple(_build_slo(number) for number in range(objectives)))


def _build_slo(number: int) -> SLO:
    total = f'http_requests_total{{job="shop",service="s{number}"}}'
    bad = f'http_requests_total{{job="shop",service="s{number}",status="500"}}'
    return SLO(
        f"slo-{number}",
        "shop",
        EventsSLI(PromQL(total), bad=PromQL(bad)),
        BudgetingMethod.OCCURRENCES,
        28 * 86_400.0,
        (Objective("o", 0.99),),
    )


# --- Samples -------------------------------------------------------------------------------------


def _generate_samples(objectives: int, series_per_objective: int) -> Iterator[str]:
    yield "# TYPE http_requests_total counter\n"
    for service in range(objectives):
        for path in range(series_per_objective):
            yield from _generate_series(service, path)
    yield "# TYPE up gauge\n"
    yield from (
        f'up{{job="shop",instance="shop:80"}} 1 {FIRST_TIME + n}\n' for n in range(SAMPLES_PER_SERIES)
    )


def _generate_series(service: int, path: int) -> Iterator[str]:
    status = "500" if path == 0 else "200"
    labels = f'job="shop",instance="shop:80",service="s{service}",path="/p{path}",status="{status}"'
    step = 0 if path == 0 else 1 + path % 7
    for number in range(SAMPLES_PER_SERIES):
        yield f"http_requests_total{{{labels}}} {number * step} {FIRST_TIME + number}\n"


# --- Timed functions ----------------------------------------------------------------------------


def _measure_seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _fetch(url: str, spec: Spec) -> None:
    seconds = WINDOW.seconds + LOOKBACK_SECONDS + MARGIN
    with requests.Session() as session:
        for selector in plan_queries(spec).selectors:
            parameters = {"query": f"{selector}[{seconds:.0f}s]", "time": f"{WINDOW.end + MARGIN:.3f}"}
            session.get(f"{url}/api/v1/query", params=parameters, timeout=60).json()


def _judge(url: str, spec: Spec) -> None:
    with PrometheusClient(ConnectionSettings(url)) as prometheus:
        evidence = gather_evidence(prometheus, spec, WINDOW, now=WINDOW.end + 10, margin_seconds=MARGIN)
    verdict = evaluate(spec, evidence)
    if verdict.outcome is not Outcome.MET:
        sys.exit(f"verdict_scale: {verdict.outcome}, not MET: {verdict.objectives[0].detail}")
