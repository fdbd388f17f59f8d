"""Verdicts at a confidence level: a table of cases; six scrapes are inside the window, one closes it."""

from __future__ import annotations

from slo.model import Objective, Op, Outcome, Policy, PromQL, RawRatioSLI, Reason
from tests.slo.evaluation.verdict_cases import Case, queue_depth_slo
from tests.support.evidence import (
    FAULTY,
    OK,
    availability_slo,
    latency_slo,
    run_record,
    slo_of,
    with_time_slices,
)

MET, MISSED = Outcome.MET, Outcome.MISSED
UNSURE = Reason.WITHIN_CONFIDENCE_INTERVAL
AT_95 = Policy(0.95)
RATIO = slo_of(RawRatioSLI(PromQL("job:ratio:rate1m")), Objective("o", 0.9))

CONFIDENCE = {
    "299 good requests show 99 %, by the rule of three": Case(
        availability_slo(0.99), {OK: "0+50x5 299x1"}, MET, run=run_record(299), policy=AT_95
    ),
    "298 good requests do not show 99 %": Case(
        availability_slo(0.99), {OK: "0+50x5 298x1"}, UNSURE, run=run_record(298), policy=AT_95
    ),
    "299 good requests do not show 99 % at a higher confidence": Case(
        availability_slo(0.99), {OK: "0+50x5 299x1"}, UNSURE, run=run_record(299), policy=Policy(0.96)
    ),
    "2,995 good requests show 99.9 %": Case(
        availability_slo(0.999), {OK: "0+500x5 2995x1"}, MET, run=run_record(2995), policy=AT_95
    ),
    "2,994 good requests do not show 99.9 %": Case(
        availability_slo(0.999), {OK: "0+500x5 2994x1"}, UNSURE, run=run_record(2994), policy=AT_95
    ),
    "bad requests alone are MISSED with confidence": Case(
        availability_slo(0.9), {FAULTY: "0+50x7"}, MISSED, policy=AT_95
    ),
    "a ratio just above its target: the interval contains the target": Case(
        availability_slo(0.9), {OK: "0+91x7", FAULTY: "0 9 18 25 36 47 54 63"}, UNSURE, policy=AT_95
    ),
    "a ratio just below its target: the interval contains the target": Case(
        availability_slo(0.92), {OK: "0+91x7", FAULTY: "0 9 18 25 36 47 54 63"}, UNSURE, policy=AT_95
    ),
    "a ratio far below its target is MISSED with confidence": Case(
        availability_slo(0.99), {OK: "0+91x7", FAULTY: "0 9 18 25 36 47 54 63"}, MISSED, policy=AT_95
    ),
    "a ratio whose interval is below its target, except for the events at the window's edges": Case(
        availability_slo(0.925), {OK: "0+91x7", FAULTY: "0 9 18 25 36 47 54 63"}, UNSURE, policy=AT_95
    ),
    "the same ratio in a run, without events at the window's edges": Case(
        availability_slo(0.925),
        {OK: "0+91x7", FAULTY: "0 9 18 25 36 47 54 63"},
        MISSED,
        run=run_record(700),
        policy=AT_95,
    ),
    "failures in one burst give a wide interval": Case(
        availability_slo(0.9), {OK: "0+991x7", FAULTY: "0x2 63x5"}, UNSURE, policy=AT_95
    ),
    "as many failures spread over the window give a narrow interval": Case(
        availability_slo(0.9), {OK: "0+991x7", FAULTY: "0 9 18 27 35 45 54 63"}, MET, policy=AT_95
    ),
    "too few events remain too few if all are good": Case(
        availability_slo(0.99), {OK: "0+1x7"}, Reason.TOO_FEW_EVENTS, policy=AT_95
    ),
    "a ratio that only Prometheus can compute has no confidence interval": Case(
        RATIO, {OK: "0+1x7"}, UNSURE, server_values={"job:ratio:rate1m": 0.99}, policy=AT_95
    ),
    "a percentile is decided by the interval of the ratio of events within its threshold": Case(
        latency_slo(0.1, 0.5),
        {
            'http_request_duration_seconds_bucket{le="0.1"}': "0 20 39 59 79 99 118 138",
            'http_request_duration_seconds_bucket{le="+Inf"}': "0+20x7",
        },
        MET,
        policy=AT_95,
    ),
    "six good slices show 60 % of good slices": Case(
        with_time_slices(availability_slo(0.6), 0.5, seconds=10), {OK: "0+50x7"}, MET, policy=AT_95
    ),
    "six good slices do not show 70 %": Case(
        with_time_slices(availability_slo(0.7), 0.5, seconds=10), {OK: "0+50x7"}, UNSURE, policy=AT_95
    ),
    "six good scrapes of a gauge's ten series are six observations, not sixty": Case(
        queue_depth_slo(0.7, Op.GTE, 5),
        {f'queue_depth{{queue="{n}"}}': "1 5x5 1" for n in range(10)},
        UNSURE,
        policy=AT_95,
    ),
    "a past window: failures in the scrape across its start can be from before it": Case(
        availability_slo(0.98), {OK: "0+900x7", FAULTY: "0 150x6"}, UNSURE, policy=AT_95
    ),
}
