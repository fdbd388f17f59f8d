"""What does a week cost? A window of seven days of a 1 s scrape, judged: time and memory."""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.kept_samples import kept
from slo.evaluation.evaluate import evaluate
from slo.model import SLO, Budgeting, EventsSLI, Objective, PromQL, Spec, Window
from slo.prometheus.client import Prometheus
from slo.prometheus.connection import Connection
from slo.prometheus.evidence_gathering import gather

FIRST = 1_700_000_000
DAY_SECONDS = 86_400
MARGIN = 5.0
TOTAL, FAILED = 'requests_total{job="shop"}', 'requests_total{job="shop",status="500"}'
SPEC = Spec(
    (
        SLO(
            "errors",
            "shop",
            EventsSLI(PromQL(TOTAL), bad=PromQL(FAILED)),
            Budgeting.OCCURRENCES,
            28.0 * DAY_SECONDS,
            (Objective("o", 0.999),),
        ),
    )
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--series", type=int, default=4, help="Of the counter; one of them counts failures.")
    options = parser.parse_args()
    seconds = options.days * DAY_SECONDS
    with (
        tempfile.TemporaryDirectory() as folder,
        kept(Path(folder), _samples(seconds, options.series)) as url,
    ):
        before = _memory()
        window = Window(FIRST + 10.5, FIRST + seconds - 10.5)
        begin = time.perf_counter()
        with Prometheus(Connection(url)) as prometheus:
            evidence = gather(prometheus, SPEC, window, now=window.end + 10, margin=MARGIN)
        gathered = time.perf_counter()
        (found,) = evaluate(SPEC, evidence).objectives
        judged = time.perf_counter()
    inside = seconds - 20
    if (found.total, found.bad) != (inside * (options.series - 1) + inside // 1000, inside // 1000):
        sys.exit(f"verdict_week: counted {found.bad} of {found.total}: {found.detail}")
    samples = sum(len(one.times) for result in evidence.results.values() for one in result.series)
    print(f"{options.days} days of a 1 s scrape, {samples:,} samples")
    print(f"{found.outcome}: {found.bad:,.0f} of {found.total:,.0f} bad")
    print(f"gathered in {gathered - begin:.1f} s, judged in {judged - gathered:.1f} s")
    print(f"memory {before:.0f} MB before, at most {_memory():.0f} MB")


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _samples(seconds: int, series: int) -> Iterator[str]:
    yield "# TYPE requests_total counter\n"
    for place in range(series):
        status = 500 if place == 0 else 200
        labels = f'job="shop",instance="shop:80",path="/p{place}",status="{status}"'
        for number in range(seconds):
            count = number // 1000 if place == 0 else number
            yield f"requests_total{{{labels}}} {count} {FIRST + number}\n"
    yield "# TYPE up gauge\n"
    yield from (f'up{{job="shop",instance="shop:80"}} 1 {FIRST + number}\n' for number in range(seconds))
