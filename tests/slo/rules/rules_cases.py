"""SLOs of every kind that rules support, and of every kind that they refuse."""

from __future__ import annotations

from dataclasses import replace

from slo.model import BudgetingMethod, EventsSLI, Objective, Op, PromQL, RawRatioSLI, ThresholdSLI
from tests.support.specs import CHECKOUT_SLO, DAY, QUEUE_SLO, WAIT_SLO

REQUESTS = 'requests_total{job="shop"}'
ERRORS = 'requests_total{job="shop",code=~"5..|429"}'
FAILING = replace(CHECKOUT_SLO, sli=EventsSLI(PromQL(REQUESTS), bad=PromQL(ERRORS)))
BY_MINUTE = Objective("by minute", 0.9, time_slice_target=0.95, time_slice_seconds=60.0)

KINDS = {
    "bad of total": FAILING,
    "good of total, other metrics": CHECKOUT_SLO,
    "good of total, one metric": replace(
        CHECKOUT_SLO, sli=EventsSLI(PromQL(REQUESTS), good=PromQL('requests_total{job="shop",code!~"5.."}'))
    ),
    "bad of total, with a low target: windows include the first minutes": replace(
        FAILING, objectives=(Objective("half", 0.5),), window_seconds=30 * DAY
    ),
    "a gauge with a low target: windows include the first minute": replace(
        QUEUE_SLO, objectives=(Objective("", 0.8, Op.LT, 100.0),), window_seconds=90 * DAY
    ),
    "sums of samples with a low target: windows include the first minutes": replace(
        CHECKOUT_SLO,
        sli=EventsSLI(PromQL("batch"), good=PromQL("batch_good"), counter=False),
        objectives=(Objective("four of five", 0.8),),
        window_seconds=90 * DAY,
    ),
    "a bucket of a histogram": replace(
        CHECKOUT_SLO,
        sli=EventsSLI(PromQL("wait_seconds_count"), good=PromQL('wait_seconds_bucket{le="0.25"}')),
        window_seconds=30 * DAY,
    ),
    "sums of rates": replace(
        CHECKOUT_SLO,
        sli=EventsSLI(PromQL("sum(rate(all_total[1m]))"), bad=PromQL("sum(rate(bad_total[1m]))")),
    ),
    "a total that is good + bad": replace(
        CHECKOUT_SLO,
        sli=EventsSLI(
            PromQL(
                'sum(rate(answers_total{ok="no"}[$window])) + sum(rate(answers_total{ok="yes"}[$window]))'
            ),
            bad=PromQL('sum(rate(answers_total{ok="no"}[$window]))'),
        ),
        window_seconds=14 * DAY,
    ),
    "event counts that rise and fall": replace(
        CHECKOUT_SLO,
        sli=EventsSLI(PromQL("batch"), good=PromQL("batch_good"), counter=False),
        window_seconds=90 * DAY,
    ),
    "a percentile": replace(WAIT_SLO, objectives=(Objective("p95", 0.95, Op.LTE, 1.0),)),
    "a gauge with a lower limit": replace(QUEUE_SLO, objectives=(Objective("", 0.99, Op.GT, -0.5),)),
    "an expression": replace(
        QUEUE_SLO, sli=ThresholdSLI(PromQL("max(queue_depth) - min(queue_depth) # spread"))
    ),
    "a raw ratio of failures": replace(
        CHECKOUT_SLO, sli=RawRatioSLI(PromQL("failures:ratio"), success=False)
    ),
    "a raw ratio that divides": replace(
        CHECKOUT_SLO, sli=RawRatioSLI(PromQL("failed / answered"), success=False)
    ),
    "a raw ratio of success, over a week": replace(
        CHECKOUT_SLO, sli=RawRatioSLI(PromQL('up:ratio{a="b\\\\\\"c"}')), window_seconds=7 * DAY
    ),
    "slices of events": replace(FAILING, budgeting=BudgetingMethod.TIMESLICES, objectives=(BY_MINUTE,)),
    "slices of a percentile": replace(
        WAIT_SLO,
        budgeting=BudgetingMethod.TIMESLICES,
        objectives=(Objective("lt 100", 0.99, Op.LT, 100.0, 0.95, 300.0),),
    ),
    "slices of a gauge": replace(
        QUEUE_SLO,
        budgeting=BudgetingMethod.TIMESLICES,
        objectives=(Objective("lt 100", 0.99, Op.LT, 100.0, 0.9, 120.0),),
    ),
    "the mean ratio of slices": replace(
        FAILING,
        budgeting=BudgetingMethod.RATIO_TIMESLICES,
        objectives=(Objective("mean", 0.9, time_slice_seconds=600.0),),
    ),
    "two objectives, and braces": replace(
        FAILING, objectives=(Objective("99.9%", 0.999), Objective("99,9 {{x}}%", 0.99999))
    ),
}

REFUSED = {
    "a window without alert windows": (replace(FAILING, window_seconds=6 * DAY), "timeWindow: 6 days"),
    "a calendar-aligned window": (replace(FAILING, rolling=False), "timeWindow: is aligned to the calendar"),
    "events without a counter": (
        replace(FAILING, sli=EventsSLI(PromQL("a + b"), bad=PromQL("sum(rate(c[5m]))"))),
        "total: a + b has no counter",
    ),
    "a total that is good + bad by host, which may differ": (
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
        replace(QUEUE_SLO, sli=ThresholdSLI(PromQL("(scalar(x) + 2)"))),
        "metric: (scalar(x) + 2) has no series",
    ),
    "a window of a fractional number of days": (
        replace(FAILING, window_seconds=7.5 * DAY),
        "timeWindow: 7.5 days",
    ),
    "slices of seconds": (
        replace(FAILING, objectives=(replace(BY_MINUTE, time_slice_seconds=10.0),)),
        "timeSliceWindow: 10 s",
    ),
}
