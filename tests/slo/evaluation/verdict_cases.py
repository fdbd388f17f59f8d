"""Evidence and the verdict that follows from it, one sentence a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from slo.evaluation.evaluate import evaluate
from slo.model import (
    SLO,
    EventsSLI,
    Measured,
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
    Answer,
    availability,
    buckets,
    evidence,
    quick,
    slo_of,
    spec_of,
)

MET, MISSED = Outcome.MET, Outcome.MISSED


@dataclass(frozen=True)
class Case:
    """An SLO, samples, and the verdict with those of its fields that the case is about."""

    slo: SLO
    samples: Mapping[str, str]
    expected: Outcome | Reason
    fields: Mapping[str, object] = field(default_factory=dict)
    answers: Mapping[str, Answer] = field(default_factory=dict)
    run: RunRecord | None = None
    error: str | None = None
    policy: Policy | None = None

    def judge(self) -> Verdict:
        """Evaluate the case's evidence."""
        spec = spec_of(self.slo)
        seen = evidence(spec, self.samples, self.answers, error=self.error)
        return evaluate(spec, seen, self.run, self.policy)


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
    "the first 5xx born in the middle of the window is counted, where rate() says 0 (DESIGN: 0.17 %)": Case(
        availability(0.999),
        {OK: "0+500x5 3000x1", FAULTY: "_x3 5x4"},
        MISSED,
        {"good": 3000, "bad": 5, "total": 3005, "budget_spent": pytest.approx(5 / 3.005)},
    ),
    "rates of selectors are counted from raw samples too, whatever range they name": Case(
        RATES, {OK: "0+10x7", FAULTY: "_x3 5x4"}, MET, {"bad": 5, "total": 75, "exact": True}
    ),
    "good events of all events": Case(
        GOOD_OF_ALL, {OK: "5+10x7", FAULTY: "3+2x7"}, MISSED, {"good": 70, "bad": 14, "total": 84}
    ),
    "no bad event was ever counted": Case(
        availability(), {OK: "0+10x7"}, MET, {"bad": 0, "days_to_exhaustion": None}
    ),
    "the budget is spent to the last event": Case(
        availability(), {OK: "0+9x7", FAULTY: "0+1x7"}, MET, {"budget_spent": 1.0, "days_to_exhaustion": 28.0}
    ),
    "one event more than the budget": Case(
        availability(), {OK: "0+9x7", FAULTY: "0+1x6 8"}, MISSED, {"bad": 8, "total": 71}
    ),
    "counts before the window are no part of it": Case(
        availability(), {OK: "1000+10x7", FAULTY: "900x7"}, MET, {"good": 70, "total": 70}
    ),
    "a counter that resets is counted across, and said": Case(
        availability(),
        {OK: "100 110 120 5 15 25 35 45", "process_start_time_seconds": "10x2 130x4"},
        MET,
        {"total": 65, "notes": ("total: 1 counter resets, counted across",)},
    ),
    "a series that dies and is born again with a higher count starts from zero": Case(
        availability(), {OK: "0+10x7", FAULTY: "2x2 _ 7x3"}, MET, {"bad": 7, "total": 77}
    ),
    "a great counter that one scrape did not hold: met from zero, and missed if it was there all along": Case(
        availability(), FLAPPED, Reason.SCRAPE_GAP
    ),
    "a great counter of bad events that one scrape did not hold": Case(
        availability(), {OK: "0+100x7", FAULTY: "1000x2 _ 1003x3"}, Reason.SCRAPE_GAP
    ),
    "a counter that one scrape did not hold, and its process began anew": Case(
        availability(),
        FLAPPED | {"process_start_time_seconds": "10 10 _ 120x4"},
        MET,
        {"bad": 18, "total": 1_000_098},
    ),
    "a counter that one scrape did not hold, and it is missed either way": Case(
        availability(), {OK: "0+10x7", FAULTY: "50x2 _ 70x3"}, MISSED, {"bad": 70}
    ),
    "a histogram that one scrape did not hold: met from zero, and missed if it was there all along": Case(
        quick(0.1),
        buckets(le_0_1="1000000 1000008 _ 1000024+8x4", total="1000000 1000010 _ 1000030+10x4"),
        Reason.SCRAPE_GAP,
    ),
    "every target's events are counted": Case(
        availability(),
        {OK: "0+10x7", 'http_requests_total{instance="b:80",status="500"}': "0+1x7"},
        MET,
        {"bad": 7, "total": 77},
    ),
    "a counter of bad events that is NaN does not tell that there were none": Case(
        availability(), {OK: "0+10x7", FAULTY: "NaNx7"}, Reason.NO_DATA
    ),
    "a counter below zero is none": Case(availability(), {OK: "-70+10x7"}, Reason.NO_DATA),
    "a target close to 1 is told with all its digits": Case(
        availability(0.999999999), {OK: "0+10x7"}, Reason.TOO_FEW_EVENTS
    ),
    "an empty window": Case(availability(), {OK: "10x7"}, Reason.NO_DATA),
    "no series at all": Case(availability(), {"other_total": "1x7"}, Reason.NO_DATA),
    "good matched no series": Case(GOOD_OF_ALL, {FAULTY: "0+1x7"}, Reason.NO_DATA),
    "bad is another metric that matched no series": Case(
        slo_of(EventsSLI(PromQL(ALL), bad=PromQL("http_errors_total")), Objective("o", 0.9)),
        {OK: "0+10x7"},
        Reason.NO_DATA,
    ),
    "bad asks for a label that total does not have": Case(
        slo_of(EventsSLI(PromQL(ALL), bad=PromQL('http_requests_total{code="500"}')), Objective("o", 0.9)),
        {OK: "0+10x7"},
        Reason.NO_DATA,
    ),
    "a bucket of good events that the histogram does not have": Case(
        slo_of(
            EventsSLI(PromQL(f"{LATENCY}_count"), good=PromQL(f'{LATENCY}_bucket{{le="0.2"}}')),
            Objective("o", 0.9),
        ),
        {f"{LATENCY}_count": "0+10x7"} | buckets(le_0_1="0+9x7", total="0+10x7"),
        Reason.THRESHOLD_INSIDE_BUCKET,
    ),
    "a bucket of good events whose bound another target spells otherwise": Case(
        WITHIN_1_S,
        ONE_SECOND | {f'{LATENCY}_bucket{{instance="b:80",le="1.0"}}': "0+10x7", OTHER_COUNT: "0+10x7"},
        MET,
        {"good": 140, "total": 140, "bounds": (1.0, 1.0)},
    ),
    "a bucket of good events whose bound is spelt anew in the window, as Prometheus 3 does": Case(
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
    "a target without the bucket of good events is too small to matter": Case(
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
    "a deployment took the bucket of good events away": Case(
        WITHIN_1_S,
        {f"{LATENCY}_count": "0+10x3 10+10x3", f'{LATENCY}_bucket{{le="1"}}': "0+10x3 _x4"},
        Reason.THRESHOLD_INSIDE_BUCKET,
        {"bounds": (0.0, 1.0)},
    ),
    "a deployment brought the bucket of good events": Case(
        WITHIN_1_S,
        {f"{LATENCY}_count": "0+10x3 10+10x3", f'{LATENCY}_bucket{{le="1"}}': "_x4 10+10x3"},
        Reason.THRESHOLD_INSIDE_BUCKET,
        {"bounds": (0.0, 1.0)},
    ),
    "fewer than 1 / (1 - target) events": Case(
        availability(), {OK: "0x6 9"}, Reason.TOO_FEW_EVENTS, {"sli": 1.0}
    ),
    "exactly 1 / (1 - target) events": Case(availability(), {OK: "0x6 10"}, MET),
    "exactly 1 / (1 - target) events, where 1 - 0.99 is no binary number": Case(
        availability(0.99), {OK: "0x6 100"}, MET
    ),
    "one bad event of too few could be bad luck": Case(
        availability(), {OK: "0x6 8", FAULTY: "0x6 1"}, Reason.TOO_FEW_EVENTS
    ),
    "so many bad events of few that the target is missed whatever had followed": Case(
        availability(), {OK: "0x6 7", FAULTY: "0x6 2"}, MISSED, {"bad": 2}
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
    "samples that are NaN are no numbers of bad events": Case(
        slo_of(EventsSLI(PromQL("batch"), bad=PromQL("batch_lost"), counter=False), Objective("o", 0.9)),
        {"batch": "10x7", "batch_lost": "0x3 NaN 0x2"},
        Reason.NO_DATA,
    ),
    "samples that are Inf are no numbers of events": Case(
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
    "what a series counts after the scrape that closes the window is no part of it": Case(
        availability(), {OK: "0+10x9", FAULTY: "_x8 50", "up": "1x9"}, MET, {"bad": 0, "total": 70}
    ),
    "a series that is there again only after the window counts to its last sample inside": Case(
        availability(), {OK: "0+10x9", FAULTY: "0 1 1 _x5 50", "up": "1x9"}, MET, {"bad": 1, "total": 71}
    ),
    "a series without a sample before the window, and no scrape that shows it was not there": Case(
        availability(), {OK: "_ 5+10x6", "up": "_ 1x6"}, Reason.SCRAPE_GAP
    ),
    "no sample before the window, but its _created says that it began inside it": Case(
        availability(),
        {OK: "_ 5+10x6", "up": "_ 1x6", 'http_requests_created{status="200"}': "_ 101x6"},
        MET,
        {"total": 65},
    ),
    "no sample before the window, and its _created says that it is older": Case(
        availability(),
        {OK: "_ 5+10x6", "up": "_ 1x6", 'http_requests_created{status="200"}': "_ 99x6"},
        Reason.SCRAPE_GAP,
    ),
    "no sample before the window: the target began inside it": Case(
        availability(),
        {OK: "_ 5+10x6", "up": "_ 1x6", "process_start_time_seconds": "_ 101x6"},
        MET,
        {"total": 65},
    ),
    "no sample before the window, though its process is older": Case(
        availability(),
        {OK: "_ 5+10x6", "up": "_ 1x6", "process_start_time_seconds": "_ 99x6"},
        Reason.SCRAPE_GAP,
    ),
    "a restart between two scrapes, with more counted after it than before": Case(
        availability(),
        {OK: "100 100 150 160x4 160", "process_start_time_seconds": "1 1 117x5"},
        MET,
        {"total": 160},
    ),
    "the same restart, told by the _created of the counter alone": Case(
        availability(),
        {OK: "100 100 150 160x4 160", 'http_requests_created{status="200"}': "1 1 117x5"},
        MET,
        {"total": 160},
    ),
    "a restart of a histogram, told by its _created alone": Case(
        quick(0.1),
        buckets(le_0_1="100 100 150 190x4 190", total="100 100 150 200x4 200")
        | {f"{LATENCY}_created": "1 1 117x5"},
        MET,
        {"good": 190, "total": 200},
    ),
    "a process whose start is told a second later, as a clock was set, is the same": Case(
        availability(),
        {OK: "100 100 150 160x4 160", "process_start_time_seconds": "1 1 2x5"},
        MET,
        {"total": 60},
    ),
    "a process whose start goes back and forth, or is none, is the same": Case(
        availability(),
        {OK: "100 100 150 160x4 160", "process_start_time_seconds": "3 1 3 1 NaN 3 1 3"},
        MET,
        {"total": 60},
    ),
    "a start that is later by less than its process was seen for tells of no other process": Case(
        availability(),
        {OK: "100 100 150 160x4 160", "process_start_time_seconds": "90 90 99x5"},
        MET,
        {"total": 60},
    ),
    "starts of several processes of one target tell of no restart": Case(
        availability(),
        {
            OK: "100 100 150 160x4 160",
            'process_start_time_seconds{pid="1"}': "1 1 117x5",
            'process_start_time_seconds{pid="2"}': "1x7",
        },
        MET,
        {"total": 60},
    ),
    "Prometheus refuses a query": Case(
        availability(), {OK: "0+10x7"}, Reason.QUERY_FAILED, answers={ERRORS: "query timed out"}
    ),
}

P90 = buckets(le_0_1="0+8x7", le_0_2="0+9x7", le_0_5="0+10x7", total="0+10x7")
CEILING = buckets(le_0_1="0+8x7", le_0_5="0+8x7", total="0+10x7")
OTHER_BOUNDS = {
    f'{LATENCY}_bucket{{instance="b:80",le="0.2"}}': "0+9x7",
    f'{LATENCY}_bucket{{instance="b:80",le="+Inf"}}': "0+10x7",
}
LATENCIES = {
    "a threshold at a bucket bound is exact, met": Case(
        quick(0.2), P90, MET, {"good": 63, "bad": 7, "total": 70, "bounds": (0.9, 0.9), "kind": "latency"}
    ),
    "a threshold at a bucket bound is exact, missed": Case(quick(0.1), P90, MISSED, {"good": 56, "sli": 0.8}),
    "the same percentile in PromQL": Case(
        quick(0.2, metric=PromQL(f"histogram_quantile(0.9, sum by (le) (rate({LATENCY}_bucket[1m])))")),
        P90,
        MET,
        {"good": 63, "exact": True, "kind": "latency"},
    ),
    "a threshold inside a bucket whose both ends agree, met": Case(
        quick(0.3), P90, MET, {"good": 63, "bounds": (0.9, 1.0)}
    ),
    "a threshold inside a bucket whose both ends agree, missed": Case(
        quick(0.05), P90, MISSED, {"good": 56, "bounds": (0.0, 0.8)}
    ),
    "a threshold inside the bucket that holds the answer": Case(
        quick(0.15, 0.85), P90, Reason.THRESHOLD_INSIDE_BUCKET, {"bounds": (0.8, 0.9), "sli": None}
    ),
    "strictly below a bound: what lies at the bound can't be told": Case(
        quick(0.2, op=Op.LT), P90, Reason.THRESHOLD_INSIDE_BUCKET
    ),
    "a percentile in the +Inf bucket is missed at the last bound": Case(quick(0.5), CEILING, MISSED),
    "a percentile in the +Inf bucket never meets a threshold, however high": Case(
        quick(1e9), CEILING, Reason.THRESHOLD_INSIDE_BUCKET
    ),
    "a histogram born in the window": Case(
        quick(0.1), buckets(le_0_1="_x3 99 100x3", total="_x3 99 100x3") | {"up": "1x7"}, MET, {"total": 100}
    ),
    "a histogram that observed nothing": Case(quick(0.1), buckets(le_0_1="5x7", total="5x7"), Reason.NO_DATA),
    "strictly below the lowest bound": Case(
        quick(0.1, 0.5, op=Op.LT), buckets(le_0_1="0+2x7", total="0+10x7"), MISSED, {"bounds": (0, 0.2)}
    ),
    "a bucket without a bound": Case(
        quick(0.1), {f"{LATENCY}_bucket": "0+9x7"} | P90, Reason.MALFORMED_HISTOGRAM
    ),
    "no histogram": Case(quick(0.1), {OK: "0+1x7"}, Reason.NO_DATA),
    "a histogram without its +Inf bucket": Case(
        quick(0.1), {f'{LATENCY}_bucket{{le="0.1"}}': "0+9x7"}, Reason.MALFORMED_HISTOGRAM
    ),
    "buckets whose counts fall": Case(
        quick(0.1), buckets(le_0_1="0+9x7", le_0_2="0+8x7", total="0+9x7"), Reason.MALFORMED_HISTOGRAM
    ),
    "a bucket bound that is NaN": Case(
        quick(0.1), {f'{LATENCY}_bucket{{le="NaN"}}': "0+9x7"} | P90, Reason.MALFORMED_HISTOGRAM
    ),
    "a bucket that holds NaN": Case(
        quick(0.1), P90 | {f'{LATENCY}_bucket{{le="0.1"}}': "0+1x3 NaNx3"}, Reason.MALFORMED_HISTOGRAM
    ),
    "buckets that hold less than nothing": Case(
        quick(0.1), buckets(total="0-10x7", le_0_1="0-10x7"), Reason.MALFORMED_HISTOGRAM
    ),
    "a bucket bound that is no number": Case(
        quick(0.1),
        {f'{LATENCY}_bucket{{le="fast"}}': "0+9x7"} | P90,
        Reason.MALFORMED_HISTOGRAM,
    ),
    "targets with different bounds: missed even if all of the other's are quick": Case(
        quick(0.1),
        P90 | {f'{LATENCY}_bucket{{instance="b:80",le="+Inf"}}': "0+9x7"},
        MISSED,
        {"total": 133, "bounds": (56 / 133, 119 / 133)},
    ),
    "targets with different bounds: the threshold is a bound of both": Case(
        quick(0.2),
        P90 | OTHER_BOUNDS,
        MET,
        {"good": 126, "total": 140, "bounds": (0.9, 0.9)},
    ),
    "targets with different bounds: the threshold is a bound of one": Case(
        quick(0.1, 0.8), P90 | OTHER_BOUNDS, Reason.THRESHOLD_INSIDE_BUCKET, {"bounds": (56 / 140, 119 / 140)}
    ),
    "a deployment brought the bound: what came before may be within it or not": Case(
        quick(0.1, 0.8),
        buckets(le_0_1="_x4 10+10x3", le_0_5="0+10x3 10+10x3", total="0+10x3 10+10x3"),
        Reason.THRESHOLD_INSIDE_BUCKET,
        {"bounds": (30 / 70, 1.0)},
    ),
    "a deployment took the bound away: missed even if all that came after were quick": Case(
        quick(0.1, 0.9),
        buckets(le_0_1="0+5x3 _x4", le_0_5="0+10x3 10+10x3", total="0+10x3 10+10x3"),
        MISSED,
        {"total": 70, "bounds": (15 / 70, 55 / 70)},
    ),
    "a deployment set other bounds, and those of before and after are good enough": Case(
        quick(0.2, 0.7),
        buckets(le_0_1="0+8x3 _x4", le_0_2="_x4 9+9x3", le_0_5="0+10x3 10+10x3", total="0+10x3 10+10x3"),
        MET,
        {"total": 70, "bounds": (51 / 70, 67 / 70)},
    ),
    "a bound that one scrape does not show, while the counts go on": Case(
        quick(0.1, 0.9),
        buckets(le_0_1="100+10x2 _ 130+10x4", total="100+10x7"),
        Reason.THRESHOLD_INSIDE_BUCKET,
        {"total": 70, "bounds": (50 / 70, 1.0)},
    ),
    "a bound that is spelt anew in the window": Case(
        quick(1, 0.9),
        {
            f'{LATENCY}_bucket{{le="1"}}': "1000+10x3 _x4",
            f'{LATENCY}_bucket{{le="1.0"}}': "_x4 1040+10x3",
            f'{LATENCY}_bucket{{le="+Inf"}}': "1000+10x7",
        },
        MET,
        {"good": 70, "total": 70, "bounds": (1.0, 1.0)},
    ),
    "too few events for a percentile": Case(
        quick(0.1, 0.99), buckets(le_0_1="0+1x7", total="0+1x7"), Reason.TOO_FEW_EVENTS
    ),
}


def depth(target: float, op: Op, threshold: float) -> SLO:
    """Samples of a queue's depth against a threshold."""
    return slo_of(ThresholdSLI(PromQL("queue_depth")), Objective("o", target, op, threshold))


GAUGES = {
    "samples at most a threshold": Case(
        depth(0.5, Op.LTE, 5),
        {"queue_depth": "9 5x3 6x1 9"},
        MET,
        {"good": 4, "total": 6, "kind": "threshold"},
    ),
    "samples below a threshold": Case(depth(0.5, Op.LT, 5), {"queue_depth": "1 5x5 1"}, MISSED, {"good": 0}),
    "samples at least a threshold": Case(depth(0.5, Op.GTE, 5), {"queue_depth": "1 5x5 1"}, MET, {"good": 6}),
    "samples above a threshold": Case(depth(0.5, Op.GT, 5), {"queue_depth": "9 5x5 9"}, MISSED, {"good": 0}),
    "samples that are not a number are left out": Case(
        depth(0.5, Op.LTE, 5), {"queue_depth": "9 1 NaN 1x3 9"}, MET, {"total": 5}
    ),
    "nothing but NaN": Case(depth(0.5, Op.LTE, 5), {"queue_depth": "NaNx7"}, Reason.NO_DATA),
    "no series of a gauge": Case(depth(0.5, Op.LTE, 5), {OK: "0+1x7"}, Reason.NO_DATA),
    "the unit of a ratio is read off its name": Case(
        slo_of(ThresholdSLI(PromQL("cache_hit_ratio")), Objective("o", 0.5, Op.GTE, 0.8)),
        {"cache_hit_ratio": "0.9x7"},
        MET,
        {"measured": Measured(0.9, (0.9, 0.9), Op.GTE, 0.8, "ratio")},
    ),
    "too few samples": Case(depth(0.9, Op.LTE, 5), {"queue_depth": "1x7"}, Reason.TOO_FEW_EVENTS),
}
