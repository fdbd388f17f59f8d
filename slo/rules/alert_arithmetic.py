"""The alerts expected after errors begin, computed by arithmetic for the unit tests of the rules.

Time is counted in minutes, one evaluation each. A range selector includes a sample at its start in
Prometheus 2 and excludes it in Prometheus 3; ``version`` selects one of the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from slo.model import BASE_WINDOW_SECONDS, MINUTE, BudgetingMethod, EventsSLI, to_exact_fraction
from slo.rules.event_queries import has_counted_events
from slo.rules.rule_objectives import RuleObjective

PROMETHEUS_VERSIONS = (2, 3)
HEALTHY_MINUTES = 240
"""Minutes without errors before a burst: so many that it reaches a 1 h limit well before a 6 h limit."""
SAMPLES_PER_MINUTE = 4
"""Samples of the generated input series a minute."""


@dataclass(frozen=True, slots=True)
class ErrorBurst:
    """A constant ratio of bad events that begins after ``HEALTHY_MINUTES`` without errors."""

    rule_objective: RuleObjective
    error_ratio: Fraction

    def find_firing_severities(self, minute: int, version: int) -> frozenset[str]:
        """Return the severities whose alert fires ``minute`` minutes after errors began."""
        return frozenset(
            pair.severity
            for severity in ("page", "ticket")
            for pair in self.rule_objective.select_alert_windows(severity)
            if all(
                self.compute_error_ratio(minute, seconds, version)
                > pair.burn_rate * self.rule_objective.error_budget
                for seconds in (pair.long_seconds, pair.short_seconds)
            )
        )

    def compute_error_ratio(self, minute: int, window_seconds: int, version: int) -> Fraction:
        """Return the error ratio of a window that ends ``minute`` minutes after errors began."""
        if window_seconds == BASE_WINDOW_SECONDS and self._counts_occurrences:
            return self._compute_evaluation_ratio(minute, version)
        evaluations = min(
            window_seconds // MINUTE + (version == PROMETHEUS_VERSIONS[0]), HEALTHY_MINUTES + minute + 1
        )
        first_minute = minute - evaluations + 1
        bad = sum(
            (self._compute_evaluation_ratio(m, version) for m in range(max(1, first_minute), minute + 1)),
            Fraction(0),
        )
        # The first evaluations of the series look back beyond its start and see a part of their range only.
        partial_ages = range(HEALTHY_MINUTES + first_minute, BASE_WINDOW_SECONDS // MINUTE)
        return bad / (
            evaluations - sum(1 - self._compute_observed_share(age, version) for age in partial_ages)
        )

    def _compute_observed_share(self, age_minutes: int, version: int) -> Fraction:
        """Return the share (0 to 1) of its range that an evaluation sees at this age of the series."""
        if not self._counts_occurrences:
            return Fraction(age_minutes > 0 or not self._is_increase_based)
        # In both versions increase() does not extrapolate a counter beyond its first sample if that is 0.
        samples = BASE_WINDOW_SECONDS // MINUTE * SAMPLES_PER_MINUTE + (
            not self._is_increase_based and version == PROMETHEUS_VERSIONS[0]
        )
        observed = age_minutes * SAMPLES_PER_MINUTE + (not self._is_increase_based)
        return min(Fraction(observed, samples), Fraction(1))

    @property
    def _counts_occurrences(self) -> bool:
        """Whether an evaluation counts events over the base window."""
        slo = self.rule_objective.slo
        return slo.budgeting is BudgetingMethod.OCCURRENCES and has_counted_events(slo)

    @property
    def _is_increase_based(self) -> bool:
        """Whether events are the difference of two samples, so that the first sample alone shows none."""
        slo = self.rule_objective.slo
        return has_counted_events(slo) and not (isinstance(slo.sli, EventsSLI) and not slo.sli.counter)

    def _compute_evaluation_ratio(self, minute: int, version: int) -> Fraction:
        """Return the error ratio that one evaluation counts."""
        slo, objective = self.rule_objective.slo, self.rule_objective.objective
        span_minutes = round(objective.time_slice_seconds or BASE_WINDOW_SECONDS) // MINUTE
        ratio = self.error_ratio * self._compute_error_share(minute, span_minutes, version)
        if objective.time_slice_target is not None and slo.budgeting is BudgetingMethod.TIMESLICES:
            return Fraction(ratio > 1 - to_exact_fraction(objective.time_slice_target))
        return ratio

    def _compute_error_share(self, minute: int, span_minutes: int, version: int) -> Fraction:
        """Return the share (0 to 1) of an evaluation's range that the burst fills."""
        slo = self.rule_objective.slo
        if slo.budgeting is BudgetingMethod.OCCURRENCES and not has_counted_events(slo):
            return Fraction(minute > 0)
        steps = (
            span_minutes * SAMPLES_PER_MINUTE - self._is_increase_based + (version == PROMETHEUS_VERSIONS[0])
        )
        return min(Fraction(minute * SAMPLES_PER_MINUTE, steps), Fraction(1))


def find_transition_minutes(
    burst: ErrorBurst, severity: str, max_minutes: int = 400
) -> tuple[int, int] | None:
    """Return the last minute before a severity fires and the first in which it fires, valid in both versions.

    ``None`` when the severity does not fire within ``max_minutes``.
    """
    first_minutes = [
        next(_iterate_firing_minutes(burst, severity, version, max_minutes), None)
        for version in PROMETHEUS_VERSIONS
    ]
    known = [minute for minute in first_minutes if minute is not None]
    return (min(known) - 1, max(known)) if len(known) == len(PROMETHEUS_VERSIONS) else None


def _iterate_firing_minutes(
    burst: ErrorBurst, severity: str, version: int, max_minutes: int
) -> Iterator[int]:
    return (
        minute
        for minute in range(1, max_minutes)
        if severity in burst.find_firing_severities(minute, version)
    )
