"""Evidence and the verdict on it: tables of cases for events, percentiles and gauges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from slo.evaluation.spec_evaluation import evaluate
from slo.model import (
    SLO,
    EventsSLI,
    MeasuredValue,
    Objective,
    Op,
    Outcome,
    Policy,
    PromQL,
    Reason,
    RunRecord,
    ThresholdSLI,
    Verdict,
)
from tests.support.evidence import (
    ALL,
    ERRORS,
    FAULTY,
    LATENCY,
    OK,
    ServerValue,
    availability_slo,
    bucket_samples,
    latency_slo,
    make_evidence,
    slo_of,
    spec_of,
)

MET, MISSED = Outcome.MET, Outcome.MISSED


@dataclass(frozen=True)
class Case:
    """An SLO, samples, the expected outcome or reason, and the expected fields of the verdict."""

    slo: SLO
    samples: Mapping[str, str]
    expected: Outcome | Reason
    fields: Mapping[str, object] = field(default_factory=dict)
    server_values: Mapping[str, ServerValue] = field(default_factory=dict)
    run: RunRecord | None = None
    error: str | None = None
    policy: Policy | None = None

    def evaluate_case(self) -> Verdict:
        """Evaluate the case's evidence."""
        spec = spec_of(self.slo)
        scraped = make_evidence(spec, self.samples, self.server_values, error=self.error)
        return evaluate(spec, scraped, self.run, self.policy)


GOOD_OF_ALL = slo_of(
    EventsSLI(PromQL(ALL), good=PromQL('http_requests_total{status!~"5.."}')), Objective("o", 0.9)
)
RATES = slo_of(
    EventsSLI(PromQL(f"sum(rate({ALL}[5m]))"), bad=PromQL(f"sum(rate({ERRORS}[5m]))")), Objective("o", 0.9)
)

WITHIN_1_S = slo_of(
    EventsSLI(PromQL(f"{LATENCY}_count"), good=PromQL(f'{LATENCY}_bucket{{le="1"}}')), Objective("o", 0.9)
)
ONE_SECOND = {f"{LATENCY}_count": "0+10x7", f'{LATENCY}_bucket{{le="1"}}': "0+10x7"}
OTHER_COUNT = f'{LATENCY}_count{{instance="b:80"}}'

FLAPPED = {OK: "1000000+10x1 _ 1000030+10x4", FAULTY: "0+2x7"}
EVENTS = {
    "a 5xx series that is new in the window is counted; rate() returns 0 (0.17 % failed)": Case(
        availability_slo(0.999),
        {OK: "0+500x5 3000x1", FAULTY: "_x3 5x4"},
        MISSED,
        {"good": 3000, "bad": 5, "total": 3005, "budget_spent": pytest.approx(5 / 3.005)},
    ),
    "rates of selectors are counted from raw samples, whatever their range": Case(
        RATES, {OK: "0+10x7", FAULTY: "_x3 5x4"}, MET, {"bad": 5, "total": 75, "exact": True}
    ),
    "good events of all events": Case(
        GOOD_OF_ALL, {OK: "5+10x7", FAULTY: "3+2x7"}, MISSED, {"good": 70, "bad": 14, "total": 84}
    ),
    "no series of bad events": Case(
        availability_slo(), {OK: "0+10x7"}, MET, {"bad": 0, "days_to_exhaustion": None}
    ),
    "the budget is spent exactly": Case(
        availability_slo(),
        {OK: "0+9x7", FAULTY: "0+1x7"},
        MET,
        {"budget_spent": 1.0, "days_to_exhaustion": 28.0},
    ),
    "one event more than the budget": Case(
        availability_slo(), {OK: "0+9x7", FAULTY: "0+1x6 8"}, MISSED, {"bad": 8, "total": 71}
    ),
    "a counter beyond 2^53 does not count single events": Case(
        availability_slo(), {OK: "9007199254740900+100x7"}, Reason.NO_DATA
    ),
    "a counter below 2^53 counts single events": Case(
        availability_slo(), {OK: "9007199254740912+10x7"}, MET, {"total": 70}
    ),
    "a counter of failures stays at 2^53, because adding 1 changes nothing": Case(
        availability_slo(), {OK: "0+10x7", FAULTY: "9007199254740992x7"}, Reason.NO_DATA
    ),
    "events before the window are not counted": Case(
        availability_slo(), {OK: "1000+10x7", FAULTY: "900x7"}, MET, {"good": 70, "total": 70}
    ),
    "counting continues across a counter reset, with a note": Case(
        availability_slo(),
        {OK: "100 110 120 5 15 25 35 45", "process_start_time_seconds": "10x2 130x4"},
        MET,
        {"total": 65, "notes": ("total: 1 counter resets, corrected",)},
    ),
    "a series that is missing from a scrape and returns with a higher value counts from zero": Case(
        availability_slo(), {OK: "0+10x7", FAULTY: "2x2 _ 7x3"}, MET, {"bad": 7, "total": 77}
    ),
    "a large counter missing from one scrape: met if it restarted from zero, missed if it continued": Case(
        availability_slo(), FLAPPED, Reason.SCRAPE_GAP
    ),
    "a large counter of bad events missing from one scrape": Case(
        availability_slo(), {OK: "0+100x7", FAULTY: "1000x2 _ 1003x3"}, Reason.SCRAPE_GAP
    ),
    "a counter missing from one scrape, and its process restarted": Case(
        availability_slo(),
        FLAPPED | {"process_start_time_seconds": "10 10 _ 120x4"},
        MET,
        {"bad": 18, "total": 1_000_098},
    ),
    "a counter missing from one scrape, and the objective is missed in both cases": Case(
        availability_slo(), {OK: "0+10x7", FAULTY: "50x2 _ 70x3"}, MISSED, {"bad": 70}
    ),
    "a histogram missing from one scrape: met if it restarted from zero, missed if it continued": Case(
        latency_slo(0.1),
        bucket_samples(le_0_1="1000000 1000008 _ 1000024+8x4", total="1000000 1000010 _ 1000030+10x4"),
        Reason.SCRAPE_GAP,
    ),
    "every target's events are counted": Case(
        availability_slo(),
        {OK: "0+10x7", 'http_requests_total{instance="b:80",status="500"}': "0+1x7"},
        MET,
        {"bad": 7, "total": 77},
    ),
    "a counter of bad events that is NaN does not mean that there were none": Case(
        availability_slo(), {OK: "0+10x7", FAULTY: "NaNx7"}, Reason.NO_DATA
    ),
    "a negative value is not a counter": Case(availability_slo(), {OK: "-70+10x7"}, Reason.NO_DATA),
    "the detail shows a target close to 1 with all its digits": Case(
        availability_slo(0.999999999), {OK: "0+10x7"}, Reason.TOO_FEW_EVENTS
    ),
    "a window without events": Case(availability_slo(), {OK: "10x7"}, Reason.NO_DATA),
    "no series at all": Case(availability_slo(), {"other_total": "1x7"}, Reason.NO_DATA),
    "good matched no series": Case(GOOD_OF_ALL, {FAULTY: "0+1x7"}, Reason.NO_DATA),
    "bad is another metric that matched no series": Case(
        slo_of(EventsSLI(PromQL(ALL), bad=PromQL("http_errors_total")), Objective("o", 0.9)),
        {OK: "0+10x7"},
        Reason.NO_DATA,
    ),
    "bad has a matcher on a label that total does not have": Case(
        slo_of(EventsSLI(PromQL(ALL), bad=PromQL('http_requests_total{code="500"}')), Objective("o", 0.9)),
        {OK: "0+10x7"},
        Reason.NO_DATA,
    ),
    "a bucket of good events that the histogram does not have": Case(
        slo_of(
            EventsSLI(PromQL(f"{LATENCY}_count"), good=PromQL(f'{LATENCY}_bucket{{le="0.2"}}')),
            Objective("o", 0.9),
        ),
        {f"{LATENCY}_count": "0+10x7"} | bucket_samples(le_0_1="0+9x7", total="0+10x7"),
        Reason.THRESHOLD_INSIDE_BUCKET,
    ),
    "a bucket of good events whose bound has another notation on another target": Case(
        WITHIN_1_S,
        ONE_SECOND | {f'{LATENCY}_bucket{{instance="b:80",le="1.0"}}': "0+10x7", OTHER_COUNT: "0+10x7"},
        MET,
        {"good": 140, "total": 140, "bounds": (1.0, 1.0)},
    ),
    "a bucket of good events whose bound changes its notation in the window, as with Prometheus 3": Case(
        WITHIN_1_S,
        {
            f"{LATENCY}_count": "1000+10x7",
            f'{LATENCY}_bucket{{le="1"}}': "1000+10x3 _x4",
            f'{LATENCY}_bucket{{le="1.0"}}': "_x4 1040+10x3",
        },
        MET,
        {"good": 70, "total": 70},
    ),
    "a bucket of good events that another target does not have": Case(
        WITHIN_1_S,
        ONE_SECOND | {f'{LATENCY}_bucket{{instance="b:80",le="2"}}': "0+10x7", OTHER_COUNT: "0+10x7"},
        Reason.THRESHOLD_INSIDE_BUCKET,
        {"bounds": (0.5, 1.0)},
    ),
    "a target without the bucket of good events has too few events to change the verdict": Case(
        WITHIN_1_S,
        ONE_SECOND | {OTHER_COUNT: "0+1x7"},
        MET,
        {"good": 70, "total": 77, "bounds": (70 / 77, 1.0)},
    ),
    "a bucket of bad events that another target does not have": Case(
        slo_of(
            EventsSLI(PromQL(f"{LATENCY}_count"), bad=PromQL(f'{LATENCY}_bucket{{le="1"}}')),
            Objective("o", 0.9),
        ),
        {f"{LATENCY}_count": "0+10x7", f'{LATENCY}_bucket{{le="1"}}': "0x7", OTHER_COUNT: "0+10x7"},
        Reason.THRESHOLD_INSIDE_BUCKET,
        {"bounds": (0.5, 1.0)},
    ),
    "a deployment removed the bucket of good events": Case(
        WITHIN_1_S,
        {f"{LATENCY}_count": "0+10x3 10+10x3", f'{LATENCY}_bucket{{le="1"}}': "0+10x3 _x4"},
        Reason.THRESHOLD_INSIDE_BUCKET,
        {"bounds": (0.0, 1.0)},
    ),
    "a deployment added the bucket of good events": Case(
        WITHIN_1_S,
        {f"{LATENCY}_count": "0+10x3 10+10x3", f'{LATENCY}_bucket{{le="1"}}': "_x4 10+10x3"},
        Reason.THRESHOLD_INSIDE_BUCKET,
        {"bounds": (0.0, 1.0)},
    ),
    "fewer than 1 / (1 - target) events": Case(
        availability_slo(), {OK: "0x6 9"}, Reason.TOO_FEW_EVENTS, {"sli": 1.0}
    ),
    "exactly 1 / (1 - target) events": Case(availability_slo(), {OK: "0x6 10"}, MET),
    "exactly 1 / (1 - target) events, where 1 - 0.99 is not exact in binary": Case(
        availability_slo(0.99), {OK: "0x6 100"}, MET
    ),
    "one bad event of too few events does not decide": Case(
        availability_slo(), {OK: "0x6 8", FAULTY: "0x6 1"}, Reason.TOO_FEW_EVENTS
    ),
    "few events, but so many bad that the target is missed whatever follows": Case(
        availability_slo(), {OK: "0x6 7", FAULTY: "0x6 2"}, MISSED, {"bad": 2}
    ),
    "good exceeds total": Case(
        slo_of(EventsSLI(PromQL("orders_total"), good=PromQL("paid_total")), Objective("o", 0.9)),
        {"orders_total": "0+10x7", "paid_total": "0+11x7"},
        Reason.GOOD_EXCEEDS_TOTAL,
    ),
    "bad exceeds total": Case(
        slo_of(EventsSLI(PromQL("orders_total"), bad=PromQL("lost_total")), Objective("o", 0.9)),
        {"orders_total": "0+10x7", "lost_total": "0+11x7"},
        Reason.GOOD_EXCEEDS_TOTAL,
    ),
    "samples that are numbers of events are summed": Case(
        slo_of(EventsSLI(PromQL("batch"), good=PromQL("batch_ok"), counter=False), Objective("o", 0.9)),
        {"batch": "99 10 10 10 10 10 10 99", "batch_ok": "99 10 10 5 10 10 10 99"},
        MET,
        {"good": 55, "total": 60},
    ),
    "NaN is not a number of bad events": Case(
        slo_of(EventsSLI(PromQL("batch"), bad=PromQL("batch_lost"), counter=False), Objective("o", 0.9)),
        {"batch": "10x7", "batch_lost": "0x3 NaN 0x2"},
        Reason.NO_DATA,
    ),
    "Inf is not a number of events": Case(
        slo_of(EventsSLI(PromQL("batch"), bad=PromQL("batch_lost"), counter=False), Objective("o", 0.9)),
        {"batch": "10x3 Inf 10x2", "batch_lost": "0x7"},
        Reason.NO_DATA,
    ),
    "samples that are numbers of bad events are summed": Case(
        slo_of(EventsSLI(PromQL("batch"), bad=PromQL("batch_lost"), counter=False), Objective("o", 0.9)),
        {"batch": "99 10 10 10 10 10 10 99", "batch_lost": "99 0 0 5 0 0 2 99"},
        MISSED,
        {"good": 53, "bad": 7, "total": 60},
    ),
    "events after the scrape that closes the window are not counted": Case(
        availability_slo(), {OK: "0+10x9", FAULTY: "_x8 50", "up": "1x9"}, MET, {"bad": 0, "total": 70}
    ),
    "a series that returns only after the window counts up to its last sample inside": Case(
        availability_slo(), {OK: "0+10x9", FAULTY: "0 1 1 _x5 50", "up": "1x9"}, MET, {"bad": 1, "total": 71}
    ),
    "a series without a sample before the window, and no scrape proves that it is new": Case(
        availability_slo(), {OK: "_ 5+10x6", "up": "_ 1x6"}, Reason.SCRAPE_GAP
    ),
    "no sample before the window, but its _created timestamp is inside it": Case(
        availability_slo(),
        {OK: "_ 5+10x6", "up": "_ 1x6", 'http_requests_created{status="200"}': "_ 101x6"},
        MET,
        {"total": 65},
    ),
    "no sample before the window, and its _created timestamp is before it": Case(
        availability_slo(),
        {OK: "_ 5+10x6", "up": "_ 1x6", 'http_requests_created{status="200"}': "_ 99x6"},
        Reason.SCRAPE_GAP,
    ),
    "no sample before the window, but the process started inside it": Case(
        availability_slo(),
        {OK: "_ 5+10x6", "up": "_ 1x6", "process_start_time_seconds": "_ 101x6"},
        MET,
        {"total": 65},
    ),
    "no sample before the window, and the process started before it": Case(
        availability_slo(),
        {OK: "_ 5+10x6", "up": "_ 1x6", "process_start_time_seconds": "_ 99x6"},
        Reason.SCRAPE_GAP,
    ),
    "a restart between two scrapes, with a higher value after it than before": Case(
        availability_slo(),
        {OK: "100 100 150 160x4 160", "process_start_time_seconds": "1 1 117x5"},
        MET,
        {"total": 160},
    ),
    "the same restart, shown only by the counter's _created timestamp": Case(
        availability_slo(),
        {OK: "100 100 150 160x4 160", 'http_requests_created{status="200"}': "1 1 117x5"},
        MET,
        {"total": 160},
    ),
    "a restart of a histogram, shown only by its _created timestamp": Case(
        latency_slo(0.1),
        bucket_samples(le_0_1="100 100 150 190x4 190", total="100 100 150 200x4 200")
        | {f"{LATENCY}_created": "1 1 117x5"},
        MET,
        {"good": 190, "total": 200},
    ),
    "a process start time that moves by a second after a clock change is not a restart": Case(
        availability_slo(),
        {OK: "100 100 150 160x4 160", "process_start_time_seconds": "1 1 2x5"},
        MET,
        {"total": 60},
    ),
    "a process start time that varies or is NaN is not a restart": Case(
        availability_slo(),
        {OK: "100 100 150 160x4 160", "process_start_time_seconds": "3 2 3 2 NaN 3 2 3"},
        MET,
        {"total": 60},
    ),
    "a process start time that alternates between values is that of several processes": Case(
        availability_slo(),
        {OK: "100 100 150 160x4 160", "process_start_time_seconds": "3 1 3 1 NaN 3 1 3"},
        Reason.MULTIPLE_PROCESSES,
        {"total": 60},
    ),
    "a start time that moves by less than the time the process was observed is not a restart": Case(
        availability_slo(),
        {OK: "100 100 150 160x4 160", "process_start_time_seconds": "90 90 99x5"},
        MET,
        {"total": 60},
    ),
    "start times of several processes of one target are not a restart": Case(
        availability_slo(),
        {
            OK: "100 100 150 160x4 160",
            'process_start_time_seconds{pid="1"}': "1 1 117x5",
            'process_start_time_seconds{pid="2"}': "1x7",
        },
        MET,
        {"total": 60},
    ),
    "Prometheus returns an error for a query": Case(
        availability_slo(), {OK: "0+10x7"}, Reason.QUERY_FAILED, server_values={ERRORS: "query timed out"}
    ),
}

P90 = bucket_samples(le_0_1="0+8x7", le_0_2="0+9x7", le_0_5="0+10x7", total="0+10x7")
CEILING = bucket_samples(le_0_1="0+8x7", le_0_5="0+8x7", total="0+10x7")
OTHER_BOUNDS = {
    f'{LATENCY}_bucket{{instance="b:80",le="0.2"}}': "0+9x7",
    f'{LATENCY}_bucket{{instance="b:80",le="+Inf"}}': "0+10x7",
}
LATENCIES = {
    "a threshold at a bucket bound is exact, met": Case(
        latency_slo(0.2),
        P90,
        MET,
        {"good": 63, "bad": 7, "total": 70, "bounds": (0.9, 0.9), "kind": "latency"},
    ),
    "a threshold at a bucket bound is exact, missed": Case(
        latency_slo(0.1), P90, MISSED, {"good": 56, "sli": 0.8}
    ),
    "the same percentile in PromQL": Case(
        latency_slo(0.2, metric=PromQL(f"histogram_quantile(0.9, sum by (le) (rate({LATENCY}_bucket[1m])))")),
        P90,
        MET,
        {"good": 63, "exact": True, "kind": "latency"},
    ),
    "a threshold inside a bucket, met at both ends": Case(
        latency_slo(0.3), P90, MET, {"good": 63, "bounds": (0.9, 1.0)}
    ),
    "a threshold inside a bucket, missed at both ends": Case(
        latency_slo(0.05), P90, MISSED, {"good": 56, "bounds": (0.0, 0.8)}
    ),
    "a threshold inside a bucket, met at one end and missed at the other": Case(
        latency_slo(0.15, 0.85), P90, Reason.THRESHOLD_INSIDE_BUCKET, {"bounds": (0.8, 0.9), "sli": None}
    ),
    "strictly below a bucket bound: the number of events at the bound is unknown": Case(
        latency_slo(0.2, op=Op.LT), P90, Reason.THRESHOLD_INSIDE_BUCKET
    ),
    "a percentile in the +Inf bucket is missed at the highest finite bound": Case(
        latency_slo(0.5), CEILING, MISSED
    ),
    "a percentile in the +Inf bucket never meets a threshold, however high": Case(
        latency_slo(1e9), CEILING, Reason.THRESHOLD_INSIDE_BUCKET
    ),
    "a histogram that is new in the window": Case(
        latency_slo(0.1),
        bucket_samples(le_0_1="_x3 99 100x3", total="_x3 99 100x3") | {"up": "1x7"},
        MET,
        {"total": 100},
    ),
    "a histogram without observations in the window": Case(
        latency_slo(0.1), bucket_samples(le_0_1="5x7", total="5x7"), Reason.NO_DATA
    ),
    "strictly below the lowest bound": Case(
        latency_slo(0.1, 0.5, op=Op.LT),
        bucket_samples(le_0_1="0+2x7", total="0+10x7"),
        MISSED,
        {"bounds": (0, 0.2)},
    ),
    "one bound in two notations at the same time": Case(
        latency_slo(0.25),
        bucket_samples(total="0+10x7")
        | {f'{LATENCY}_bucket{{le="{le}"}}': "0+5x7" for le in ("0.25", "0.250")},
        Reason.MALFORMED_HISTOGRAM,
    ),
    "a bucket counter beyond 2^53": Case(
        latency_slo(0.1),
        bucket_samples(le_0_1="9007199254740990+9x7", total="9007199254740990+10x7"),
        Reason.NO_DATA,
    ),
    "a bucket without a bound": Case(
        latency_slo(0.1), {f"{LATENCY}_bucket": "0+9x7"} | P90, Reason.MALFORMED_HISTOGRAM
    ),
    "no histogram": Case(latency_slo(0.1), {OK: "0+1x7"}, Reason.NO_DATA),
    "a histogram without its +Inf bucket": Case(
        latency_slo(0.1), {f'{LATENCY}_bucket{{le="0.1"}}': "0+9x7"}, Reason.MALFORMED_HISTOGRAM
    ),
    "cumulative bucket counts that decrease": Case(
        latency_slo(0.1),
        bucket_samples(le_0_1="0+9x7", le_0_2="0+8x7", total="0+9x7"),
        Reason.MALFORMED_HISTOGRAM,
    ),
    "a bucket bound that is NaN": Case(
        latency_slo(0.1), {f'{LATENCY}_bucket{{le="NaN"}}': "0+9x7"} | P90, Reason.MALFORMED_HISTOGRAM
    ),
    "a bucket with NaN": Case(
        latency_slo(0.1), P90 | {f'{LATENCY}_bucket{{le="0.1"}}': "0+1x3 NaNx3"}, Reason.MALFORMED_HISTOGRAM
    ),
    "buckets with negative values": Case(
        latency_slo(0.1), bucket_samples(total="0-10x7", le_0_1="0-10x7"), Reason.MALFORMED_HISTOGRAM
    ),
    "a bucket bound that is not a number": Case(
        latency_slo(0.1),
        {f'{LATENCY}_bucket{{le="fast"}}': "0+9x7"} | P90,
        Reason.MALFORMED_HISTOGRAM,
    ),
    "targets with different bounds: missed even if all events of the other target are good": Case(
        latency_slo(0.1),
        P90 | {f'{LATENCY}_bucket{{instance="b:80",le="+Inf"}}': "0+9x7"},
        MISSED,
        {"total": 133, "bounds": (56 / 133, 119 / 133)},
    ),
    "targets with different bounds: the threshold is a bound of both": Case(
        latency_slo(0.2),
        P90 | OTHER_BOUNDS,
        MET,
        {"good": 126, "total": 140, "bounds": (0.9, 0.9)},
    ),
    "targets with different bounds: the threshold is a bound of only one": Case(
        latency_slo(0.1, 0.8),
        P90 | OTHER_BOUNDS,
        Reason.THRESHOLD_INSIDE_BUCKET,
        {"bounds": (56 / 140, 119 / 140)},
    ),
    "a deployment added the bound: earlier events can be within it or not": Case(
        latency_slo(0.1, 0.8),
        bucket_samples(le_0_1="_x4 10+10x3", le_0_5="0+10x3 10+10x3", total="0+10x3 10+10x3"),
        Reason.THRESHOLD_INSIDE_BUCKET,
        {"bounds": (30 / 70, 1.0)},
    ),
    "a deployment removed the bound: missed even if all later events are good": Case(
        latency_slo(0.1, 0.9),
        bucket_samples(le_0_1="0+5x3 _x4", le_0_5="0+10x3 10+10x3", total="0+10x3 10+10x3"),
        MISSED,
        {"total": 70, "bounds": (15 / 70, 55 / 70)},
    ),
    "a deployment changed the bounds: met at the worst bounds before and after": Case(
        latency_slo(0.2, 0.7),
        bucket_samples(
            le_0_1="0+8x3 _x4", le_0_2="_x4 9+9x3", le_0_5="0+10x3 10+10x3", total="0+10x3 10+10x3"
        ),
        MET,
        {"total": 70, "bounds": (51 / 70, 67 / 70)},
    ),
    "a bound that is missing from one scrape while the other buckets continue": Case(
        latency_slo(0.1, 0.9),
        bucket_samples(le_0_1="100+10x2 _ 130+10x4", total="100+10x7"),
        Reason.THRESHOLD_INSIDE_BUCKET,
        {"total": 70, "bounds": (50 / 70, 1.0)},
    ),
    "a bound that changes its notation in the window": Case(
        latency_slo(1, 0.9),
        {
            f'{LATENCY}_bucket{{le="1"}}': "1000+10x3 _x4",
            f'{LATENCY}_bucket{{le="1.0"}}': "_x4 1040+10x3",
            f'{LATENCY}_bucket{{le="+Inf"}}': "1000+10x7",
        },
        MET,
        {"good": 70, "total": 70, "bounds": (1.0, 1.0)},
    ),
    "too few events for a percentile": Case(
        latency_slo(0.1, 0.99), bucket_samples(le_0_1="0+1x7", total="0+1x7"), Reason.TOO_FEW_EVENTS
    ),
}


def queue_depth_slo(target: float, op: Op, threshold: float) -> SLO:
    """Return an SLO on the samples of a queue depth."""
    return slo_of(ThresholdSLI(PromQL("queue_depth")), Objective("o", target, op, threshold))


GAUGES = {
    "samples at most a threshold": Case(
        queue_depth_slo(0.5, Op.LTE, 5),
        {"queue_depth": "9 5x3 6x1 9"},
        MET,
        {"good": 4, "total": 6, "kind": "threshold"},
    ),
    "samples below a threshold": Case(
        queue_depth_slo(0.5, Op.LT, 5), {"queue_depth": "1 5x5 1"}, MISSED, {"good": 0}
    ),
    "samples at least a threshold": Case(
        queue_depth_slo(0.5, Op.GTE, 5), {"queue_depth": "1 5x5 1"}, MET, {"good": 6}
    ),
    "samples above a threshold": Case(
        queue_depth_slo(0.5, Op.GT, 5), {"queue_depth": "9 5x5 9"}, MISSED, {"good": 0}
    ),
    "samples that are NaN are left out": Case(
        queue_depth_slo(0.5, Op.LTE, 5),
        {"queue_depth": "9 1 NaN 1x3 9"},
        MET,
        {"total": 5},
        policy=Policy(coverage=0.8),
    ),
    "NaN in one of six scrapes is more than the policy allows": Case(
        queue_depth_slo(0.5, Op.LTE, 5), {"queue_depth": "9 1 NaN 1x3 9"}, Reason.NO_DATA, {"total": 5}
    ),
    "NaN in most scrapes": Case(
        queue_depth_slo(0.5, Op.LTE, 5), {"queue_depth": "1 1 NaN NaN NaN NaN 1 1"}, Reason.NO_DATA
    ),
    "a gauge that is gone from most scrapes": Case(
        queue_depth_slo(0.5, Op.LTE, 5), {"queue_depth": "1 1 1 _x5", "up": "1x7"}, Reason.NO_DATA
    ),
    "a gauge that begins at the end of the window": Case(
        queue_depth_slo(0.5, Op.LTE, 5), {"queue_depth": "_x5 1 1 1", "up": "1x7"}, Reason.NO_DATA
    ),
    "a gauge that comes and goes": Case(
        queue_depth_slo(0.5, Op.LTE, 5), {"queue_depth": "1 1 _ 1 _ 1 1 1", "up": "1x7"}, Reason.NO_DATA
    ),
    "a gauge that is NaN in most scrapes beside one that is not": Case(
        queue_depth_slo(0.5, Op.LTE, 5),
        {'queue_depth{q="a"}': "1x7", 'queue_depth{q="b"}': "1 1 NaN NaN NaN NaN 1 1"},
        Reason.NO_DATA,
    ),
    "a gauge that ends beside one that goes on": Case(
        queue_depth_slo(0.5, Op.LTE, 5),
        {'queue_depth{q="a"}': "1x7", 'queue_depth{q="b"}': "1x3 _x4"},
        MET,
        {"total": 9},
    ),
    "a gauge that is gone from most scrapes, and missed with a good value in each of them": Case(
        queue_depth_slo(0.7, Op.LTE, 5), {"queue_depth": "9 9 9 9 _x4", "up": "1x7"}, MISSED, {"bad": 3}
    ),
    "numbers of events that are missing from most scrapes": Case(
        slo_of(EventsSLI(PromQL("batch"), good=PromQL("batch_ok"), counter=False), Objective("o", 0.5)),
        {"batch": "10 10 _ _ _ _ 10 10", "batch_ok": "10 10 _ _ _ _ 10 10", "up": "1x7"},
        Reason.NO_DATA,
    ),
    "only NaN": Case(queue_depth_slo(0.5, Op.LTE, 5), {"queue_depth": "NaNx7"}, Reason.NO_DATA),
    "no series of a gauge": Case(queue_depth_slo(0.5, Op.LTE, 5), {OK: "0+1x7"}, Reason.NO_DATA),
    "the unit of a ratio comes from its name": Case(
        slo_of(ThresholdSLI(PromQL("cache_hit_ratio")), Objective("o", 0.5, Op.GTE, 0.8)),
        {"cache_hit_ratio": "0.9x7"},
        MET,
        {"measured": MeasuredValue(0.9, (0.9, 0.9), Op.GTE, 0.8, "ratio")},
    ),
    "too few samples": Case(queue_depth_slo(0.9, Op.LTE, 5), {"queue_depth": "1x7"}, Reason.TOO_FEW_EVENTS),
}
