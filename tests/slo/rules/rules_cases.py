"""SLOs of every kind that rules are written for, and of every kind that is refused."""

from __future__ import annotations

from dataclasses import replace

from slo.model import Budgeting, EventsSLI, Objective, Op, PromQL, RawRatioSLI, ThresholdSLI
from tests.support.specs import CHECKOUT, DAY, QUEUE, WAIT

REQUESTS = 'requests_total{job="shop"}'
ERRORS = 'requests_total{job="shop",code=~"5..|429"}'
FAILING = replace(CHECKOUT, sli=EventsSLI(PromQL(REQUESTS), bad=PromQL(ERRORS)))
BY_MINUTE = Objective("by minute", 0.9, time_slice_target=0.95, time_slice_seconds=60.0)

KINDS = {
    "bad of total": FAILING,
    "good of total, other metrics": CHECKOUT,
    "good of total, one metric": replace(
        CHECKOUT, sli=EventsSLI(PromQL(REQUESTS), good=PromQL('requests_total{job="shop",code!~"5.."}'))
    ),
    "bad of total, so many that the windows hold its first minutes": replace(
        FAILING, objectives=(Objective("half", 0.5),), window_seconds=30 * DAY
    ),
    "a gauge, bad so often that the windows hold its first minute": replace(
        QUEUE, objectives=(Objective("", 0.8, Op.LT, 100.0),), window_seconds=90 * DAY
    ),
    "sums of samples, bad so often that the windows hold their first minutes": replace(
        CHECKOUT,
        sli=EventsSLI(PromQL("batch"), good=PromQL("batch_good"), counter=False),
        objectives=(Objective("four of five", 0.8),),
        window_seconds=90 * DAY,
    ),
    "a bucket of a histogram": replace(
        CHECKOUT,
        sli=EventsSLI(PromQL("wait_seconds_count"), good=PromQL('wait_seconds_bucket{le="0.25"}')),
        window_seconds=30 * DAY,
    ),
    "sums of rates": replace(
        CHECKOUT, sli=EventsSLI(PromQL("sum(rate(all_total[1m]))"), bad=PromQL("sum(rate(bad_total[1m]))"))
    ),
    "good and bad, added up": replace(
        CHECKOUT,
        sli=EventsSLI(
            PromQL(
                'sum(rate(answers_total{ok="no"}[$window])) + sum(rate(answers_total{ok="yes"}[$window]))'
            ),
            bad=PromQL('sum(rate(answers_total{ok="no"}[$window]))'),
        ),
        window_seconds=14 * DAY,
    ),
    "numbers of events that go up and down": replace(
        CHECKOUT,
        sli=EventsSLI(PromQL("batch"), good=PromQL("batch_good"), counter=False),
        window_seconds=90 * DAY,
    ),
    "a percentile": replace(WAIT, objectives=(Objective("p95", 0.95, Op.LTE, 1.0),)),
    "a gauge from below": replace(QUEUE, objectives=(Objective("", 0.99, Op.GT, -0.5),)),
    "an expression": replace(QUEUE, sli=ThresholdSLI(PromQL("max(queue_depth) - min(queue_depth) # spread"))),
    "a raw ratio of failures": replace(CHECKOUT, sli=RawRatioSLI(PromQL("failures:ratio"), success=False)),
    "a raw ratio that divides": replace(
        CHECKOUT, sli=RawRatioSLI(PromQL("failed / answered"), success=False)
    ),
    "a raw ratio of success, in a week": replace(
        CHECKOUT, sli=RawRatioSLI(PromQL('up:ratio{a="b\\\\\\"c"}')), window_seconds=7 * DAY
    ),
    "slices of events": replace(FAILING, budgeting=Budgeting.TIMESLICES, objectives=(BY_MINUTE,)),
    "slices of a percentile": replace(
        WAIT,
        budgeting=Budgeting.TIMESLICES,
        objectives=(Objective("lt 100", 0.99, Op.LT, 100.0, 0.95, 300.0),),
    ),
    "slices of a gauge": replace(
        QUEUE,
        budgeting=Budgeting.TIMESLICES,
        objectives=(Objective("lt 100", 0.99, Op.LT, 100.0, 0.9, 120.0),),
    ),
    "the mean ratio of slices": replace(
        FAILING,
        budgeting=Budgeting.RATIO_TIMESLICES,
        objectives=(Objective("mean", 0.9, time_slice_seconds=600.0),),
    ),
    "two objectives, and braces": replace(
        FAILING, objectives=(Objective("99.9%", 0.999), Objective("99,9 {{x}}%", 0.99999))
    ),
}

REFUSED = {
    "a window without alerts": (replace(FAILING, window_seconds=6 * DAY), "timeWindow: 6 days"),
    "a window of the calendar": (replace(FAILING, rolling=False), "timeWindow: is aligned to the calendar"),
    "events that no counter counts": (
        replace(FAILING, sli=EventsSLI(PromQL("a + b"), bad=PromQL("sum(rate(c[5m]))"))),
        "total: a + b has no counter",
    ),
    "good and bad by host, which may differ": (
        replace(
            FAILING,
            sli=EventsSLI(
                PromQL("sum by (h) (rate(a[5m])) + sum by (h) (rate(b[5m]))"),
                bad=PromQL("sum by (h) (rate(b[5m]))"),
            ),
        ),
        "total: sum by (h) (rate(a[5m])) + sum by (h) (rate(b[5m])) has no counter",
    ),
    "a scalar": (
        replace(QUEUE, sli=ThresholdSLI(PromQL("(scalar(x) + 2)"))),
        "metric: (scalar(x) + 2) has no series",
    ),
    "a window of hours": (replace(FAILING, window_seconds=7.5 * DAY), "timeWindow: 7.5 days"),
    "slices of seconds": (
        replace(FAILING, objectives=(replace(BY_MINUTE, time_slice_seconds=10.0),)),
        "timeSliceWindow: 10 s",
    ),
}
