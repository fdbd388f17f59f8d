"""What the alerts of an objective do after errors begin, by arithmetic alone: the oracle of their tests.

Time is counted in minutes, one evaluation each. Prometheus 2 and 3 differ in whether a range holds the sample
at its beginning; ``version`` says which is meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from slo.model import Budgeting, EventsSLI
from slo.model.budget import exact
from slo.model.burn_rate_windows import BASE_SECONDS, MINUTE
from slo.rules.event_queries import is_counted
from slo.rules.rule_objectives import Target

VERSIONS = (2, 3)
HISTORY = 240
"""Minutes of health before errors begin: so many that a burst shows over 1 h well before it does over 6 h."""
SAMPLES = 4
"""Samples of the made-up series a minute."""


@dataclass(frozen=True, slots=True)
class Burst:
    """After a healthy history a constant ratio of events is bad."""

    target: Target
    error_ratio: Fraction

    def firing(self, minute: int, version: int) -> frozenset[str]:
        """Name the severities that fire so many minutes after errors began."""
        return frozenset(
            pair.severity
            for severity in ("page", "ticket")
            for pair in self.target.alert_pairs(severity)
            if all(
                self.ratio(minute, seconds, version) > pair.burn_rate * self.target.budget
                for seconds in (pair.long, pair.short)
            )
        )

    def ratio(self, minute: int, seconds: int, version: int) -> Fraction:
        """Give the error ratio of a window that ends so many minutes after errors began."""
        slo = self.target.slo
        if seconds == BASE_SECONDS and slo.budgeting is Budgeting.OCCURRENCES and is_counted(slo):
            return self._base(minute, version)
        evaluations = min(seconds // MINUTE + (version == VERSIONS[0]), HISTORY + minute + 1)
        since = minute - evaluations + 1
        bad = sum((self._base(m, version) for m in range(max(1, since), minute + 1)), Fraction(0))
        young = range(HISTORY + since, BASE_SECONDS // MINUTE)
        return bad / (evaluations - sum(1 - self._events(age, version) for age in young))

    def _events(self, age: int, version: int) -> Fraction:
        """Give the part of its span that an evaluation sees, so many minutes after the series began."""
        if self.target.slo.budgeting is Budgeting.OCCURRENCES and is_counted(self.target.slo):
            # A counter that began at 0 is not extrapolated beyond its first sample, whatever the version.
            samples = BASE_SECONDS // MINUTE * SAMPLES + (not self._steps and version == VERSIONS[0])
            return min(Fraction(age * SAMPLES + (not self._steps), samples), Fraction(1))
        return Fraction(age > 0 or not self._steps)

    @property
    def _steps(self) -> bool:
        """Tell whether events are what lies between two samples, so that the first one shows none."""
        slo = self.target.slo
        return is_counted(slo) and not (isinstance(slo.sli, EventsSLI) and not slo.sli.counter)

    def _base(self, minute: int, version: int) -> Fraction:
        """Give the error ratio that one evaluation counts."""
        objective = self.target.objective
        span = round(objective.time_slice_seconds or BASE_SECONDS) // MINUTE
        ratio = self.error_ratio * self._share(minute, span, version)
        if objective.time_slice_target is not None and self.target.slo.budgeting is Budgeting.TIMESLICES:
            return Fraction(ratio > 1 - exact(objective.time_slice_target))
        return ratio

    def _share(self, minute: int, span: int, version: int) -> Fraction:
        """Give the part of the span that errors fill: steps of a counter, or samples."""
        slo = self.target.slo
        if slo.budgeting is Budgeting.OCCURRENCES and not is_counted(slo):
            return Fraction(minute > 0)
        filled = span * SAMPLES - self._steps + (version == VERSIONS[0])
        return min(Fraction(minute * SAMPLES, filled), Fraction(1))


def telling_minutes(burst: Burst, severity: str, longest: int = 400) -> tuple[int, int] | None:
    """Give the last minute of silence of a severity and the first of firing, sure for each version."""
    fires = [next(_first(burst, severity, version, longest), None) for version in VERSIONS]
    sure = [minute for minute in fires if minute is not None]
    return (min(sure) - 1, max(sure)) if len(sure) == len(VERSIONS) else None


def _first(burst: Burst, severity: str, version: int, longest: int) -> Iterator[int]:
    return (minute for minute in range(1, longest) if severity in burst.firing(minute, version))
