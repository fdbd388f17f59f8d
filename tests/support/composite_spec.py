"""An OpenSLO document of a composite SLO with two parts."""

JOURNEY = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: journey}
spec:
  service: shop
  budgetingMethod: Occurrences
  timeWindow: [{duration: 28d, isRolling: true}]
  objectives:
    - displayName: Paid
      target: 0.99
      indicator:
        metadata: {name: paid}
        spec:
          ratioMetric:
            counter: true
            good: {metricSource: {type: Prometheus, spec: {query: paid_total}}}
            total: {metricSource: {type: Prometheus, spec: {query: orders_total}}}
    - displayName: Quick
      op: lte
      value: 0.25
      compositeWeight: 2.5
      indicatorRef: latency
---
apiVersion: openslo/v1
kind: SLI
metadata: {name: latency}
spec:
  thresholdMetric:
    metricSource: {type: Prometheus, spec: {histogram: latency_seconds, quantile: 0.95}}
"""
