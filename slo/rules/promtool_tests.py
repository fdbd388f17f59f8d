"""Unit tests of the rules for ``promtool test rules``: they fire when arithmetic says, and not before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from slo.model import Spec
from slo.model.burn_rate_windows import BASE_SECONDS, MINUTE
from slo.rules.alert_arithmetic import HISTORY, SAMPLES, VERSIONS, Burst, telling_minutes
from slo.rules.alerting import ABSENT, ABSENT_SECONDS, BURN, SEVERITIES
from slo.rules.event_queries import is_counted
from slo.rules.input_series import EVENTS, Phase, is_graded, series
from slo.rules.recording import ratio_name
from slo.rules.rule_files import yaml_text
from slo.rules.rule_objectives import KEY, Target, targets

_STEADY_MINUTES = 30
_CROSSING = 12
"""Minutes after which errors are meant to be too many."""
_NONE = Fraction(0)
Test = dict[str, Any]


def promtool_text(spec: Spec, rules_file: str) -> str:
    """Write the tests of a spec's rules, which stand in a file named relative to the tests' own.

    Raises:
        ProblemsError: what can't be turned into rules.
    """
    found = targets(spec)
    tests = [test for target in found for test in _tests(target)]
    data = {
        "rule_files": [rules_file],
        "evaluation_interval": "1m",
        "tests": [*tests, _absent(found)],
    }
    return yaml_text(data, "proofload rules --tests")


def _tests(target: Target) -> Iterator[Test]:
    if series(target, [Phase(1, _NONE)]) is None:
        return  # PromQL of its own: only its absence is tested
    yield from _steady(target)
    yield from _burst(target)
    if is_counted(target.slo):
        yield _idle(target)


def _test(target: Target, sentence: str, phases: list[Phase], checks: list[dict[str, Any]]) -> Test:
    return {
        "interval": f"{MINUTE // SAMPLES}s",
        "name": f"{target.slo.service} {target.name}: {sentence}",
        "input_series": series(target, phases),
        "promql_expr_test": [*checks, _present(target, checks[-1]["eval_time"])],
    }


def _present(target: Target, time: str) -> dict[str, Any]:
    """Metrics that are there are not said to be absent."""
    return {"expr": f'ALERTS{{alertname="{ABSENT}",{target.key[1:]}', "eval_time": time, "exp_samples": []}


def _fires(target: Target, minute: int, severities: Iterable[str]) -> dict[str, Any]:
    expr = f'count by (severity) (ALERTS{{alertname="{BURN}",alertstate="firing",{target.key[1:]})'
    samples = [{"labels": f'{{severity="{severity}"}}', "value": 1} for severity in sorted(severities)]
    return {"expr": expr, "eval_time": f"{minute}m", "exp_samples": samples}


def _steady(target: Target) -> Iterator[Test]:
    """Burn 1 % above and 1 % below the lowest burn rate of a severity, alike in all windows."""
    if not is_graded(target):
        return
    for severity in SEVERITIES:
        limits = [pair.burn_rate * target.budget for pair in target.alert_pairs(severity)]
        for word, factor in (("above", Fraction(101, 100)), ("below", Fraction(99, 100))):
            ratio = _billionths(min(limits) * factor) if limits else Fraction(1)
            if ratio < 1:
                sentence = f"a steady burn just {word} the threshold of a {severity}"
                checks = [_fires(target, _STEADY_MINUTES, _exceeded(target, ratio))]
                yield _test(target, sentence, [Phase(_STEADY_MINUTES, ratio)], checks)


def _exceeded(target: Target, ratio: Fraction) -> set[str]:
    pairs = [pair for severity in SEVERITIES for pair in target.alert_pairs(severity)]
    return {pair.severity for pair in pairs if ratio > pair.burn_rate * target.budget}


def _burst(target: Target) -> Iterator[Test]:
    """Let errors begin after hours of health: silent until the burn is too fast, then firing."""
    for severity in SEVERITIES:
        burst = _crossing(target, severity)
        minutes = telling_minutes(burst, severity) if burst else None
        if burst is None or minutes is None:
            continue
        sure = [m for m in minutes if len({burst.firing(m, version) for version in VERSIONS}) == 1]
        phases = [Phase(HISTORY, _NONE), Phase(minutes[1] + 1, burst.error_ratio)]
        checks = [_fires(target, HISTORY + m, burst.firing(m, VERSIONS[0])) for m in sure]
        yield _test(target, f"a {severity} in the minute in which a burst is too much", phases, checks)
        return


def _crossing(target: Target, severity: str) -> Burst | None:
    """Choose errors that cross the fastest limit after so many minutes; all, where that can't be."""
    pairs = target.alert_pairs(severity)
    if not pairs:
        return None
    everything = Burst(target, Fraction(1))
    if not is_graded(target):
        return everything
    before, after = (
        [everything.ratio(minute, pairs[0].long, version) for version in VERSIONS]
        for minute in (_CROSSING - 1, _CROSSING)
    )
    between = (max(before) + min(after)) / 2
    return Burst(target, min(Fraction(1), _billionths(pairs[0].burn_rate * target.budget / between)))


def _billionths(ratio: Fraction) -> Fraction:
    return Fraction(int(ratio * EVENTS), EVENTS)


def _idle(target: Target) -> Test:
    """Without traffic nothing fires, and no ratio is recorded."""
    ratio = {
        "expr": ratio_name(BASE_SECONDS) + target.key,
        "eval_time": f"{_STEADY_MINUTES}m",
        "exp_samples": [],
    }
    phases = [Phase(_STEADY_MINUTES, _NONE, events=0)]
    return _test(target, "no traffic", phases, [_fires(target, _STEADY_MINUTES, ()), ratio])


def _absent(found: Iterable[Target]) -> Test:
    """Without any series each metric is said to be absent, after its delay."""
    # An id alone may be that of two: service "a-b" with SLO "c", service "a" with SLO "b-c".
    by = ", ".join(KEY)
    expr = f'count by ({by}) (ALERTS{{alertname="{ABSENT}",alertstate="firing"}})'
    minutes = ABSENT_SECONDS // MINUTE
    samples = [{"labels": target.key, "value": 1} for target in found]
    return {
        "interval": "1m",
        "name": "nothing is measured",
        "input_series": [],
        "promql_expr_test": [
            {"expr": expr, "eval_time": f"{minutes - 1}m", "exp_samples": []},
            {"expr": expr, "eval_time": f"{minutes}m", "exp_samples": samples},
            {"expr": f'ALERTS{{alertname="{BURN}"}}', "eval_time": f"{minutes}m", "exp_samples": []},
        ],
    }
