"""Time slices and the verdict that follows from them: the window of 60 s holds three of 20 s."""

from __future__ import annotations

import pytest

from slo.model import Op, Reason
from tests.slo.evaluation.verdict_cases import MET, MISSED, P90, Case, depth
from tests.support.evidence import FAULTY, OK, availability, quick, sliced

LOST = {OK: "0 10 _ _ _ 20 30 40", FAULTY: "0 0 _ _ _ 30 30 30", "up": "1 1 0 0 0 1 1 1"}
FEW_BAD = {OK: "0+93x7", FAULTY: "0+7x7"}
SLICES = {
    "the mean of the slices' ratios is the target to the last digit": Case(
        sliced(availability(0.99)),
        {OK: "0+99x7", FAULTY: "0+1x7"},
        MET,
        {"sli": 0.99, "kind": "timeslices", "good": None},
    ),
    "the mean gives each slice one vote, whatever its traffic": Case(
        sliced(availability()),
        {OK: "0x1 300x1 310x1 320x1", FAULTY: "0x3 10x3"},
        MISSED,
        {"sli": pytest.approx(5 / 6)},
    ),
    "the mean of percentiles whose threshold lies inside a bucket": Case(
        sliced(quick(0.15, 0.85)), P90, Reason.THRESHOLD_INSIDE_BUCKET, {"bounds": (0.8, 0.9)}
    ),
    "the mean of percentiles whose bucket is good enough at both ends": Case(
        sliced(quick(0.15, 0.8)), P90, MET, {"bounds": (0.8, 0.9), "sli": 0.8}
    ),
    "the mean of percentiles whose bucket is not good enough at either end": Case(
        sliced(quick(0.15, 0.95)), P90, MISSED, {"bounds": (0.8, 0.9), "sli": 0.9}
    ),
    "too few events for a mean that is missed": Case(
        sliced(availability(0.99)), {OK: "0+1x7", FAULTY: "0x5 1x2"}, Reason.TOO_FEW_EVENTS
    ),
    "a mean that would be missed had so many more events been good": Case(
        sliced(availability(0.99)), {OK: "0+1x7", FAULTY: "0+2x7"}, MISSED
    ),
    "too few events in all slices together": Case(
        sliced(availability(0.99)), {OK: "0+1x7"}, Reason.TOO_FEW_EVENTS
    ),
    "every slice is good": Case(
        sliced(availability(0.6), 0.9), {OK: "0+10x7"}, MET, {"good": 3, "total": 3, "kind": "timeslices"}
    ),
    "a slice whose ratio is the target to the last digit is good": Case(
        sliced(availability(0.6), 0.99), {OK: "0+99x7", FAULTY: "0+1x7"}, MET, {"good": 3}
    ),
    "one slice is bad, and the rest suffice": Case(
        sliced(availability(0.6), 0.9), {OK: "0+10x7", FAULTY: "0x2 5x4"}, MET, {"good": 2, "bad": 1}
    ),
    "two slices of three are bad": Case(
        sliced(availability(0.6), 0.9), {OK: "0+10x7", FAULTY: "0x2 5x1 10x2"}, MISSED, {"good": 1, "bad": 2}
    ),
    "a slice without events is neither good nor bad": Case(
        sliced(availability(0.5), 0.9), {OK: "0 10 20x2 30 40x2"}, MET, {"good": 2, "total": 2}
    ),
    "fewer slices than the target needs": Case(
        sliced(availability(0.9), 0.9), {OK: "0+10x7"}, Reason.TOO_FEW_EVENTS
    ),
    "the window is shorter than half a slice": Case(
        sliced(availability(0.6), 0.9, seconds=121), {OK: "0+10x7"}, Reason.NO_DATA
    ),
    "events up to the scrape that closes the window are in the last slice": Case(
        sliced(availability(0.6), 0.9),
        {OK: "0+10x7", FAULTY: "0x2 5x3 500"},
        MISSED,
        {"good": 1, "bad": 2},
    ),
    "the window is a little shorter than its slices": Case(
        sliced(availability(0.6), 0.9, seconds=20.1), {OK: "0+10x7"}, MET, {"total": 3}
    ),
    "the window is a little longer than its slices: the last one takes the rest": Case(
        sliced(availability(0.5), 0.9, seconds=25),
        {OK: "0+10x7", FAULTY: "0x6 500"},
        MET,
        {"good": 1, "bad": 1},
    ),
    "a sample on the bound of two slices is in the later one alone": Case(
        sliced(depth(0.5, Op.LTE, 5), 1.0, seconds=15),
        {"queue_depth": "1x1 9 1x1 9 1x1"},
        MET,
        {"good": 2, "total": 4},
    ),
    "samples after the window are in no slice": Case(
        sliced(depth(0.6, Op.LTE, 5), 1.0), {"queue_depth": "9 1x5 9"}, MET, {"good": 3}
    ),
    "slices of a percentile": Case(sliced(quick(0.2, 0.6), 0.9), P90, MET, {"good": 3, "total": 3}),
    "slices of a percentile whose threshold lies inside a bucket": Case(
        sliced(quick(0.15, 0.6), 0.85), P90, Reason.THRESHOLD_INSIDE_BUCKET, {"bounds": (0.0, 1.0)}
    ),
    "slices of a gauge": Case(
        sliced(depth(0.6, Op.LTE, 5), 1.0), {"queue_depth": "9 1x2 9 1x2 9"}, MET, {"good": 2, "total": 3}
    ),
    "scrapes were lost while the service failed: which slices were bad isn't known": Case(
        sliced(availability(0.6), 0.9, seconds=10),
        LOST,
        Reason.SCRAPE_GAP,
        {"total": 6, "bounds": (2 / 6, 5 / 6)},
    ),
    "scrapes were lost, and the target is met were all of their slices bad": Case(
        sliced(availability(0.33), 0.9, seconds=10), LOST, MET, {"good": 2, "total": 6}
    ),
    "scrapes were lost, and nothing failed": Case(
        sliced(availability(0.5), 0.9, seconds=10),
        {OK: "0 10 _ _ _ 20 30 40", "up": "1 1 0 0 0 1 1 1"},
        MET,
        {"good": 3, "total": 3},
    ),
    "one target of two lost scrapes while it failed": Case(
        sliced(availability(0.7), 0.9, seconds=10),
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
        sliced(availability(0.8), 0.9, seconds=2), FEW_BAD, Reason.SCRAPE_GAP, {"total": 30}
    ),
    "slices shorter than the time between scrapes, and a bad one in each of these": Case(
        sliced(availability(0.8), 0.95, seconds=2), FEW_BAD, MISSED, {"total": 30, "good": 23}
    ),
    "slices shorter than the time between scrapes, without bad events": Case(
        sliced(availability(0.8), 0.9, seconds=2), {OK: "0+10x7"}, MET, {"good": 7, "total": 7}
    ),
    "the mean of slices shorter than the time between scrapes": Case(
        sliced(availability(0.95), seconds=2), FEW_BAD, Reason.SCRAPE_GAP
    ),
    "a percentile in slices shorter than the time between scrapes": Case(
        sliced(quick(0.2, 0.8), 0.9, seconds=2), P90, Reason.SCRAPE_GAP, {"total": 30}
    ),
    "slices a little shorter than the time between scrapes": Case(
        sliced(availability(0.6), 0.9, seconds=8.5), FEW_BAD, MET, {"good": 6, "total": 6}
    ),
    "samples of a gauge in slices shorter than the time between scrapes": Case(
        sliced(depth(0.8, Op.LTE, 5), 1.0, seconds=2),
        {"queue_depth": "1x5 9 1"},
        MET,
        {"good": 5, "total": 6},
    ),
}
