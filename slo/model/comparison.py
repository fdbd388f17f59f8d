"""The words of a comparison of runs, as frozen dataclasses. Imports the standard library alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

RunFigures = Mapping[str, float]
"""The figures of one run, by name; what was not measured is missing."""


class Conclusion(StrEnum):
    """What a comparison shows, of one figure or of all."""

    REGRESSION = "regression"
    IMPROVEMENT = "improvement"
    NO_DIFFERENCE = "no_difference_shown"
    CANT_TELL = "cant_tell"


class Refusal(StrEnum):
    """Why runs were not compared at all; such a comparison is UNDECIDED."""

    NO_BASELINE = "no_baseline"
    NOT_COMPARABLE = "not_comparable"
    UNSOUND_RUN = "unsound_run"


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure to compare.

    Two sides are compared by their ratio, or, where the figure is ``additive`` (a share, which may be 0),
    by their difference. ``smallest`` is the smallest effect that matters, in the figure's unit. ``events``
    names the figure with the number of events that a share is of.
    """

    name: str
    unit: str = ""
    higher_is_better: bool = False
    additive: bool = False
    smallest: float = 0.0
    events: str | None = None


@dataclass(frozen=True, slots=True)
class Criteria:
    """What to compare, and how sure to be.

    ``tolerance`` is the relative effect up to which a ratio does not matter (0.05: 5 %); where a figure's
    ``smallest`` is more, that counts. ``confidence`` is of the two-sided intervals. A side of fewer than
    ``minimum_runs`` runs does not tell its own spread.
    """

    figures: tuple[Figure, ...]
    tolerance: float = 0.05
    confidence: float = 0.95
    minimum_runs: int = 3


@dataclass(frozen=True, slots=True)
class Noise:
    """How much a figure varies between runs of the same thing (A/A).

    ``deviation`` is the standard deviation of its logarithm, or of an additive figure itself;
    ``degrees`` are the degrees of freedom behind it.
    """

    deviation: float
    degrees: int


@dataclass(frozen=True, slots=True)
class FigureComparison:
    """What is shown of one figure.

    ``baseline`` and ``candidate`` are geometric means of ratios' figures, means of additive ones.
    ``effect``, ``low``, ``high`` and ``margin`` are candidate / baseline - 1, or candidate - baseline of
    an additive figure; effects within ± ``margin`` do not matter. ``noise`` is the spread between runs of a
    side. ``runs_needed`` on each side would show with a probability of 80 % that nothing changed.
    """

    figure: Figure
    conclusion: Conclusion
    detail: str
    baseline: float | None = None
    candidate: float | None = None
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    margin: float | None = None
    noise: float | None = None
    runs_needed: int | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is shown of all figures; with a ``refusal`` nothing was compared."""

    conclusion: Conclusion
    criteria: Criteria
    figures: tuple[FigureComparison, ...] = ()
    baseline: tuple[str, ...] = ()
    candidate: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    refusal: Refusal | None = None
    detail: str = ""
