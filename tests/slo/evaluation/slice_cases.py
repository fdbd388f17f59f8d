"""Time slices and the verdict on them: a table of cases; the window of 60 s has three slices of 20 s."""

from __future__ import annotations

import pytest

from slo.model import Op, Reason
from tests.slo.evaluation.verdict_cases import MET, MISSED, P90, Case, queue_depth_slo
from tests.support.evidence import FAULTY, OK, availability_slo, latency_slo, with_time_slices

LOST = {OK: "0 10 _ _ _ 20 30 40", FAULTY: "0 0 _ _ _ 30 30 30", "up": "1 1 0 0 0 1 1 1"}
FEW_BAD = {OK: "0+93x7", FAULTY: "0+7x7"}
SLICES = {
    "the mean of the slices' ratios is exactly the target": Case(
        with_time_slices(availability_slo(0.99)),
        {OK: "0+99x7", FAULTY: "0+1x7"},
        MET,
        {"sli": 0.99, "kind": "timeslices", "good": None},
    ),
    "the mean gives each slice the same weight, whatever its traffic": Case(
        with_time_slices(availability_slo()),
        {OK: "0x1 300x1 310x1 320x1", FAULTY: "0x3 10x3"},
        MISSED,
        {"sli": pytest.approx(5 / 6)},
    ),
    "the mean of percentiles whose threshold is inside a bucket": Case(
        with_time_slices(latency_slo(0.15, 0.85)), P90, Reason.THRESHOLD_INSIDE_BUCKET, {"bounds": (0.8, 0.9)}
    ),
    "the mean of percentiles meets the target at both ends of the bucket": Case(
        with_time_slices(latency_slo(0.15, 0.8)), P90, MET, {"bounds": (0.8, 0.9), "sli": 0.8}
    ),
    "the mean of percentiles misses the target at both ends of the bucket": Case(
        with_time_slices(latency_slo(0.15, 0.95)), P90, MISSED, {"bounds": (0.8, 0.9), "sli": 0.9}
    ),
    "too few events for a mean that is missed": Case(
        with_time_slices(availability_slo(0.99)), {OK: "0+1x7", FAULTY: "0x5 1x2"}, Reason.TOO_FEW_EVENTS
    ),
    "few events, but so many bad that the mean is missed": Case(
        with_time_slices(availability_slo(0.99)), {OK: "0+1x7", FAULTY: "0+2x7"}, MISSED
    ),
    "too few events in all slices together": Case(
        with_time_slices(availability_slo(0.99)), {OK: "0+1x7"}, Reason.TOO_FEW_EVENTS
    ),
    "every slice is good": Case(
        with_time_slices(availability_slo(0.6), 0.9),
        {OK: "0+10x7"},
        MET,
        {"good": 3, "total": 3, "kind": "timeslices"},
    ),
    "a slice whose ratio is exactly the target is good": Case(
        with_time_slices(availability_slo(0.6), 0.99), {OK: "0+99x7", FAULTY: "0+1x7"}, MET, {"good": 3}
    ),
    "one bad slice of three, and the target is met": Case(
        with_time_slices(availability_slo(0.6), 0.9),
        {OK: "0+10x7", FAULTY: "0x2 5x4"},
        MET,
        {"good": 2, "bad": 1},
    ),
    "two bad slices of three": Case(
        with_time_slices(availability_slo(0.6), 0.9),
        {OK: "0+10x7", FAULTY: "0x2 5x1 10x2"},
        MISSED,
        {"good": 1, "bad": 2},
    ),
    "a slice without events is neither good nor bad": Case(
        with_time_slices(availability_slo(0.5), 0.9), {OK: "0 10 20x2 30 40x2"}, MET, {"good": 2, "total": 2}
    ),
    "fewer slices than the target needs": Case(
        with_time_slices(availability_slo(0.9), 0.9), {OK: "0+10x7"}, Reason.TOO_FEW_EVENTS
    ),
    "the window is shorter than half a slice": Case(
        with_time_slices(availability_slo(0.6), 0.9, seconds=121), {OK: "0+10x7"}, Reason.NO_DATA
    ),
    "events up to the scrape that closes the window count in the last slice": Case(
        with_time_slices(availability_slo(0.6), 0.9),
        {OK: "0+10x7", FAULTY: "0x2 5x3 500"},
        MISSED,
        {"good": 1, "bad": 2},
    ),
    "the window is a little shorter than its slices": Case(
        with_time_slices(availability_slo(0.6), 0.9, seconds=20.1), {OK: "0+10x7"}, MET, {"total": 3}
    ),
    "the window is a little longer than its slices: the last slice is longer": Case(
        with_time_slices(availability_slo(0.5), 0.9, seconds=25),
        {OK: "0+10x7", FAULTY: "0x6 500"},
        MET,
        {"good": 1, "bad": 1},
    ),
    "a sample at the boundary of two slices counts in the later one only": Case(
        with_time_slices(queue_depth_slo(0.5, Op.LTE, 5), 1.0, seconds=15),
        {"queue_depth": "1x1 9 1x1 9 1x1"},
        MET,
        {"good": 2, "total": 4},
    ),
    "samples after the window count in no slice": Case(
        with_time_slices(queue_depth_slo(0.6, Op.LTE, 5), 1.0), {"queue_depth": "9 1x5 9"}, MET, {"good": 3}
    ),
    "slices of a percentile": Case(
        with_time_slices(latency_slo(0.2, 0.6), 0.9), P90, MET, {"good": 3, "total": 3}
    ),
    "slices of a percentile whose threshold is inside a bucket": Case(
        with_time_slices(latency_slo(0.15, 0.6), 0.85),
        P90,
        Reason.THRESHOLD_INSIDE_BUCKET,
        {"bounds": (0.0, 1.0)},
    ),
    "slices of a gauge": Case(
        with_time_slices(queue_depth_slo(0.6, Op.LTE, 5), 1.0),
        {"queue_depth": "9 1x2 9 1x2 9"},
        MET,
        {"good": 2, "total": 3},
    ),
    "missing scrapes while the service failed: which slices were bad is unknown": Case(
        with_time_slices(availability_slo(0.6), 0.9, seconds=10),
        LOST,
        Reason.SCRAPE_GAP,
        {"total": 6, "bounds": (2 / 6, 5 / 6)},
    ),
    "missing scrapes, and the target is met even if all their slices were bad": Case(
        with_time_slices(availability_slo(0.33), 0.9, seconds=10), LOST, MET, {"good": 2, "total": 6}
    ),
    "missing scrapes without bad events": Case(
        with_time_slices(availability_slo(0.5), 0.9, seconds=10),
        {OK: "0 10 _ _ _ 20 30 40", "up": "1 1 0 0 0 1 1 1"},
        MET,
        {"good": 3, "total": 3},
    ),
    "missing scrapes of one of two targets while it failed": Case(
        with_time_slices(availability_slo(0.7), 0.9, seconds=10),
        {
            OK: "0+90x7",
            'http_requests_total{instance="b:80",status="500"}': "0 0 _ _ _ 30 30 30",
            "up": "1x7",
            'up{instance="b:80"}': "1 1 0 0 0 1 1 1",
        },
        Reason.SCRAPE_GAP,
        {"total": 6, "bounds": (3 / 6, 1.0)},
    ),
    "slices shorter than the time between scrapes, with bad events": Case(
        with_time_slices(availability_slo(0.8), 0.9, seconds=2), FEW_BAD, Reason.SCRAPE_GAP, {"total": 30}
    ),
    "slices shorter than the time between scrapes, with a bad slice between any two scrapes": Case(
        with_time_slices(availability_slo(0.8), 0.95, seconds=2), FEW_BAD, MISSED, {"total": 30, "good": 23}
    ),
    "slices shorter than the time between scrapes, without bad events": Case(
        with_time_slices(availability_slo(0.8), 0.9, seconds=2), {OK: "0+10x7"}, MET, {"good": 7, "total": 7}
    ),
    "the mean of slices shorter than the time between scrapes": Case(
        with_time_slices(availability_slo(0.95), seconds=2), FEW_BAD, Reason.SCRAPE_GAP
    ),
    "a percentile in slices shorter than the time between scrapes": Case(
        with_time_slices(latency_slo(0.2, 0.8), 0.9, seconds=2), P90, Reason.SCRAPE_GAP, {"total": 30}
    ),
    "slices a little shorter than the time between scrapes": Case(
        with_time_slices(availability_slo(0.6), 0.9, seconds=8.5), FEW_BAD, MET, {"good": 6, "total": 6}
    ),
    "samples of a gauge in slices shorter than the time between scrapes": Case(
        with_time_slices(queue_depth_slo(0.8, Op.LTE, 5), 1.0, seconds=2),
        {"queue_depth": "1x5 9 1"},
        MET,
        {"good": 5, "total": 6},
    ),
}
