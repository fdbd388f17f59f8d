"""OpenSLO texts that the tests of the spec start from, and what each means in our words."""

from __future__ import annotations

from dataclasses import replace

from slo.model import (
    SLO,
    AlertCondition,
    AlertPolicy,
    Budgeting,
    EventsSLI,
    HistogramQuantile,
    Objective,
    Op,
    PromQL,
    RawRatioSLI,
    ThresholdSLI,
)

DAY = 86_400.0

EVENTS = """\
apiVersion: openslo/v1
kind: SLO
metadata:
  name: checkout
spec:
  service: shop
  indicator:
    metadata:
      name: paid
    spec:
      ratioMetric:
        counter: true
        good:
          metricSource:
            type: Prometheus
            spec:
              query: paid_total
        total:
          metricSource:
            type: Prometheus
            spec:
              query: orders_total
  timeWindow:
    - duration: 28d
      isRolling: true
  budgetingMethod: Occurrences
  objectives:
    - target: 0.99
"""

THRESHOLD = """\
apiVersion: openslo/v1
kind: SLO
metadata:
  name: queue
spec:
  service: shop
  indicator:
    metadata:
      name: depth
    spec:
      thresholdMetric:
        metricSource:
          type: Prometheus
          spec:
            query: queue_depth
  budgetingMethod: Occurrences
  objectives:
    - op: lt
      value: 100
      target: 0.9
"""

PERCENTILE = THRESHOLD.replace(
    "            query: queue_depth\n", "            histogram: wait_seconds\n            quantile: 0.95\n"
).replace("      target: 0.9\n", "")

REFERRED = """\
apiVersion: openslo/v1
kind: DataSource
metadata: {name: main}
spec:
  type: prometheus
  connectionDetails: {url: "https://prometheus.example/path"}
---
apiVersion: openslo/v1
kind: Service
metadata: {name: shop}
---
apiVersion: openslo/v1
kind: SLI
metadata: {name: paid}
spec:
  ratioMetric:
    rawType: failure
    raw:
      metricSource:
        metricSourceRef: main
        spec: {promql: failures:ratio}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: checkout}
spec:
  service: shop
  indicatorRef: paid
  budgetingMethod: Occurrences
  objectives: [{targetPercent: 99.95}]
"""


def changed(text: str, *pairs: tuple[str, str]) -> str:
    """The text with each old piece replaced by its new one; every old piece must be there."""
    for old, new in pairs:
        if old not in text:
            raise ValueError(f"{old!r} is not in the text")
        text = text.replace(old, new, 1)
    return text


BASES = {"EVENTS": EVENTS, "THRESHOLD": THRESHOLD, "PERCENTILE": PERCENTILE, "REFERRED": REFERRED}

CHECKOUT = SLO(
    name="checkout",
    service="shop",
    sli=EventsSLI(total=PromQL("orders_total"), good=PromQL("paid_total")),
    budgeting=Budgeting.OCCURRENCES,
    window_seconds=28 * DAY,
    objectives=(Objective("99%", 0.99),),
)
QUEUE = SLO(
    name="queue",
    service="shop",
    sli=ThresholdSLI(PromQL("queue_depth")),
    budgeting=Budgeting.OCCURRENCES,
    window_seconds=28 * DAY,
    objectives=(Objective("lt 100", 0.9, Op.LT, 100.0),),
)
WAIT = replace(
    QUEUE,
    sli=ThresholdSLI(HistogramQuantile("wait_seconds", 0.95)),
    objectives=(Objective("lt 100", 0.95, Op.LT, 100.0),),
)
POLICIES = """\
  alertPolicies:
    - kind: AlertPolicy
      metadata: {name: tickets}
      spec:
        alertWhenNoData: true
        conditions:
          - kind: AlertCondition
            metadata: {name: slow}
            spec:
              severity: ticket
              condition: {op: gte, threshold: 1, lookbackWindow: 6h}
    - alertPolicyRef: pages
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata: {name: pages}
spec:
  alertWhenBreaching: true
  alertWhenResolved: true
  conditions: [{conditionRef: fast}]
  notificationTargets:
    - targetRef: on-call
    - kind: AlertNotificationTarget
      metadata: {name: mail}
      spec: {target: email}
---
apiVersion: openslo/v1
kind: AlertCondition
metadata: {name: fast}
spec:
  severity: page
  condition: {kind: burnrate, op: gt, threshold: 14.4, lookbackWindow: 10s, alertAfter: 5m}
---
apiVersion: openslo/v1
kind: AlertNotificationTarget
metadata: {name: on-call}
spec: {target: slack}
"""

METHOD = "budgetingMethod: Occurrences"

GOOD: dict[str, tuple[str, SLO]] = {
    "good events of total events": (EVENTS, CHECKOUT),
    "bad events of total events": (
        changed(EVENTS, ("        good:", "        bad:")),
        replace(CHECKOUT, sli=EventsSLI(total=PromQL("orders_total"), bad=PromQL("paid_total"))),
    ),
    "numbers of events that go up and down": (
        changed(EVENTS, ("counter: true", "counter: false")),
        replace(
            CHECKOUT, sli=EventsSLI(total=PromQL("orders_total"), good=PromQL("paid_total"), counter=False)
        ),
    ),
    "a window in quarters is 90 days each": (
        changed(EVENTS, ("28d", "2Q")),
        replace(CHECKOUT, window_seconds=180 * DAY),
    ),
    "a window without isRolling rolls": (changed(EVENTS, ("      isRolling: true\n", "")), CHECKOUT),
    "a window of the calendar": (
        changed(
            EVENTS, ("isRolling: true", "calendar: {startTime: 2024-01-01 00:00:00, timeZone: Europe/Berlin}")
        ),
        replace(CHECKOUT, rolling=False),
    ),
    "a comparison that says what a target says": (
        changed(EVENTS, ("target: 0.99", "target: 0.99\n      op: gt")),
        replace(CHECKOUT, objectives=(replace(CHECKOUT.objectives[0], op=Op.GT),)),
    ),
    "a list of objects, as OpenSLO's Go library writes it": ("- " + EVENTS.replace("\n", "\n  "), CHECKOUT),
    "several objectives of a ratio, in ratios and per cent": (
        changed(
            EVENTS,
            (
                "    - target: 0.99\n",
                "    - target: 0.99\n    - targetPercent: 99.95\n      displayName: A\n",
            ),
        ),
        replace(CHECKOUT, objectives=(Objective("99%", 0.99), Objective("A", 0.9995))),
    ),
    "fields that only document": (
        changed(
            EVENTS,
            (
                "  name: checkout\n",
                "  name: checkout\n  displayName: Checkout\n  labels: {team: [a, b], tier: x}\n",
            ),
            ("spec:\n", "  annotations: {openslo.com/a: b, c: d}\nspec:\n  description: Pays.\n"),
        ),
        replace(CHECKOUT, display_name="Checkout", description="Pays."),
    ),
    "alert policies that hold nothing": (EVENTS + "  alertPolicies:\n", CHECKOUT),
    "time slices of events": (
        changed(
            EVENTS,
            (METHOD, "budgetingMethod: Timeslices"),
            ("target: 0.99", "target: 0.99\n      timeSliceTarget: 1\n      timeSliceWindow: 5"),
        ),
        replace(
            CHECKOUT,
            budgeting=Budgeting.TIMESLICES,
            objectives=(Objective("99%", 0.99, time_slice_target=1.0, time_slice_seconds=300.0),),
        ),
    ),
    "the mean ratio of time slices, in seconds (our extension)": (
        changed(
            EVENTS,
            (METHOD, "budgetingMethod: RatioTimeslices"),
            ("target: 0.99", "target: 0.99\n      timeSliceWindow: 10s"),
        ),
        replace(
            CHECKOUT,
            budgeting=Budgeting.RATIO_TIMESLICES,
            objectives=(Objective("99%", 0.99, time_slice_seconds=10.0),),
        ),
    ),
    "a threshold, and a window left out is four weeks": (THRESHOLD, QUEUE),
    "a percentile: its quantile is the target": (PERCENTILE, WAIT),
    "a percentile whose target agrees": (PERCENTILE + "      targetPercent: 95\n", WAIT),
    "a percentile in 99 % of time slices": (
        changed(PERCENTILE, (METHOD, "budgetingMethod: Timeslices"))
        + "      target: 0.99\n      timeSliceWindow: 1m\n",
        replace(
            WAIT,
            budgeting=Budgeting.TIMESLICES,
            objectives=(Objective("lt 100", 0.99, Op.LT, 100.0, 0.95, 60.0),),
        ),
    ),
    "the mean ratio of time slices of a percentile": (
        changed(PERCENTILE, (METHOD, "budgetingMethod: RatioTimeslices")) + "      timeSliceWindow: 1m\n",
        replace(
            WAIT,
            budgeting=Budgeting.RATIO_TIMESLICES,
            objectives=(Objective("lt 100", 0.95, Op.LT, 100.0, time_slice_seconds=60.0),),
        ),
    ),
    "an indicator, a data source and a service that are referred to": (
        REFERRED,
        replace(
            CHECKOUT,
            sli=RawRatioSLI(PromQL("failures:ratio"), success=False),
            objectives=(Objective("99.95%", 0.9995),),
            data_source="main",
        ),
    ),
    "alert policies, written in the SLO and referred to, with what is left out": (
        EVENTS + POLICIES,
        replace(
            CHECKOUT,
            alert_policies=(
                AlertPolicy(
                    "tickets", AlertCondition("slow", "ticket", Op.GTE, 1.0, 6 * 3600.0), when_no_data=True
                ),
                AlertPolicy(
                    "pages",
                    AlertCondition("fast", "page", Op.GT, 14.4, 10.0, 300.0),
                    when_breaching=True,
                    when_resolved=True,
                ),
            ),
        ),
    ),
}
