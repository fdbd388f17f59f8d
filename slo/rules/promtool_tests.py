"""Unit tests of the rules for ``promtool test rules``: alerts fire when they should, and not before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from slo.model import BASE_WINDOW_SECONDS, MINUTE, Spec
from slo.rules.alert_arithmetic import (
    HEALTHY_MINUTES,
    PROMETHEUS_VERSIONS,
    SAMPLES_PER_MINUTE,
    ErrorBurst,
    find_transition_minutes,
)
from slo.rules.alerting import ABSENT_ALERT, ABSENT_FOR_SECONDS, BURN_ALERT, SEVERITIES
from slo.rules.event_queries import has_counted_events
from slo.rules.input_series import EVENTS_PER_SAMPLE, Phase, build_input_series, can_set_error_ratio
from slo.rules.recording import format_ratio_name
from slo.rules.rule_files import format_generated_yaml
from slo.rules.rule_objectives import KEY_LABELS, RuleObjective, list_rule_objectives

_STEADY_MINUTES = 30
_CROSSING_MINUTES = 12
"""Minutes after which a burst should exceed the limit of the fastest alert."""
_NO_ERRORS = Fraction(0)
PromtoolTest = dict[str, Any]


def format_promtool_tests(spec: Spec, rules_file: str) -> str:
    """Format the tests of a spec's rules as YAML; ``rules_file`` is relative to the file of the tests.

    Raises:
        ProblemsError: the spec has objectives that rules don't support.
    """
    rule_objectives = list_rule_objectives(spec)
    tests = [test for rule_objective in rule_objectives for test in _build_objective_tests(rule_objective)]
    data = {
        "rule_files": [rules_file],
        "evaluation_interval": "1m",
        "tests": [*tests, _build_absent_test(rule_objectives)],
    }
    return format_generated_yaml(data, "proofload rules --tests")


def _build_objective_tests(rule_objective: RuleObjective) -> Iterator[PromtoolTest]:
    if build_input_series(rule_objective, [Phase(1, _NO_ERRORS)]) is None:
        return  # no input series for this PromQL: only its absence is tested
    yield from _build_steady_burn_tests(rule_objective)
    yield from _build_burst_tests(rule_objective)
    if has_counted_events(rule_objective.slo):
        yield _build_no_traffic_test(rule_objective)


def _build_test(
    rule_objective: RuleObjective, sentence: str, phases: list[Phase], checks: list[dict[str, Any]]
) -> PromtoolTest:
    return {
        "interval": f"{MINUTE // SAMPLES_PER_MINUTE}s",
        "name": f"{rule_objective.slo.service} {rule_objective.name}: {sentence}",
        "input_series": build_input_series(rule_objective, phases),
        "promql_expr_test": [*checks, _expect_no_absent_alert(rule_objective, checks[-1]["eval_time"])],
    }


def _expect_no_absent_alert(rule_objective: RuleObjective, time: str) -> dict[str, Any]:
    """Check that no alert reports the metrics as absent while they exist."""
    return {
        "expr": f'ALERTS{{alertname="{ABSENT_ALERT}",{rule_objective.key_matchers[1:]}',
        "eval_time": time,
        "exp_samples": [],
    }


def _expect_firing(rule_objective: RuleObjective, minute: int, severities: Iterable[str]) -> dict[str, Any]:
    matchers = f'alertname="{BURN_ALERT}",alertstate="firing",{rule_objective.key_matchers[1:]}'
    samples = [{"labels": f'{{severity="{severity}"}}', "value": 1} for severity in sorted(severities)]
    return {
        "expr": f"count by (severity) (ALERTS{{{matchers})",
        "eval_time": f"{minute}m",
        "exp_samples": samples,
    }


def _build_steady_burn_tests(rule_objective: RuleObjective) -> Iterator[PromtoolTest]:
    """Burn 1 % above and 1 % below a severity's lowest burn rate, at the same ratio in all windows."""
    if not can_set_error_ratio(rule_objective):
        return
    for severity in SEVERITIES:
        limits = [
            pair.burn_rate * rule_objective.error_budget
            for pair in rule_objective.select_alert_windows(severity)
        ]
        for word, factor in (("above", Fraction(101, 100)), ("below", Fraction(99, 100))):
            ratio = _floor_to_billionths(min(limits) * factor) if limits else Fraction(1)
            if ratio < 1:
                sentence = f"a steady burn just {word} the threshold of a {severity}"
                severities = _find_exceeded_severities(rule_objective, ratio)
                checks = [_expect_firing(rule_objective, _STEADY_MINUTES, severities)]
                yield _build_test(rule_objective, sentence, [Phase(_STEADY_MINUTES, ratio)], checks)


def _find_exceeded_severities(rule_objective: RuleObjective, ratio: Fraction) -> set[str]:
    pairs = [pair for severity in SEVERITIES for pair in rule_objective.select_alert_windows(severity)]
    return {pair.severity for pair in pairs if ratio > pair.burn_rate * rule_objective.error_budget}


def _build_burst_tests(rule_objective: RuleObjective) -> Iterator[PromtoolTest]:
    """Begin errors after hours without any: the alert fires once the burn rate is exceeded, not before."""
    for severity in SEVERITIES:
        burst = _choose_burst(rule_objective, severity)
        minutes = find_transition_minutes(burst, severity) if burst else None
        if burst is None or minutes is None:
            continue
        same_in_all_versions = [
            minute
            for minute in minutes
            if len({burst.find_firing_severities(minute, version) for version in PROMETHEUS_VERSIONS}) == 1
        ]
        phases = [Phase(HEALTHY_MINUTES, _NO_ERRORS), Phase(minutes[1] + 1, burst.error_ratio)]
        checks = [
            _expect_firing(
                rule_objective,
                HEALTHY_MINUTES + minute,
                burst.find_firing_severities(minute, PROMETHEUS_VERSIONS[0]),
            )
            for minute in same_in_all_versions
        ]
        sentence = f"a {severity} in the minute in which a burst exceeds its threshold"
        yield _build_test(rule_objective, sentence, phases, checks)
        return


def _choose_burst(rule_objective: RuleObjective, severity: str) -> ErrorBurst | None:
    """Choose the error ratio (at most 1) that exceeds the fastest limit after ``_CROSSING_MINUTES``."""
    pairs = rule_objective.select_alert_windows(severity)
    if not pairs:
        return None
    total_failure = ErrorBurst(rule_objective, Fraction(1))
    if not can_set_error_ratio(rule_objective):
        return total_failure
    before, after = (
        [
            total_failure.compute_error_ratio(minute, pairs[0].long_seconds, version)
            for version in PROMETHEUS_VERSIONS
        ]
        for minute in (_CROSSING_MINUTES - 1, _CROSSING_MINUTES)
    )
    between = (max(before) + min(after)) / 2
    ratio = _floor_to_billionths(pairs[0].burn_rate * rule_objective.error_budget / between)
    return ErrorBurst(rule_objective, min(Fraction(1), ratio))


def _floor_to_billionths(ratio: Fraction) -> Fraction:
    return Fraction(int(ratio * EVENTS_PER_SAMPLE), EVENTS_PER_SAMPLE)


def _build_no_traffic_test(rule_objective: RuleObjective) -> PromtoolTest:
    """Check that nothing fires and no ratio is recorded without traffic."""
    ratio = {
        "expr": format_ratio_name(BASE_WINDOW_SECONDS) + rule_objective.key_matchers,
        "eval_time": f"{_STEADY_MINUTES}m",
        "exp_samples": [],
    }
    phases = [Phase(_STEADY_MINUTES, _NO_ERRORS, events=0)]
    checks = [_expect_firing(rule_objective, _STEADY_MINUTES, ()), ratio]
    return _build_test(rule_objective, "no traffic", phases, checks)


def _build_absent_test(rule_objectives: Iterable[RuleObjective]) -> PromtoolTest:
    """Check that without any series each metric is reported absent, after the alert's delay."""
    # An id alone may be shared: service "a-b" with SLO "c", service "a" with SLO "b-c".
    by = ", ".join(KEY_LABELS)
    expr = f'count by ({by}) (ALERTS{{alertname="{ABSENT_ALERT}",alertstate="firing"}})'
    minutes = ABSENT_FOR_SECONDS // MINUTE
    samples = [{"labels": rule_objective.key_matchers, "value": 1} for rule_objective in rule_objectives]
    return {
        "interval": "1m",
        "name": "nothing is measured",
        "input_series": [],
        "promql_expr_test": [
            {"expr": expr, "eval_time": f"{minutes - 1}m", "exp_samples": []},
            {"expr": expr, "eval_time": f"{minutes}m", "exp_samples": samples},
            {"expr": f'ALERTS{{alertname="{BURN_ALERT}"}}', "eval_time": f"{minutes}m", "exp_samples": []},
        ],
    }
