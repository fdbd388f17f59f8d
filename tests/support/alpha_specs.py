"""One SLO in OpenSLO v1, v2alpha and v1alpha."""

V1 = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: orders}
spec:
  service: shop
  indicator:
    metadata: {name: orders}
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {type: Prometheus, spec: {query: good_total}}}
        total: {metricSource: {type: Prometheus, spec: {query: all_total}}}
  timeWindow: [{duration: 4w, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{displayName: most, target: 0.99}]
"""
V2ALPHA = """\
apiVersion: openslo.com/v2alpha
kind: SLO
metadata: {name: orders}
spec:
  service: shop
  sli:
    metadata: {name: orders}
    spec:
      ratioMetric:
        counter: true
        good: {dataSourceSpec: {type: Prometheus}, spec: {query: good_total}}
        total: {dataSourceSpec: {type: Prometheus}, spec: {query: all_total}}
  timeWindow: [{duration: 4w, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{displayName: most, target: 0.99, labels: {a: b}}]
"""
V1ALPHA = """\
apiVersion: openslo/v1alpha
kind: SLO
metadata: {name: orders}
spec:
  service: shop
  timeWindows: [{unit: Week, count: 4, isRolling: true}]
  budgetingMethod: Occurrences
  objectives:
    - displayName: most
      target: 0.99
      value: 1
      ratioMetrics:
        incremental: true
        good: {source: prometheus, queryType: promql, query: good_total}
        total: {source: prometheus, queryType: promql, query: all_total}
"""
V1ALPHA_THRESHOLD = """\
apiVersion: openslo/v1alpha
kind: SLO
metadata: {name: depth}
spec:
  service: shop
  indicator: {thresholdMetric: {source: Prometheus, queryType: promql, query: queue_depth}}
  timeWindows: [{unit: Day, count: 1, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{op: lt, value: 200, target: 0.98}]
"""
