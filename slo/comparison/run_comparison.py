"""Comparison of a candidate's runs with a baseline's: the effect on each figure, its interval, a conclusion.

The unit is the run: requests of one run are correlated, so pooling them would overstate the confidence
(T. Kalibera, R. Jones, Rigorous Benchmarking in Reasonable Time, ISMM 2013). Two sides are compared by the
difference of the means of their logarithms (of the values themselves for additive figures), with Welch's t
interval (B. Welch, Biometrika 34, 1947). The interval lies beyond the margin, within it, or across its
border, as in equivalence testing (D. Schuirmann, J. Pharmacokinetics and Biopharmaceutics 15, 1987;
D. Lakens, Social Psychological and Personality Science 8(4), 2017). Conclusions that any of several figures
changed are corrected by Holm's method (Scandinavian J. of Statistics 6, 1979); the conclusion that all are
within their margins needs no correction (R. Berger, Technometrics 24, 1982).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, expm1, log1p, sqrt
from statistics import fmean

from slo.comparison.run_variance import (
    MIN_DEGREES_OF_FREEDOM,
    StandardError,
    compute_runs_needed,
    compute_student_quantile,
    compute_tail_probability,
    estimate_sampling_error,
    estimate_standard_errors,
    transform_values,
)
from slo.model import (
    Comparison,
    Conclusion,
    Criteria,
    Figure,
    FigureComparison,
    Noise,
    RefusalReason,
    RunFigures,
)

_ROUNDING_TOLERANCE = 1e-12
_MAX_LOGARITHM = 700.0
"""The exponential of a larger logarithm is beyond the range of a float."""


@dataclass(frozen=True, slots=True)
class _Effect:
    """An effect on the transformed scale (logarithms, or differences); positive is worse.

    With several standard errors, the one that gives the widest interval decides.
    """

    point: float
    margin: float
    standard_errors: tuple[StandardError, ...]
    deviation: float

    def compute_half_width(self, confidence: float) -> float:
        """Return half the width of the confidence interval."""
        return max(
            error.value * compute_student_quantile(1 - (1 - confidence) / 2, error.degrees_of_freedom)
            for error in self.standard_errors
        )

    def compute_p_value(self) -> float:
        """Return the two-sided p-value of the hypothesis that the effect is within the margin."""
        distance = abs(self.point) - self.margin
        return max(min(1.0, 2 * compute_tail_probability(distance, error)) for error in self.standard_errors)


def compare_runs(
    baseline: Sequence[RunFigures],
    candidate: Sequence[RunFigures],
    criteria: Criteria,
    noise: Mapping[str, Noise],
) -> Comparison:
    """Compare each figure of the candidate's runs (at least one) with the baseline's.

    ``noise`` is the variation between runs of the same version, by figure
    (:func:`~slo.comparison.estimate_noise`). It is used when a side has too few runs to estimate its own
    variation, and it widens an interval when that estimate is smaller. Without baseline runs nothing is
    compared, and the conclusion is never a pass.
    """
    if not baseline:
        return refuse_comparison(criteria, RefusalReason.NO_BASELINE, "there is no run to compare with")
    measured = [_measure_effect(figure, baseline, candidate, criteria, noise) for figure in criteria.figures]
    p_values = {result.figure.name: effect.compute_p_value() for result, effect in measured if effect}
    significant = _apply_holm(p_values, 1 - criteria.confidence)
    results = tuple(
        _add_conclusion(result, effect, criteria, is_significant=result.figure.name in significant)
        for result, effect in measured
    )
    return Comparison(combine_conclusions(result.conclusion for result in results), criteria, results)


def refuse_comparison(criteria: Criteria, refusal: RefusalReason, detail: str) -> Comparison:
    """Return the result of a comparison that can't be made."""
    return Comparison(Conclusion.CANT_TELL, criteria, refusal=refusal, detail=detail)


def combine_conclusions(conclusions: Iterable[Conclusion]) -> Conclusion:
    """Return the overall conclusion: regression before CANT_TELL before the others; CANT_TELL for none."""
    reached = set(conclusions)
    order = (Conclusion.REGRESSION, Conclusion.CANT_TELL, Conclusion.IMPROVEMENT, Conclusion.NO_DIFFERENCE)
    return next((conclusion for conclusion in order if conclusion in reached), Conclusion.CANT_TELL)


# --- One figure ---------------------------------------------------------------------------------


def _measure_effect(
    figure: Figure,
    baseline: Sequence[RunFigures],
    candidate: Sequence[RunFigures],
    criteria: Criteria,
    noise: Mapping[str, Noise],
) -> tuple[FigureComparison, _Effect | None]:
    """Return the means and the effect of a figure; no effect if its uncertainty can't be estimated."""
    result = FigureComparison(figure, Conclusion.CANT_TELL, "")
    missing = sum(figure.name not in run for run in (*baseline, *candidate))
    if missing:
        return replace(result, detail=f"not measured in {missing} of the runs"), None
    before, after = transform_values(figure, baseline), transform_values(figure, candidate)
    if before is None or after is None:
        return replace(result, detail="has values of 0 or less, which have no ratio"), None
    sign = -1 if figure.higher_is_better else 1
    change = fmean(after) - fmean(before)
    margin = _compute_margin(figure, fmean(before), fmean(after), criteria.tolerance)
    result = replace(
        result,
        baseline=_convert_to_figure_scale(figure, fmean(before)),
        candidate=_convert_to_figure_scale(figure, fmean(after)),
        effect=_convert_to_effect(figure, change),
        margin=_convert_to_effect(figure, margin),
    )
    errors, deviation = estimate_standard_errors(before, after, noise.get(figure.name), criteria.minimum_runs)
    if not errors:
        return replace(result, detail=_explain_too_few_runs(len(before), len(after), criteria)), None
    if sampling_error := estimate_sampling_error(figure, baseline, candidate):
        errors.append(sampling_error)
        deviation = max(deviation, sampling_error.value / sqrt(1 / len(before) + 1 / len(after)))
    return result, _Effect(sign * change, margin, tuple(errors), deviation)


def _compute_margin(figure: Figure, before: float, after: float, tolerance: float) -> float:
    """Return the margin on the transformed scale; it is the same if the sides are swapped."""
    if figure.additive:
        return figure.smallest
    return log1p(max(tolerance, figure.smallest / _convert_to_figure_scale(figure, min(before, after))))


def _convert_to_figure_scale(figure: Figure, value: float) -> float:
    return value if figure.additive else exp(value)


def _convert_to_effect(figure: Figure, change: float) -> float:
    return change if figure.additive else expm1(min(change, _MAX_LOGARITHM))


# --- Conclusions --------------------------------------------------------------------------------


def _apply_holm(p_values: Mapping[str, float], family_error_rate: float) -> set[str]:
    """Return the names of the hypotheses that Holm's method rejects."""
    rejected = set[str]()
    for rank, (name, p_value) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        if p_value > family_error_rate / (len(p_values) - rank):
            break
        rejected.add(name)
    return rejected


def _add_conclusion(
    result: FigureComparison, effect: _Effect | None, criteria: Criteria, *, is_significant: bool
) -> FigureComparison:
    """Add the confidence interval and the conclusion from it."""
    if effect is None:
        return result
    half_width, figure = effect.compute_half_width(criteria.confidence), result.figure
    low, high = effect.point - half_width, effect.point + half_width
    conclusion, detail = _decide_conclusion(low, high, effect.margin, is_significant=is_significant)
    figure_low, figure_high = (-high, -low) if figure.higher_is_better else (low, high)
    return replace(
        result,
        conclusion=conclusion,
        detail=detail,
        low=_convert_to_effect(figure, figure_low),
        high=_convert_to_effect(figure, figure_high),
        noise=_convert_to_effect(figure, effect.deviation),
        runs_needed=compute_runs_needed(effect.deviation, effect.margin, criteria.confidence),
    )


def _decide_conclusion(
    low: float, high: float, margin: float, *, is_significant: bool
) -> tuple[Conclusion, str]:
    """Return the conclusion from an interval (positive is worse), and its detail."""
    if low > margin or high < -margin:
        if not is_significant:
            return Conclusion.CANT_TELL, "beyond the margin, but not significant among several figures"
        return (Conclusion.REGRESSION if low > margin else Conclusion.IMPROVEMENT), "beyond the margin"
    if -margin - _ROUNDING_TOLERANCE <= low and high <= margin + _ROUNDING_TOLERANCE:
        return Conclusion.NO_DIFFERENCE, "within the margin"
    if low > 0 or high < 0:
        word = "worse" if low > 0 else "better"
        return Conclusion.CANT_TELL, f"{word}, but the effect may be within the margin"
    return Conclusion.CANT_TELL, "the interval extends from within the margin to beyond it"


def _explain_too_few_runs(before: int, after: int, criteria: Criteria) -> str:
    return (
        f"{before} baseline and {after} candidate runs are too few to estimate how much runs vary: "
        f"at least {criteria.minimum_runs} on one side are needed, "
        f"or {MIN_DEGREES_OF_FREEDOM + 1} comparable runs in the history"
    )
