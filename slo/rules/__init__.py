"""Prometheus recording and alerting rules from a spec, and unit tests for ``promtool``.

The rules follow the SRE workbook (chapter 5) and use the metric names of Sloth.
"""

from slo.rules.promtool_tests import format_promtool_tests
from slo.rules.rule_files import format_prometheus_rule, format_rules, validate_object_name
from slo.rules.rule_objectives import RuleObjective, describe_unreachable_alerts, list_rule_objectives

__all__ = [
    "RuleObjective",
    "describe_unreachable_alerts",
    "format_prometheus_rule",
    "format_promtool_tests",
    "format_rules",
    "list_rule_objectives",
    "validate_object_name",
]
