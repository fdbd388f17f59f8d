"""OpenSLO documents whose rules promtool tests: those of the repository, and completed public examples.

The public examples (OpenSLO/OpenSLO, as docs/spec.md lists them; Sloth's ``examples/openslo-*.yml``) are rewritten with
the same features. Only what prevents an original from being a complete SLO for Prometheus is changed: another source or
``Any`` becomes Prometheus, a missing ``counter`` is true, ``op`` of a ratio is removed, a calendar window becomes a rolling
one, a month is 30 days, a number of milliseconds is a histogram's percentile.
The documents in the tests of the spec are of the kinds in ``rules_cases``, which ``test_rules`` tests.
"""

# ruff: noqa: E501 - a table has its cases on lines of their own

from __future__ import annotations

from pathlib import Path

from tests.support.alpha_specs import V1ALPHA, V2ALPHA
from tests.support.composite_spec import JOURNEY

ROOT = Path(__file__).resolve().parents[3]
DEFAULT_OBJECTIVES = "[{target: 0.98}]"


def format_slo(
    indicator: str, objectives: str = DEFAULT_OBJECTIVES, window: str = "1w", method: str = "Occurrences"
) -> str:
    return f"""\
apiVersion: openslo/v1
kind: SLO
metadata: {{name: site}}
spec:
  service: web
  {indicator}
  timeWindow: [{{duration: {window}, isRolling: true}}]
  budgetingMethod: {method}
  objectives: {objectives}
"""


def format_metric(query: str) -> str:
    return f"{{metricSource: {{type: Prometheus, spec: {{query: '{query}'}}}}}}"


def format_ratio(good: str, total: str) -> str:
    return f"indicator: {{metadata: {{name: a}}, spec: {{ratioMetric: {{counter: true, good: {format_metric(good)}, total: {format_metric(total)}}}}}}}"


def format_threshold(query: str) -> str:
    return f"indicator: {{metadata: {{name: a}}, spec: {{thresholdMetric: {format_metric(query)}}}}}"


ANSWERED = format_ratio('sum(answers{component="web",code=~"2xx|4xx"})', 'sum(answers{component="web"})')
FAILED = (
    "---\napiVersion: openslo/v1\nkind: SLI\nmetadata: {name: failed}\nspec:\n  ratioMetric: {counter: true, "
    f"bad: {format_metric('failed_total')}, total: {format_metric('visits_total')}}}\n"
)
SLOWEST = "histogram_quantile(0.99, sum by (le) (rate(search_milliseconds_bucket[5m])))"
MINUTES = "[{displayName: Ours, target: 0.995, timeSliceTarget: 0.99, timeSliceWindow: 1m}, {displayName: Theirs, target: 0.99, timeSliceTarget: 0.99, timeSliceWindow: 1m}]"
SELDOM = "[{target: 0.9995, timeSliceTarget: 0.95, timeSliceWindow: 1m}]"

PUBLIC = {
    "README, ratioMetric: sums of counters, and a total that is a series of its own": format_slo(
        format_ratio('sum(served{code=~"2xx|3xx",host="*",instance="127.0.0.1:9090"})', 'served{code="total",host="*",instance="127.0.0.1:9090"}')
    ),
    "examples/budgeting-method/occurences-slo.yaml: a search faster than 500 ms, in two weeks": format_slo(
        format_threshold(SLOWEST), "[{displayName: Good experience, op: lt, value: 500, target: 0.99}]", "2w"
    ),
    "examples/budgeting-method/ratio-timeslices.yaml: the mean of minutes, in two weeks": format_slo(
        format_ratio("good_total", "all_total"), "[{timeSliceWindow: 1m, target: 0.99}]", "2w", "RatioTimeslices"
    ),
    "examples/budgeting-method/timeslices-slo.yaml: two objectives on the minutes of a month": format_slo(
        format_ratio("good_total", "all_total"), MINUTES, "30d", "Timeslices"
    ),
    "examples/treat-low-traffic-as-equally-important/timeslices-slo.yaml: minutes of a week": format_slo(
        format_ratio("good_total", "all_total"), SELDOM, method="Timeslices"
    ),
    "pkg/openslo/v1, slos.yaml: minutes of a week, of sums without a rate": format_slo(
        ANSWERED, SELDOM.replace("0.9995", "0.995"), method="Timeslices"
    ),
    "schema-test, slo-no-indicatorref-rolling-alerts.yaml: 98 % in a month": format_slo(
        format_ratio('hits_total{status_code="200"}', "hits_total"), window="30d"
    ),
    "schema-test, slo-indicatorref-rolling-alerts.yaml: bad events, in a document of their own": format_slo("indicatorRef: failed")
    + FAILED,
    "Sloth, openslo-getting-started.yml: rates over a window that is filled in": format_slo(
        format_ratio('sum(rate(answers_count{job="web",code!~"(5..|429)"}[{{.window}}]))', 'sum(rate(answers_count{job="web"}[{{.window}}]))'),
        "[{target: 0.999}]",
        "30d",
    ),
    "Sloth, openslo-kubernetes-apiserver.yml: a bucket, 99 % and 99.9 %": format_slo(
        format_ratio('sum(rate(asked_seconds_bucket{le="0.4",verb!="WATCH"}[{{.window}}]))', 'sum(rate(asked_seconds_count{verb!="WATCH"}[{{.window}}]))'),
        "[{target: 0.99}, {target: 0.999}]",
        "30d",
    ),
}  # fmt: skip

COMMITTED = {
    text
    for folder in ("slo", "examples", "monitoring", "tests/gold")
    for path in sorted((ROOT / folder).rglob("*.yaml"))
    if "apiVersion: openslo/v1" in (text := path.read_text()) and "kind: SLO" in text
}
"""The text of every file of the repository that contains an SLO."""
_FILES = (
    "slo/objectives.yaml",
    "examples/client_side/objectives.yaml",
    *(
        f"tests/gold/imports/{name}.yaml"
        for name in ("keptn", "pyrra", "slo-generator", "sloth", "sloth-object")
    ),
)
OURS = {
    **{name: (ROOT / name).read_text() for name in _FILES},
    "a journey of two indicators": JOURNEY,
    "OpenSLO v1alpha": V1ALPHA,
    "OpenSLO v2alpha": V2ALPHA,
}
