"""Verdicts on runs and windows with failed checks: a table of cases."""

from __future__ import annotations

from dataclasses import replace

from slo.model import Op, Reason
from tests.slo.evaluation.verdict_cases import MET, MISSED, Case, queue_depth_slo
from tests.support.evidence import (
    FAULTY,
    OK,
    STEADY,
    availability_slo,
    bucket_samples,
    failing_run,
    latency_slo,
    run_record,
    with_time_slices,
)

BROKEN = {OK: "0+8x7", FAULTY: "0+2x7"}
SLOW = bucket_samples(le_0_1="0+8x7", total="0+10x7")
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
    "every request that was sent was counted": Case(availability_slo(), STEADY, MET, run=run_record(70)),
    "Prometheus does not answer": Case(
        availability_slo(), {}, Reason.PROMETHEUS_UNREACHABLE, error="prometheus:9090 does not answer"
    ),
    "the load was interrupted": Case(
        availability_slo(), STEADY, Reason.INTERRUPTED, run=replace(run_record(70), interrupted=True)
    ),
    "the target restarted during the run, without counter resets": Case(
        availability_slo(),
        STEADY | {"process_start_time_seconds": "10x3 130x3"},
        Reason.TARGET_RESTARTED,
        run=run_record(70),
    ),
    "the target restarted during the run, with counter resets": Case(
        availability_slo(),
        {OK: "0+10x3 0+10x3", "process_start_time_seconds": "10x3 130x3"},
        Reason.TARGET_RESTARTED,
        run=run_record(60),
    ),
    "counters were reset during the run, without process start times": Case(
        availability_slo(), {OK: "0+10x3 0+10x3"}, Reason.TARGET_RESTARTED, run=run_record(60)
    ),
    "a past window whose target went down: MISSED does not stand without the number of requests sent": Case(
        availability_slo(), {OK: "0+8x3 _x4", FAULTY: "0+2x3 _x4", "up": "1x3 0x3"}, Reason.TARGET_DOWN
    ),
    "the target went down": Case(
        availability_slo(),
        {OK: "0+10x3 _x4", "up": "1x3 0x3"},
        Reason.TARGET_DOWN,
        run=run_record(70, completed=35),
    ),
    "a past window with a deployment: one replica disappeared, the new one counts from zero": Case(
        availability_slo(),
        ROLLED,
        MET,
        {"good": 65, "bad": 0},
    ),
    "a deployment during a run": Case(availability_slo(), ROLLED, Reason.SCRAPE_GAP, run=run_record(65)),
    "the load was not delivered": Case(
        availability_slo(), STEADY, Reason.LOAD_NOT_DELIVERED, run=run_record(70, offered=80)
    ),
    "missed, but the load was not delivered": Case(
        availability_slo(), BROKEN, Reason.LOAD_NOT_DELIVERED, run=run_record(70, offered=80)
    ),
    "missed, but the load was not delivered and the target restarted": Case(
        availability_slo(),
        BROKEN | {"process_start_time_seconds": "10x3 130x3"},
        Reason.TARGET_RESTARTED,
        run=run_record(70, offered=80),
    ),
    "the requests of the load failed, and the service counts none of them as bad": Case(
        availability_slo(), STEADY, Reason.LOAD_FAILED, run=failing_run(70, ("status 401", 401, 70))
    ),
    "Prometheus did not scrape for too long": Case(
        availability_slo(),
        {OK: "0+10x1 _x4 60+10x1", "up": "1x1 _x4 1x1"},
        Reason.SCRAPE_GAP,
        run=run_record(70),
    ),
    "the service counted one request less than had a response": Case(
        availability_slo(), STEADY, Reason.COUNTS_DO_NOT_RECONCILE, run=run_record(71)
    ),
    "the service counted one request more than were sent": Case(
        availability_slo(), STEADY, Reason.COUNTS_DO_NOT_RECONCILE, run=run_record(69)
    ),
    "MISSED stands if it would be missed with all uncounted requests good": Case(
        availability_slo(),
        BROKEN,
        MISSED,
        {"notes": ('still MISSED although the check "counts_reconcile" failed',)},
        run=run_record(139),
    ),
    "MISSED does not stand if it would be met with all uncounted requests good": Case(
        availability_slo(), BROKEN, Reason.COUNTS_DO_NOT_RECONCILE, run=run_record(140)
    ),
    "MISSED stands if the events beyond the requests sent can't be all of the bad ones": Case(
        availability_slo(), BROKEN, MISSED, run=run_record(69)
    ),
    "MISSED does not stand if bad events may be those of other traffic": Case(
        availability_slo(), BROKEN, Reason.COUNTS_DO_NOT_RECONCILE, run=run_record(60)
    ),
    "a missed percentile stands in the same way": Case(
        latency_slo(0.1, 0.9), STEADY | SLOW, MISSED, run=run_record(139)
    ),
    "missed time slices do not stand if a check failed": Case(
        with_time_slices(availability_slo(0.5), 0.9),
        BROKEN,
        Reason.COUNTS_DO_NOT_RECONCILE,
        run=run_record(139),
    ),
    "a missed gauge does not stand if a check failed": Case(
        queue_depth_slo(0.5, Op.LTE, 5),
        STEADY | {"queue_depth": "9x7"},
        Reason.COUNTS_DO_NOT_RECONCILE,
        run=run_record(71),
    ),
    "no data, and the failed check gives the cause": Case(
        availability_slo(),
        {OK: "5x3 _x4", "up": "1x3 0x3"},
        Reason.TARGET_DOWN,
        run=run_record(70, completed=0),
    ),
}
