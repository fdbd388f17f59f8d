"""Do runs differ from a baseline's by more than matters? Pure: figures of runs in, a conclusion out.

The unit is the run: requests of one run are alike, and pooled they pretend a certainty that is not there
(T. Kalibera, R. Jones, Rigorous Benchmarking in Reasonable Time, ISMM 2013). Two sides are compared by the
difference of the means of their logarithms, or of the figures themselves, with Welch's t interval
(B. Welch, Biometrika 34, 1947). Three regions decide, as in equivalence testing (D. Schuirmann, J.
Pharmacokinetics and Biopharmaceutics 15, 1987; D. Lakens, Social Psychological and Personality Science 8(4),
2017): beyond the margin, within it, or across its border. Claims of a change in any of several figures are
corrected by Holm's method (Scandinavian J. of Statistics 6, 1979); that all are within their margins needs no
correction (R. Berger, Technometrics 24, 1982).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, expm1, log1p, sqrt
from statistics import fmean

from slo.comparison.run_variance import (
    LEAST_DEGREES,
    Spread,
    beyond_by_chance,
    quantile,
    runs_needed,
    sampling,
    spreads,
    values_of,
)
from slo.model.comparison import (
    Comparison,
    Conclusion,
    Criteria,
    Figure,
    FigureComparison,
    Noise,
    Refusal,
    RunFigures,
)

_ROUNDING = 1e-12
_LARGEST_LOGARITHM = 700.0
"""A float holds no number of a much larger one."""


@dataclass(frozen=True, slots=True)
class _Effect:
    """An effect on the scale of the arithmetic (logarithms, or differences), worse upwards.

    Of several spreads the one that is least sure counts.
    """

    point: float
    margin: float
    spreads: tuple[Spread, ...]
    deviation: float

    def reach(self, confidence: float) -> float:
        """Give half the length of the interval."""
        return max(one.error * quantile(1 - (1 - confidence) / 2, one.degrees) for one in self.spreads)

    def doubt(self) -> float:
        """Give the two-sided p-value of an effect no greater than the margin."""
        beyond = abs(self.point) - self.margin
        return max(min(1.0, 2 * beyond_by_chance(beyond, one)) for one in self.spreads)


def compare(
    baseline: Sequence[RunFigures],
    candidate: Sequence[RunFigures],
    criteria: Criteria,
    noise: Mapping[str, Noise],
) -> Comparison:
    """Compare each figure of the candidate's runs, at least one, with the baseline's.

    ``noise`` is the spread between runs of the same thing, by figure (:func:`slo.spreads.aa_noise`). It
    stands in for a spread that too few runs can't tell, and widens one that looks too small. Without runs
    of a baseline nothing is compared, and nothing passes.
    """
    if not baseline:
        return refused(criteria, Refusal.NO_BASELINE, "there is no run to compare with")
    found = [_compared(figure, baseline, candidate, criteria, noise) for figure in criteria.figures]
    effects = {name: effect for (name, _), effect in found if effect}
    shown = _holm({name: effect.doubt() for name, effect in effects.items()}, 1 - criteria.confidence)
    results = tuple(
        _concluded(result, effect, criteria, sure=name in shown) for (name, result), effect in found
    )
    return Comparison(overall(one.conclusion for one in results), criteria, results)


def refused(criteria: Criteria, why: Refusal, detail: str) -> Comparison:
    """Give the comparison that can't be made."""
    return Comparison(Conclusion.CANT_TELL, criteria, refusal=why, detail=detail)


def overall(conclusions: Iterable[Conclusion]) -> Conclusion:
    """Give one conclusion for many: a regression decides, then doubt; nothing compared is doubt too."""
    seen = set(conclusions)
    order = (Conclusion.REGRESSION, Conclusion.CANT_TELL, Conclusion.IMPROVEMENT, Conclusion.NO_DIFFERENCE)
    return next((one for one in order if one in seen), Conclusion.CANT_TELL)


# --- One figure ---------------------------------------------------------------------------------

_Found = tuple[tuple[str, FigureComparison], "_Effect | None"]


def _compared(
    figure: Figure,
    baseline: Sequence[RunFigures],
    candidate: Sequence[RunFigures],
    criteria: Criteria,
    noise: Mapping[str, Noise],
) -> _Found:
    """Give what is known of the figure, and its effect where there is enough to tell one."""
    result = FigureComparison(figure, Conclusion.CANT_TELL, "")
    missing = sum(figure.name not in run for run in (*baseline, *candidate))
    if missing:
        return (figure.name, replace(result, detail=f"not measured in {missing} of the runs")), None
    before, after = values_of(figure, baseline), values_of(figure, candidate)
    if before is None or after is None:
        return (figure.name, replace(result, detail="has values of 0 or less, which have no ratio")), None
    sign = -1 if figure.higher_is_better else 1
    change = fmean(after) - fmean(before)
    margin = _margin(figure, fmean(before), fmean(after), criteria.tolerance)
    result = replace(
        result,
        baseline=_shown(figure, fmean(before)),
        candidate=_shown(figure, fmean(after)),
        effect=_relative(figure, change),
        margin=_relative(figure, margin),
    )
    known, deviation = spreads(before, after, noise.get(figure.name), criteria.minimum_runs)
    if not known:
        return (figure.name, replace(result, detail=_too_few(len(before), len(after), criteria))), None
    if floor := sampling(figure, baseline, candidate):
        known.append(floor)
        deviation = max(deviation, floor.error / sqrt(1 / len(before) + 1 / len(after)))
    return (figure.name, result), _Effect(sign * change, margin, tuple(known), deviation)


def _margin(figure: Figure, before: float, after: float, tolerance: float) -> float:
    """Give the margin on the scale of the arithmetic; the same if the sides change places."""
    if figure.additive:
        return figure.smallest
    return log1p(max(tolerance, figure.smallest / _shown(figure, min(before, after))))


def _shown(figure: Figure, value: float) -> float:
    return value if figure.additive else exp(value)


def _relative(figure: Figure, change: float) -> float:
    return change if figure.additive else expm1(min(change, _LARGEST_LOGARITHM))


# --- Conclusions --------------------------------------------------------------------------------


def _holm(doubts: Mapping[str, float], error: float) -> set[str]:
    """Give the names whose claim stands when as many are made at once."""
    shown = set[str]()
    for place, (name, doubt) in enumerate(sorted(doubts.items(), key=lambda one: one[1])):
        if doubt > error / (len(doubts) - place):
            break
        shown.add(name)
    return shown


def _concluded(
    result: FigureComparison, effect: _Effect | None, criteria: Criteria, *, sure: bool
) -> FigureComparison:
    """Add the interval, and what it shows."""
    if effect is None:
        return result
    reach, figure = effect.reach(criteria.confidence), result.figure
    low, high = effect.point - reach, effect.point + reach
    conclusion, detail = _conclusion(low, high, effect.margin, sure=sure)
    turned = (-high, -low) if figure.higher_is_better else (low, high)
    needed = runs_needed(effect.deviation, effect.margin, criteria.confidence)
    return replace(
        result,
        conclusion=conclusion,
        detail=detail,
        low=_relative(figure, turned[0]),
        high=_relative(figure, turned[1]),
        noise=_relative(figure, effect.deviation),
        runs_needed=needed,
    )


def _conclusion(low: float, high: float, margin: float, *, sure: bool) -> tuple[Conclusion, str]:
    """Say what an interval shows, worse upwards."""
    if low > margin or high < -margin:
        if not sure:
            return Conclusion.CANT_TELL, "beyond the margin, but not sure enough for one of several figures"
        return (Conclusion.REGRESSION if low > margin else Conclusion.IMPROVEMENT), "beyond the margin"
    if -margin - _ROUNDING <= low and high <= margin + _ROUNDING:
        return Conclusion.NO_DIFFERENCE, "within the margin"
    if low > 0 or high < 0:
        word = "worse" if low > 0 else "better"
        return Conclusion.CANT_TELL, f"{word}, but perhaps by less than matters"
    return Conclusion.CANT_TELL, "the interval reaches from within the margin to beyond"


def _too_few(before: int, after: int, criteria: Criteria) -> str:
    return (
        f"{before} against {after} runs don't tell how much runs vary: "
        f"{criteria.minimum_runs} on one side do, or {LEAST_DEGREES + 1} like them in the history"
    )
