"""Runs whose evidence is doubtful, and what becomes of their verdicts."""

from __future__ import annotations

from dataclasses import replace

from slo.model import Op, Reason
from tests.slo.evaluation.verdict_cases import MET, MISSED, Case, depth
from tests.support.evidence import FAULTY, OK, availability, buckets, quick, sent, sliced

STEADY = {OK: "0+10x7"}
BROKEN = {OK: "0+8x7", FAULTY: "0+2x7"}
SLOW = buckets(le_0_1="0+8x7", total="0+10x7")
OLD, NEW = "process_start_time_seconds", 'process_start_time_seconds{instance="b:80"}'
ROLLED = {
    OK: "0+10x3",
    "up": "1x3",
    OLD: "10x3",
    'http_requests_total{instance="b:80",status="200"}': "_x4 5+10x3",
    'up{instance="b:80"}': "_x4 1x3",
    NEW: "_x4 130x3",
}
CHECKED = {
    "every request sent was counted": Case(availability(), STEADY, MET, run=sent(70)),
    "Prometheus does not answer": Case(
        availability(), {}, Reason.PROMETHEUS_UNREACHABLE, error="prometheus:9090 does not answer"
    ),
    "the load was interrupted": Case(
        availability(), STEADY, Reason.INTERRUPTED, run=replace(sent(70), interrupted=True)
    ),
    "the target restarted during the run, and its counters are whole": Case(
        availability(),
        STEADY | {"process_start_time_seconds": "10x3 130x3"},
        Reason.TARGET_RESTARTED,
        run=sent(70),
    ),
    "the target restarted during the run, and its counters with it": Case(
        availability(),
        {OK: "0+10x3 0+10x3", "process_start_time_seconds": "10x3 130x3"},
        Reason.TARGET_RESTARTED,
        run=sent(60),
    ),
    "counters began anew during the run, and no start time tells of it": Case(
        availability(), {OK: "0+10x3 0+10x3"}, Reason.TARGET_RESTARTED, run=sent(60)
    ),
    "a past window whose target went down: how much a miss weighs is not known": Case(
        availability(), {OK: "0+8x3 _x4", FAULTY: "0+2x3 _x4", "up": "1x3 0x3"}, Reason.TARGET_DOWN
    ),
    "the target went down": Case(
        availability(), {OK: "0+10x3 _x4", "up": "1x3 0x3"}, Reason.TARGET_DOWN, run=sent(70, completed=35)
    ),
    "a past window with a deployment: one replica left, and the one that began counts from zero": Case(
        availability(),
        ROLLED,
        MET,
        {"good": 65, "bad": 0},
    ),
    "a deployment during a run": Case(availability(), ROLLED, Reason.SCRAPE_GAP, run=sent(65)),
    "the load was not delivered": Case(
        availability(), STEADY, Reason.LOAD_NOT_DELIVERED, run=sent(70, offered=80)
    ),
    "a miss by a load that was not the one asked for": Case(
        availability(), BROKEN, Reason.LOAD_NOT_DELIVERED, run=sent(70, offered=80)
    ),
    "a miss by a load that was not the one asked for, and the target restarted too": Case(
        availability(),
        BROKEN | {"process_start_time_seconds": "10x3 130x3"},
        Reason.TARGET_RESTARTED,
        run=sent(70, offered=80),
    ),
    "Prometheus did not scrape for long": Case(
        availability(), {OK: "0+10x1 _x4 60+10x1", "up": "1x1 _x4 1x1"}, Reason.SCRAPE_GAP, run=sent(70)
    ),
    "the service counted one request less than were answered": Case(
        availability(), STEADY, Reason.COUNTS_DO_NOT_RECONCILE, run=sent(71)
    ),
    "the service counted one request more than were sent": Case(
        availability(), STEADY, Reason.COUNTS_DO_NOT_RECONCILE, run=sent(69)
    ),
    "a miss that stands even had every request that was not seen been good": Case(
        availability(),
        BROKEN,
        MISSED,
        {"notes": ("missed even so: check counts_reconcile failed",)},
        run=sent(139),
    ),
    "a miss that would be none had every request that was not seen been good": Case(
        availability(), BROKEN, Reason.COUNTS_DO_NOT_RECONCILE, run=sent(140)
    ),
    "a percentile that is missed stands, too": Case(quick(0.1, 0.9), STEADY | SLOW, MISSED, run=sent(139)),
    "missed slices do not stand against a failed check": Case(
        sliced(availability(0.5), 0.9), BROKEN, Reason.COUNTS_DO_NOT_RECONCILE, run=sent(139)
    ),
    "a missed gauge does not stand against a failed check": Case(
        depth(0.5, Op.LTE, 5),
        STEADY | {"queue_depth": "9x7"},
        Reason.COUNTS_DO_NOT_RECONCILE,
        run=sent(71),
    ),
    "no data, and the cause of it is known": Case(
        availability(), {OK: "5x3 _x4", "up": "1x3 0x3"}, Reason.TARGET_DOWN, run=sent(70, completed=0)
    ),
}
