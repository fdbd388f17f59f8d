"""Criteria and result of a comparison of runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

RunFigures = Mapping[str, float]
"""Figures of one run by name; a figure that was not measured is absent."""


class Conclusion(StrEnum):
    """Result of a comparison, for one figure or for all of them."""

    REGRESSION = "regression"
    IMPROVEMENT = "improvement"
    NO_DIFFERENCE = "no_difference_shown"
    CANT_TELL = "cant_tell"


class RefusalReason(StrEnum):
    """Why no figure was compared; such a comparison is UNDECIDED."""

    NO_BASELINE = "no_baseline"
    NOT_COMPARABLE = "not_comparable"
    UNSOUND_RUN = "unsound_run"


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure to compare.

    Baseline and candidate are compared by their ratio; an ``additive`` figure (a share, which may be 0) by
    their difference. ``smallest`` is the smallest effect that matters, in the figure's unit. ``events`` names
    the figure that holds the number of events behind a share.
    """

    name: str
    unit: str = ""
    higher_is_better: bool = False
    additive: bool = False
    smallest: float = 0.0
    events: str | None = None


@dataclass(frozen=True, slots=True)
class Criteria:
    """Figures to compare, and the confidence that a conclusion needs.

    ``tolerance`` is the largest relative effect that does not matter (0.05: 5 %), unless a figure's
    ``smallest`` is larger. ``confidence`` is the level of the two-sided confidence intervals. The noise of a
    side is estimated from its own runs only if it has at least ``minimum_runs``.
    """

    figures: tuple[Figure, ...]
    tolerance: float = 0.05
    confidence: float = 0.95
    minimum_runs: int = 3


@dataclass(frozen=True, slots=True)
class Noise:
    """Variation of a figure between runs of the same version (A/A runs).

    ``standard_deviation`` is that of the figure's logarithm; for an additive figure, that of the figure
    itself. ``degrees_of_freedom`` are those of this estimate.
    """

    standard_deviation: float
    degrees_of_freedom: int


@dataclass(frozen=True, slots=True)
class FigureComparison:
    """Comparison of one figure.

    ``baseline`` and ``candidate`` are geometric means over the runs of a side; for an additive figure,
    arithmetic means. ``effect`` is candidate / baseline - 1; for an additive figure, candidate - baseline.
    ``low`` and ``high`` are the confidence interval of the effect, and effects within ± ``margin`` do not
    matter. ``noise`` is the variation between the runs of one side. ``runs_needed`` on each side show an
    unchanged figure as unchanged with a probability of 80 %.
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
    """Comparison of all figures; with a ``refusal``, no figure was compared."""

    conclusion: Conclusion
    criteria: Criteria
    figures: tuple[FigureComparison, ...] = ()
    baseline: tuple[str, ...] = ()
    candidate: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    refusal: RefusalReason | None = None
    detail: str = ""
