"""Series whose samples carry times of their own, targets without ``up``, and targets of several intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import pytest

from slo.counting import EvidenceReader
from slo.evaluation import evaluate
from slo.model import (
    SLO,
    UP_KEY,
    EventsSLI,
    Evidence,
    Objective,
    ObjectiveVerdict,
    Outcome,
    PromQL,
    Reason,
    Series,
    Window,
)
from tests.support.evidence import (
    ALL,
    ERRORS,
    FAULTY,
    OK,
    availability_slo,
    bucket_samples,
    latency_slo,
    make_evidence,
    slo_of,
    spec_of,
)

Restamp = Callable[[Series], Series]


def lag(seconds: float) -> Restamp:
    """Stamp each sample some seconds before its scrape."""
    return lambda series: replace(series, times=tuple(time - seconds for time in series.times))


def stamp(*samples: tuple[float, float]) -> Restamp:
    """Give a series these samples (time, value)."""
    return lambda series: replace(
        series, times=tuple(time for time, _ in samples), values=tuple(value for _, value in samples)
    )


@dataclass(frozen=True)
class Case:
    """Samples, how the times of some series differ, and the expected outcome or reason.

    The window is 100 s to 160 s; scrapes are at 95, 105, … 165 s.
    """

    samples: Mapping[str, str]
    restamp: Mapping[str, Restamp]
    expected: Outcome | Reason
    fields: Mapping[str, object] = field(default_factory=dict)

    def judge(self) -> ObjectiveVerdict:
        (objective,) = evaluate(spec_of(availability_slo()), self.make()).objectives
        return objective

    def make(self) -> Evidence:
        evidence = make_evidence(spec_of(availability_slo()), self.samples)
        results = {
            key: replace(result, series=tuple(map(self._restamp_series, result.series)))
            for key, result in evidence.results.items()
        }
        return replace(evidence, results=results)

    def _restamp_series(self, series: Series) -> Series:
        for status, restamp in self.restamp.items():
            if series.labels.get("status") == status:
                return restamp(series)
        return series


LATE = lag(10.5)
CASES = {
    "all series lag behind, and none has a sample after the window": Case(
        {OK: "0+100x6 600", FAULTY: "0x6 50"}, {"200": LATE, "500": LATE}, Reason.SCRAPE_GAP
    ),
    "all series lag behind, and each is closed by its own sample": Case(
        {OK: "0 100 200 300 400 500 600 600 600", FAULTY: "0 0 0 0 0 0 50 90 90", "up": "1x8"},
        {"200": LATE, "500": LATE},
        Outcome.MISSED,
        {"bad": 90, "total": 590},
    ),
    "failures that appear in a series that lags behind are not known to be new": Case(
        {OK: "0+100x9", FAULTY: "_x6 50 50 50", "up": "1x9"},
        {"200": LATE, "500": LATE},
        Reason.SCRAPE_GAP,
    ),
    "failures with the time of their last change, unchanged since long before": Case(
        {OK: "0+100x7", FAULTY: "5000x7"},
        {"500": stamp((20, 5000.0))},
        Outcome.MET,
        {"bad": 0, "total": 700},
    ),
    "failures with the time of their last change, which is in the window": Case(
        {OK: "0+100x7", FAULTY: "5000x7"},
        {"500": stamp((20, 5000.0), (118.5, 5001.0))},
        Outcome.MET,
        {"bad": 1, "total": 701},
    ),
    "failures with the time of their last change, without any before the window": Case(
        {OK: "0+100x7", FAULTY: "5000x7"}, {"500": stamp((118.5, 5001.0))}, Reason.SCRAPE_GAP
    ),
    "failures with the time of their last change, which was after the window": Case(
        {OK: "0+100x7", FAULTY: "5000x7"},
        {"500": stamp((20, 5000.0), (118.5, 5001.0), (175.5, 5090.0))},
        Outcome.MET,
        {"bad": 1, "total": 701},
    ),
    "samples half a millisecond beside their scrapes have the times of scrapes": Case(
        {OK: "0+100x7", FAULTY: "_ _ _ 9x4", "up": "1x7"},
        {"500": lag(0.0003)},
        Outcome.MET,
        {"bad": 9, "total": 709},
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_samples_with_times_of_their_own(case: Case) -> None:
    objective = case.judge()
    reason = case.expected if isinstance(case.expected, Reason) else None
    outcome = Outcome.UNDECIDED if reason else case.expected
    assert (objective.outcome, objective.reason) == (outcome, reason), objective.detail
    assert {name: getattr(objective, name) for name in case.fields} == dict(case.fields)


def test_buckets_that_lag_behind_are_undecided() -> None:
    spec = spec_of(latency_slo(0.1))
    evidence = make_evidence(spec, bucket_samples(le_0_1="0+9x7", total="0+10x7"))
    results = {
        key: result if key == UP_KEY else replace(result, series=tuple(map(LATE, result.series)))
        for key, result in evidence.results.items()
    }
    (objective,) = evaluate(spec, replace(evidence, results=results)).objectives
    assert (objective.outcome, objective.reason) == (Outcome.UNDECIDED, Reason.SCRAPE_GAP)
    assert "honor_timestamps" in objective.detail


# --- Without up ---------------------------------------------------------------------------------


def without_up(window: Window, *series: Series) -> Evidence:
    evidence = make_evidence(spec_of(availability_slo()), {}, window=window)
    failures = tuple(item for item in series if item.labels["status"] == "500")
    series_by_query = {ALL: series, ERRORS: failures}
    results = {
        key: replace(result, series=series_by_query.get(str(key), ()))
        for key, result in evidence.results.items()
    }
    return replace(evidence, results=results, scrape_interval_seconds=None)


def each_second(first: int, last: int, *, gap: tuple[int, int] = (0, 0)) -> Series:
    times = tuple(float(time) for time in range(first, last) if not gap[0] < time < gap[1])
    labels = {"__name__": ALL, "status": "200", "job": "api", "instance": "api:80"}
    return Series(labels, times, tuple(10 * time for time in times))


def test_without_up_a_gap_is_judged_by_the_spacing_of_the_samples() -> None:
    window = Window(1_000, 1_300)
    whole = evaluate(spec_of(availability_slo()), without_up(window, each_second(900, 1_310)))
    assert whole.outcome is Outcome.MET
    gap = without_up(window, each_second(900, 1_310, gap=(1_100, 1_165)))
    verdict = evaluate(spec_of(availability_slo()), gap)
    assert [objective.reason for objective in verdict.objectives] == [Reason.SCRAPE_GAP]


def test_without_up_a_time_of_one_series_alone_is_no_scrape() -> None:
    """A series with the time of its last change is not new because other samples lack it."""
    changed = replace(each_second(0, 1), times=(1_100.5,), values=(5_001.0,))
    failures = replace(changed, labels={**changed.labels, "status": "500"})
    evidence = without_up(Window(1_000, 1_300), each_second(900, 1_310), failures)
    assert 1_100.5 not in EvidenceReader(evidence).scrape_times["api", "api:80"]
    (objective,) = evaluate(spec_of(availability_slo()), evidence).objectives
    assert objective.reason is Reason.SCRAPE_GAP


# --- Several intervals --------------------------------------------------------------------------


def scrape_every(seconds: float, job: str, metric: str, status: str = "200") -> tuple[Series, Series]:
    """Return a counter and ``up`` of a job, 0 s to 400 s; the counter counts 10 events each second."""
    times = tuple(n * seconds + 0.5 for n in range(int(400 / seconds)))
    labels = {"job": job, "instance": f"{job}:80"}
    counter = Series({"__name__": metric, "status": status, **labels}, times, tuple(10 * t for t in times))
    return counter, Series({"__name__": "up", **labels}, times, (1.0,) * len(times))


def _count_failures_of(metric: str) -> SLO:
    bad = PromQL(f'{metric}{{status="500"}}')
    return replace(slo_of(EventsSLI(PromQL(metric), bad=bad), Objective("o", 0.9)), name=metric)


def test_each_job_has_its_own_scrape_interval() -> None:
    slow, slow_up = scrape_every(15, "service", "served_total")
    fast, fast_up = scrape_every(1, "client", "sent_total")
    slo = slo_of(
        EventsSLI(PromQL("served_total"), bad=PromQL('served_total{status="500"}')), Objective("o", 0.9)
    )
    other = slo_of(
        EventsSLI(PromQL("sent_total"), bad=PromQL('sent_total{status="500"}')), Objective("o", 0.9)
    )
    spec = spec_of(slo, replace(other, name="client"))
    evidence = make_evidence(spec, {}, window=Window(100, 300))
    series_by_query = {"served_total": (slow,), "sent_total": (fast,), "up": (slow_up, fast_up)}
    results = {
        key: replace(result, series=series_by_query.get(str(key), ()))
        for key, result in evidence.results.items()
    }
    evidence = replace(evidence, results=results, scrape_interval_seconds=1.0)
    assert EvidenceReader(evidence).scrape_intervals == {
        ("service", "service:80"): 15,
        ("client", "client:80"): 1,
    }
    verdict = evaluate(spec, evidence)
    assert verdict.outcome is Outcome.MET
    slices = [objective.intervals.slices for objective in verdict.objectives if objective.intervals]
    assert slices[0] <= 300 / 15 < slices[1]
