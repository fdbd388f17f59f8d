"""How much time and memory does a window of seven days take, at a scrape interval of 1 s?"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.sample_server import serve_samples
from slo.evaluation import evaluate
from slo.model import SLO, BudgetingMethod, EventsSLI, Objective, PromQL, Spec, Window
from slo.prometheus import ConnectionSettings, PrometheusClient, gather_evidence

FIRST_TIME = 1_700_000_000
DAY_SECONDS = 86_400
MARGIN = 5.0
TOTAL, FAILED = 'requests_total{job="shop"}', 'requests_total{job="shop",status="500"}'
SPEC = Spec(
    (
        SLO(
            "errors",
            "shop",
            EventsSLI(PromQL(TOTAL), bad=PromQL(FAILED)),
            BudgetingMethod.OCCURRENCES,
            28.0 * DAY_SECONDS,
            (Objective("o", 0.999),),
        ),
    )
)


def main() -> None:
    """Measure and print time and memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument(
        "--series", type=int, default=4, help="Series of the counter, one of them for failures."
    )
    options = parser.parse_args()
    seconds = options.days * DAY_SECONDS
    generated = _generate_samples(seconds, options.series)
    with tempfile.TemporaryDirectory() as folder, serve_samples(Path(folder), generated) as url:
        before = _measure_memory()
        window = Window(FIRST_TIME + 10.5, FIRST_TIME + seconds - 10.5)
        start = time.perf_counter()
        with PrometheusClient(ConnectionSettings(url)) as prometheus:
            evidence = gather_evidence(prometheus, SPEC, window, now=window.end + 10, margin_seconds=MARGIN)
        gathered_at = time.perf_counter()
        (objective,) = evaluate(SPEC, evidence).objectives
        judged_at = time.perf_counter()
    inside = seconds - 20
    if (objective.total, objective.bad) != (inside * (options.series - 1) + inside // 1000, inside // 1000):
        sys.exit(f"verdict_week: counted {objective.bad} of {objective.total}: {objective.detail}")
    samples = sum(len(series.times) for result in evidence.results.values() for series in result.series)
    print(f"{options.days} days of a 1 s scrape, {samples:,} samples")
    print(f"{objective.outcome}: {objective.bad:,.0f} of {objective.total:,.0f} bad")
    print(f"gathered in {gathered_at - start:.1f} s, judged in {judged_at - gathered_at:.1f} s")
    print(f"memory {before:.0f} MB before, at most {_measure_memory():.0f} MB")


def _measure_memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _generate_samples(seconds: int, series: int) -> Iterator[str]:
    yield "# TYPE requests_total counter\n"
    for path in range(series):
        status = 500 if path == 0 else 200
        labels = f'job="shop",instance="shop:80",path="/p{path}",status="{status}"'
        for second in range(seconds):
            count = second // 1000 if path == 0 else second
            yield f"requests_total{{{labels}}} {count} {FIRST_TIME + second}\n"
    yield "# TYPE up gauge\n"
    yield from (f'up{{job="shop",instance="shop:80"}} 1 {FIRST_TIME + second}\n' for second in range(seconds))
