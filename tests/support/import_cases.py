"""Files in the formats of other tools, and the problems reported for faulty ones."""

# ruff: noqa: E501 - one line per case

from __future__ import annotations

SLOTH = """\
version: prometheus/v1
service: shop
labels: {team: till, generated: true}
slos:
  - name: Orders_OK
    objective: 99.95
    description: Orders succeed.
    sli:
      events:
        error_query: sum(rate(orders_total{code=~"5.."}[{{.window}}]))
        total_query: sum(rate(orders_total[{{.window}}]))
    alerting:
      name: ShopOrders
      page_alert: {labels: {severity: page}}
      ticket_alert: {disable: true}
  - name: depth
    objective: 95
    sli:
      raw: {error_ratio_query: "avg_over_time(queue_full_ratio[{{.window}}])"}
"""
SLOTH_OBJECT = """\
apiVersion: sloth.slok.dev/v1
kind: PrometheusServiceLevel
metadata: {name: shop, namespace: till}
spec:
  service: shop
  slos:
    - name: orders
      objective: 99
      sli: {events: {errorQuery: "sum(rate(bad_total[{{.window}}]))", totalQuery: "sum(rate(all_total[{{.window}}]))"}}
      alerting: {name: A, pageAlert: {labels: {severity: page}}}
"""
PYRRA = """\
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {name: shop-errors, namespace: till, labels: {role: alert-rules}}
spec:
  target: "99.9"
  window: 4w
  alerting: {name: ShopErrors}
  indicator:
    ratio:
      errors: {metric: 'orders_total{code=~"5.."}'}
      total: {metric: orders_total}
      grouping: [handler]
---
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {name: shop-latency}
spec:
  target: "95"
  window: 1w3d
  indicator:
    latency:
      success: {metric: 'order_seconds_bucket{le="0.25"}'}
      total: {metric: order_seconds_count}
---
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {name: shop-native}
spec:
  target: "95"
  window: 2w
  indicator: {latencyNative: {total: {metric: order_seconds}, latency: 250ms}}
---
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {name: shop-up}
spec:
  target: "99"
  window: 2w
  indicator: {bool_gauge: {metric: 'probe_success{job="shop"}'}}
"""
_SLO_GENERATOR_TEMPLATE = """\
apiVersion: sre.google.com/v2
kind: ServiceLevelObjective
metadata: {name: shop-METHOD, annotations: {owner: till}, labels: {service_name: shop}}
spec:
  description: Orders succeed.
  backend: prometheus
  method: METHOD
  exporters: [prometheus]
  service_level_indicator: {SLI}
  goal: 0.999
"""


def format_slo_generator(method: str, sli: str) -> str:
    return _SLO_GENERATOR_TEMPLATE.replace("METHOD", method).replace("SLI", sli)


SLO_GENERATOR = "---\n".join(
    [
        format_slo_generator(
            "good_bad_ratio",
            "filter_good: 'orders_total{code=\"200\"}', filter_valid: 'orders_total[window]'",
        ),
        format_slo_generator("good_bad_ratio", "filter_good: good_total, filter_bad: bad_total"),
        format_slo_generator("distribution_cut", "expression: order_seconds_bucket, threshold_bucket: 0.25"),
        format_slo_generator("distribution_cut", "expression: order_bytes_bucket, threshold_bucket: 1234567"),
        format_slo_generator(
            "query_sli", "expression: 'sum(rate(good_total[window])) / sum(rate(all_total[window]))'"
        ),
    ]
)
KEPTN = """\
spec_version: "1.0"
filter: {zone: eu}
comparison: {compare_with: single_result}
objectives:
  - sli: p95
    displayName: Response time P95
    pass: [{criteria: ["<=+10%", "<0.6"]}]
    warning: [{criteria: ["<=0.4"]}]
    weight: 2
    key_sli: true
  - sli: workers
    pass: [{criteria: [">=2", "<=8"]}]
  - sli: informs
  - sli: workers
    pass: [{criteria: ["<9"]}, {criteria: ["<=+5%"]}]
total_score: {pass: "90%", warning: "75%"}
---
spec_version: "1.0"
indicators:
  p95: histogram_quantile(0.95, sum by (le) (rate(order_seconds_bucket{job="$SERVICE",zone="$zone"}[$DURATION_SECONDS])))
  workers: workers{job="$SERVICE"}
  informs: up
"""
GOOD = {
    "sloth": ("sloth", SLOTH),
    "sloth-object": ("sloth", SLOTH_OBJECT),
    "pyrra": ("pyrra", PYRRA),
    "slo-generator": ("slo-generator", SLO_GENERATOR),
    "keptn": ("keptn", KEPTN),
}
_WITH_PLUGIN = SLOTH_OBJECT.replace(
    '{events: {errorQuery: "sum(rate(bad_total[{{.window}}]))", totalQuery: ', "{plugin: {id: "
).replace("}}\n      alerting", "}}\n      alerting")
BAD = {
    "Sloth: a plugin": ("sloth", _WITH_PLUGIN, ":9: spec.slos[0].sli.plugin: "),
    "Sloth: an objective of 100": ("sloth", SLOTH_OBJECT.replace("objective: 99", "objective: 100"), "spec.slos[0].objective: 100 is not between 0 and 100"),
    "Sloth: an unknown template variable": ("sloth", SLOTH_OBJECT.replace("bad_total[{{.window}}", "bad_total[{{.other}}"), "sli.events.errorQuery: "),
    "Sloth: an unsupported version": ("sloth", SLOTH.replace("prometheus/v1", "prometheus/v2"), "version: should be 'prometheus/v1'"),
    "Pyrra: a target that is not a number": ("pyrra", PYRRA.replace('"99.9"', '"most"'), "spec.target: 'most' is not a percentage"),
    "Pyrra: a window in seconds": ("pyrra", PYRRA.replace("1w3d", "90s"), "spec.window: '90s' is not a window"),
    "Pyrra: a total that is not a selector": ("pyrra", PYRRA.replace("metric: orders_total}", "metric: sum(orders_total)}"), "spec.indicator.ratio.total.metric: "),
    "Pyrra: a latency without a unit": ("pyrra", PYRRA.replace("250ms", "fast"), "spec.indicator.latencyNative.latency: 'fast'"),
    "Pyrra: two indicators": ("pyrra", PYRRA.replace("{bool_gauge:", "{latencyNative: {total: {metric: a}, latency: 1s}, bool_gauge:"), "spec.indicator: takes exactly one"),
    "slo-generator: an unsupported backend": ("slo-generator", SLO_GENERATOR.replace("backend: prometheus", "backend: datadog"), "spec.backend: 'datadog' is not supported"),
    "slo-generator: an unsupported method": ("slo-generator", format_slo_generator("basic", "expression: up"), "spec.method: 'basic' is not supported"),
    "slo-generator: filter_good alone": ("slo-generator", format_slo_generator("good_bad_ratio", "filter_good: a"), "service_level_indicator: takes filter_good and one of"),
    "slo-generator: a distribution cut without a bound": ("slo-generator", format_slo_generator("distribution_cut", "expression: a_bucket"), "threshold_bucket: is required"),
    "slo-generator: a goal in percent": ("slo-generator", SLO_GENERATOR.replace("0.999", "99.9"), "spec.goal: 99.9 is not between 0 and 1"),
    "Keptn: an unknown indicator": ("keptn", KEPTN.replace("sli: informs", "sli: absent"), "objectives[2].sli: no indicator is called 'absent'"),
    "Keptn: an unknown variable": ("keptn", KEPTN.replace("$zone", "$PLACE"), "indicators.p95: has $PLACE, which has no value; set it by --set PLACE=VALUE"),
    "Keptn: an invalid criterion": ("keptn", KEPTN.replace('"<0.6"', '"fast"'), "objectives[0].pass[0].criteria[1]: 'fast' is not a criterion"),
    "Keptn: no indicators": ("keptn", KEPTN.partition("---")[0], "Keptn needs one SLO file"),
    "Keptn: an AnalysisDefinition": ("keptn", "kind: AnalysisDefinition\n", "kind: 'AnalysisDefinition' is not supported"),
}  # fmt: skip
