"""Several processes behind one scrape target, told from restarts: by start times and by counters."""

from __future__ import annotations

import pytest

from slo.evaluation import evaluate
from slo.model import Outcome, Reason, Series
from slo.scraping.multiple_processes import find_alternating_starts, find_shared_targets
from tests.support.evidence import (
    FAULTY,
    OK,
    availability_slo,
    bucket_samples,
    latency_slo,
    make_evidence,
    make_series,
    run_record,
    spec_of,
)

TARGET = ("api", "api:80")
START = "process_start_time_seconds"
BOOT = 1_767_225_600.0

STARTS: dict[str, tuple[list[float], bool]] = {
    "no sample": ([], False),
    "one process": ([0.25] * 8, False),
    "one restart": ([0.25] * 4 + [135.5] * 4, False),
    "a restart after each scrape": ([0.25, 105.75, 115.5, 126.25], False),
    "a boot time that is computed anew, in whole seconds": ([0.25, 1.25, 0.25, 0.25, 1.25], False),
    "a start that is computed anew, with some milliseconds of error": ([0.25, 0.26, 0.24, 0.25], False),
    "the clock was set forward by 9 s": ([0.25] * 3 + [9.25] * 5, False),
    "the clock was set back by 30 s": ([0.25] * 3 + [-29.75] * 5, False),
    "NaN between equal starts": ([0.25, float("nan"), 0.25], False),
    "two processes in turn": ([0.25, 7.5, 0.25, 7.5], True),
    "two processes that started within a second": ([0.25, 0.65, 0.25, 0.65], True),
    "two processes that started whole seconds apart": ([0.0, 5.0, 5.0, 0.0], True),
    "three processes, none of them twice": ([0.25, 0.5, 0.75], True),
    "a second process that started while the first was seen": ([0.25] * 4 + [3.5] * 4, True),
    "three processes that started whole seconds apart": ([5.0] * 3 + [10.0] * 3 + [0.0] * 3, True),
    "back to the first process after a long time": ([0.25] * 4 + [135.5] * 4 + [0.25], True),
    "one process, and another of the same boot time, a second later": ([0.25, 1.25, 0.75], True),
}


@pytest.mark.parametrize(("starts", "is_shared"), STARTS.values(), ids=STARTS)
def test_start_times(starts: list[float], is_shared: bool) -> None:
    times = tuple(BOOT + 100 + 10 * n for n in range(len(starts)))
    series = Series({"__name__": START}, times, tuple(BOOT + start for start in starts))
    assert (find_alternating_starts(series) is not None) is is_shared


COUNTERS: dict[str, tuple[dict[str, str], bool]] = {
    "a counter that rises": ({OK: "0+10x7"}, False),
    "a restart": ({OK: "5000 5010 20 30 40 50 60 70"}, False),
    "a restart after which a counter passes its old value step by step": (
        {OK: "30 40 10 20 30 40 50"},
        False,
    ),
    "a restart of a small counter of failures": ({OK: "500 600 90 190 290", FAULTY: "3 3 1 4 5"}, False),
    "two restarts at 0, with fast growth": ({OK: "0 100 0 120 0 130"}, False),
    "restarts that grow as fast as ever": ({OK: "100 200 50 150 250 20 120 220 320"}, False),
    "two workers in turn": ({OK: "5000 4000 5010 4012 5020 4020"}, True),
    "two workers at random": ({OK: "5000 5003 4000 4009 5010 4012 4013 5020"}, True),
    "two idle workers": ({OK: "5000 4000 5000 4000 5000"}, True),
    "one change to another worker and back": ({OK: "5000 5010 5020 4030 4040 5050 5060"}, True),
    "three workers at random": (
        {OK: "5000 4000 4500 5010 4520 5030 4010 5040 4530 5050 4030 5060 4540 5080"},
        True,
    ),
    "a change to another worker for good": ({OK: "370+3x5 277+4x6"}, True),
    "a change to another worker and back twice, after one before": (
        {OK: "500+2x5 1031+2x8 523+2x6 1067+2x4 534+1x4"},
        True,
    ),
    "four workers in turn, the largest increasing": (
        {OK: "465 487 536 408 473 491 545 414 480 498 561 422 487 513 573 433"},
        True,
    ),
    "a counter that goes back a little": ({OK: "5000+10x5 5048 5060+10x5"}, True),
    "a restart in a burst of requests": ({OK: "500+10x6 45+10x6"}, False),
    "a restart after missed scrapes": ({OK: "5000+10x6 _x9 110+10x6"}, False),
    "only some counters show it": ({OK: "10+10x7", FAULTY: "5 3 6 4 7 4 8 5"}, True),
}


@pytest.mark.parametrize(("samples", "is_shared"), COUNTERS.values(), ids=COUNTERS)
def test_counters(samples: dict[str, str], is_shared: bool) -> None:
    series = [make_series(name, notation) for name, notation in samples.items()]
    assert (TARGET in find_shared_targets([], series, {})) is is_shared


def test_restarts_that_were_reported_explain_counters_that_fall() -> None:
    series = make_series(OK, "5000 4000 5010 4012 5020 4020")
    restart_times = {TARGET: list(series.times[1::2])}
    assert not find_shared_targets([], [series], restart_times)


TWO_WORKERS = {OK: "5000 4000 5100 4100 5200 4200 5300 4300", FAULTY: "0 0 5 5 10 10 15 15"}
VERDICTS: dict[str, dict[str, str]] = {
    "without a start time": TWO_WORKERS,
    "with start times in turn": TWO_WORKERS | {START: "10.25 11.75 10.25 11.75 10.25 11.75 10.25 11.75"},
    "with starts in the same second": TWO_WORKERS | {START: "10.2 10.6 10.2 10.6 10.2 10.6 10.2 10.6"},
    "with equal start times": TWO_WORKERS | {START: "10x7"},
    "one counter that falls once, while the process start stays the same": {
        OK: "5000 5010 20 30 40 50 60 70",
        START: "10x7",
    },
    "each scrape met the same worker until the last": {
        OK: "4000 4010 4020 4030 4040 4050 4060 5070",
        START: "10.25x6 11.75",
    },
    "_created times in turn": TWO_WORKERS
    | {'http_requests_created{status="200"}': "10.25 11.75 10.25 11.75 10.25 11.75 10.25 11.75"},
}


@pytest.mark.parametrize("is_run", [False, True], ids=["check", "run"])
@pytest.mark.parametrize("samples", VERDICTS.values(), ids=VERDICTS)
def test_the_verdict_is_undecided(samples: dict[str, str], is_run: bool) -> None:
    spec = spec_of(availability_slo())
    verdict = evaluate(spec, make_evidence(spec, samples), run_record(800) if is_run else None)
    (objective,) = verdict.objectives
    assert (objective.outcome, objective.reason) == (Outcome.UNDECIDED, Reason.MULTIPLE_PROCESSES)
    assert "PROMETHEUS_MULTIPROC_DIR" in objective.detail


def test_a_missed_verdict_does_not_stand() -> None:
    """The bad events are counted several times, too."""
    spec = spec_of(availability_slo())
    samples = {OK: "100 80 105 85 110 90 115 95", FAULTY: "500 400 505 405 510 410 515 415"}
    (objective,) = evaluate(spec, make_evidence(spec, samples), run_record(40)).objectives
    assert (objective.outcome, objective.reason) == (Outcome.UNDECIDED, Reason.MULTIPLE_PROCESSES)


def test_buckets_of_a_histogram_show_several_processes() -> None:
    spec = spec_of(latency_slo(0.1))
    samples = bucket_samples(le_0_1="90 50 99 59 108 68 117 77", total="100 60 110 70 120 80 130 90")
    (objective,) = evaluate(spec, make_evidence(spec, samples)).objectives
    assert objective.reason is Reason.MULTIPLE_PROCESSES


def test_several_start_series_of_one_target_are_no_sign() -> None:
    spec = spec_of(availability_slo())
    samples = {OK: "0+10x7", f'{START}{{pid="1"}}': "10.25x7", f'{START}{{pid="2"}}': "11.5x7"}
    assert evaluate(spec, make_evidence(spec, samples)).outcome is Outcome.MET
