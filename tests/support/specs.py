"""OpenSLO specs for tests, and the ``SLO`` that each must be read as."""

from __future__ import annotations

from dataclasses import replace

from slo.model import (
    SLO,
    AlertCondition,
    AlertPolicy,
    BudgetingMethod,
    EventsSLI,
    HistogramQuantile,
    Objective,
    Op,
    PromQL,
    RawRatioSLI,
    ThresholdSLI,
)

DAY = 86_400.0
EVENTS_OBJECTIVE = Objective("o", 0.9)
THRESHOLD_OBJECTIVE = Objective("o", 0.9, Op.LTE, 5)

EVENTS_SPEC = """\
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

THRESHOLD_SPEC = """\
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

PERCENTILE_SPEC = THRESHOLD_SPEC.replace(
    "            query: queue_depth\n", "            histogram: wait_seconds\n            quantile: 0.95\n"
).replace("      target: 0.9\n", "")

SPEC_WITH_REFERENCES = """\
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


def replace_in_text(text: str, *pairs: tuple[str, str]) -> str:
    """Replace the first occurrence of each old text by its new text; all old texts must occur."""
    for old, new in pairs:
        if old not in text:
            raise ValueError(f"{old!r} is not in the text")
        text = text.replace(old, new, 1)
    return text


BASE_SPECS = {
    "EVENTS": EVENTS_SPEC,
    "THRESHOLD": THRESHOLD_SPEC,
    "PERCENTILE": PERCENTILE_SPEC,
    "REFERRED": SPEC_WITH_REFERENCES,
}

CHECKOUT_SLO = SLO(
    name="checkout",
    service="shop",
    sli=EventsSLI(total=PromQL("orders_total"), good=PromQL("paid_total")),
    budgeting=BudgetingMethod.OCCURRENCES,
    window_seconds=28 * DAY,
    objectives=(Objective("99%", 0.99),),
)
QUEUE_SLO = SLO(
    name="queue",
    service="shop",
    sli=ThresholdSLI(PromQL("queue_depth")),
    budgeting=BudgetingMethod.OCCURRENCES,
    window_seconds=28 * DAY,
    objectives=(Objective("lt 100", 0.9, Op.LT, 100.0),),
)
WAIT_SLO = replace(
    QUEUE_SLO,
    sli=ThresholdSLI(HistogramQuantile("wait_seconds", 0.95)),
    objectives=(Objective("lt 100", 0.95, Op.LT, 100.0),),
)
ALERT_POLICIES = """\
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

_METHOD = "budgetingMethod: Occurrences"

VALID_SPECS: dict[str, tuple[str, SLO]] = {
    "good events of total events": (EVENTS_SPEC, CHECKOUT_SLO),
    "bad events of total events": (
        replace_in_text(EVENTS_SPEC, ("        good:", "        bad:")),
        replace(CHECKOUT_SLO, sli=EventsSLI(total=PromQL("orders_total"), bad=PromQL("paid_total"))),
    ),
    "numbers of events that are no counters": (
        replace_in_text(EVENTS_SPEC, ("counter: true", "counter: false")),
        replace(
            CHECKOUT_SLO,
            sli=EventsSLI(total=PromQL("orders_total"), good=PromQL("paid_total"), counter=False),
        ),
    ),
    "a quarter is a window of 90 days": (
        replace_in_text(EVENTS_SPEC, ("28d", "2Q")),
        replace(CHECKOUT_SLO, window_seconds=180 * DAY),
    ),
    "a window without isRolling is rolling": (
        replace_in_text(EVENTS_SPEC, ("      isRolling: true\n", "")),
        CHECKOUT_SLO,
    ),
    "a calendar-aligned window": (
        replace_in_text(
            EVENTS_SPEC,
            ("isRolling: true", "calendar: {startTime: 2024-01-01 00:00:00, timeZone: Europe/Berlin}"),
        ),
        replace(CHECKOUT_SLO, rolling=False),
    ),
    "a ratio objective with op": (
        replace_in_text(EVENTS_SPEC, ("target: 0.99", "target: 0.99\n      op: gt")),
        replace(CHECKOUT_SLO, objectives=(replace(CHECKOUT_SLO.objectives[0], op=Op.GT),)),
    ),
    "a list of documents, as OpenSLO's Go library writes it": (
        "- " + EVENTS_SPEC.replace("\n", "\n  "),
        CHECKOUT_SLO,
    ),
    "several objectives of a ratio, as ratio and as percentage": (
        replace_in_text(
            EVENTS_SPEC,
            (
                "    - target: 0.99\n",
                "    - target: 0.99\n    - targetPercent: 99.95\n      displayName: A\n",
            ),
        ),
        replace(CHECKOUT_SLO, objectives=(Objective("99%", 0.99), Objective("A", 0.9995))),
    ),
    "fields for documentation only": (
        replace_in_text(
            EVENTS_SPEC,
            (
                "  name: checkout\n",
                "  name: checkout\n  displayName: Checkout\n  labels: {team: [a, b], tier: x}\n",
            ),
            ("spec:\n", "  annotations: {openslo.com/a: b, c: d}\nspec:\n  description: Pays.\n"),
        ),
        replace(CHECKOUT_SLO, display_name="Checkout", description="Pays."),
    ),
    "empty alert policies": (EVENTS_SPEC + "  alertPolicies:\n", CHECKOUT_SLO),
    "time slices of events": (
        replace_in_text(
            EVENTS_SPEC,
            (_METHOD, "budgetingMethod: Timeslices"),
            ("target: 0.99", "target: 0.99\n      timeSliceTarget: 1\n      timeSliceWindow: 5"),
        ),
        replace(
            CHECKOUT_SLO,
            budgeting=BudgetingMethod.TIMESLICES,
            objectives=(Objective("99%", 0.99, time_slice_target=1.0, time_slice_seconds=300.0),),
        ),
    ),
    "the mean ratio of time slices, in seconds (an extension)": (
        replace_in_text(
            EVENTS_SPEC,
            (_METHOD, "budgetingMethod: RatioTimeslices"),
            ("target: 0.99", "target: 0.99\n      timeSliceWindow: 10s"),
        ),
        replace(
            CHECKOUT_SLO,
            budgeting=BudgetingMethod.RATIO_TIMESLICES,
            objectives=(Objective("99%", 0.99, time_slice_seconds=10.0),),
        ),
    ),
    "a threshold; without a window it is four weeks": (THRESHOLD_SPEC, QUEUE_SLO),
    "a percentile without a target: the quantile is the target": (PERCENTILE_SPEC, WAIT_SLO),
    "a percentile with the same target": (PERCENTILE_SPEC + "      targetPercent: 95\n", WAIT_SLO),
    "a percentile in 99 % of time slices": (
        replace_in_text(PERCENTILE_SPEC, (_METHOD, "budgetingMethod: Timeslices"))
        + "      target: 0.99\n      timeSliceWindow: 1m\n",
        replace(
            WAIT_SLO,
            budgeting=BudgetingMethod.TIMESLICES,
            objectives=(Objective("lt 100", 0.99, Op.LT, 100.0, 0.95, 60.0),),
        ),
    ),
    "the mean ratio of time slices of a percentile": (
        replace_in_text(PERCENTILE_SPEC, (_METHOD, "budgetingMethod: RatioTimeslices"))
        + "      timeSliceWindow: 1m\n",
        replace(
            WAIT_SLO,
            budgeting=BudgetingMethod.RATIO_TIMESLICES,
            objectives=(Objective("lt 100", 0.95, Op.LT, 100.0, time_slice_seconds=60.0),),
        ),
    ),
    "references to an indicator, a data source and a service": (
        SPEC_WITH_REFERENCES,
        replace(
            CHECKOUT_SLO,
            sli=RawRatioSLI(PromQL("failures:ratio"), success=False),
            objectives=(Objective("99.95%", 0.9995),),
            data_source="main",
        ),
    ),
    "alert policies in the SLO and by reference, with defaults": (
        EVENTS_SPEC + ALERT_POLICIES,
        replace(
            CHECKOUT_SLO,
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
