from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import isclose, log, log1p, sqrt
from statistics import fmean, variance

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from slo.comparison.run_comparison import combine_conclusions, compare_runs
from slo.comparison.run_variance import compute_runs_needed, estimate_noise
from slo.model import Conclusion, Criteria, Figure, FigureComparison, Noise, RefusalReason

P95 = Figure("p95", "seconds", smallest=0.0)
RATE = Figure("throughput", higher_is_better=True)
ERRORS = Figure("error_ratio", "ratio", additive=True, smallest=0.001, events="requests")
REGRESSION, IMPROVEMENT, NO_DIFFERENCE, CANT_TELL = (
    Conclusion.REGRESSION,
    Conclusion.IMPROVEMENT,
    Conclusion.NO_DIFFERENCE,
    Conclusion.CANT_TELL,
)
STEADY = (0.0999, 0.1, 0.1, 0.1001, 0.1)
NOISY = (0.08, 0.13, 0.1, 0.09, 0.12)


def scale_values(values: Sequence[float], factor: float) -> tuple[float, ...]:
    return tuple(value * factor for value in values)


@dataclass(frozen=True)
class Case:
    before: Sequence[float]
    after: Sequence[float]
    conclusion: Conclusion
    detail: str = ""
    figure: Figure = P95
    noise: Noise | None = None
    requests: float | None = None
    runs_needed: int | None = field(default=None)


CASES = {
    "0.5 % slower, a tenth of the tolerance: no difference shown": Case(
        STEADY, scale_values(STEADY, 1.005), NO_DIFFERENCE, "within the margin"
    ),
    "20 % slower in every run: a regression": Case(STEADY, scale_values(STEADY, 1.2), REGRESSION),
    "20 % faster: an improvement": Case(STEADY, scale_values(STEADY, 0.8), IMPROVEMENT),
    "20 % more throughput: an improvement": Case(STEADY, scale_values(STEADY, 1.2), IMPROVEMENT, figure=RATE),
    "20 % less throughput: a regression": Case(STEADY, scale_values(STEADY, 0.8), REGRESSION, figure=RATE),
    "noise far above the tolerance: can't tell": Case(
        NOISY, NOISY, CANT_TELL, "from within the margin to beyond it", runs_needed=355
    ),
    "worse with confidence, but maybe within the tolerance: can't tell": Case(
        STEADY, scale_values(STEADY, 1.05), CANT_TELL, "worse, but the effect may be within the margin"
    ),
    "better with confidence, but maybe within the tolerance: can't tell": Case(
        STEADY, scale_values(STEADY, 1 / 1.05), CANT_TELL, "better, but the effect may be within the margin"
    ),
    "50 % slower, but by less than the smallest time that matters: no difference shown": Case(
        scale_values(STEADY, 0.01),
        scale_values(STEADY, 0.015),
        NO_DIFFERENCE,
        figure=replace(P95, smallest=0.001),
    ),
    "one run per side and no history: can't tell": Case(
        (0.1,),
        (0.2,),
        CANT_TELL,
        "1 baseline and 1 candidate runs are too few to estimate how much runs vary",
    ),
    "two identical runs per side and no history: can't tell": Case(
        (0.1, 0.1), (0.2, 0.2), CANT_TELL, "2 baseline and 2 candidate runs"
    ),
    "one run per side, twice as slow, 3 % noise in the history: a regression": Case(
        (0.1,), (0.2,), REGRESSION, noise=Noise(0.03, 10)
    ),
    "one run per side, 10 % slower, 3 % noise in the history: can't tell": Case(
        (0.1,), (0.11,), CANT_TELL, noise=Noise(0.03, 10), runs_needed=10
    ),
    "noise from too few runs of the history: it is ignored": Case(
        (0.1,), (0.2,), CANT_TELL, "1 baseline and 1 candidate runs", noise=Noise(0.03, 3)
    ),
    "one run against five similar ones: the noise is that of the five": Case(STEADY, (0.12,), REGRESSION),
    "similar runs, but a noisy history: the history's noise is used": Case(
        STEADY, scale_values(STEADY, 1.2), CANT_TELL, noise=Noise(0.3, 10)
    ),
    "identical runs per side that differ by more than the margin: a regression": Case(
        (0.1,) * 3, (0.12,) * 3, REGRESSION
    ),
    "identical runs on both sides: no difference shown": Case((0.1,) * 3, (0.1,) * 3, NO_DIFFERENCE),
    "a time of 0, which has no ratio: can't tell": Case((0.0, 0.1, 0.1), STEADY, CANT_TELL, "0 or less"),
    "2 % more errors: a regression": Case(
        (0.0,) * 3, (0.02, 0.021, 0.019), REGRESSION, figure=ERRORS, requests=3000
    ),
    "no errors in many requests: no difference shown": Case(
        (0.0,) * 3, (0.0,) * 3, NO_DIFFERENCE, figure=ERRORS, requests=3000
    ),
    "no errors in few requests: can't tell": Case(
        (0.0,) * 3, (0.0,) * 3, CANT_TELL, figure=ERRORS, requests=100, runs_needed=176
    ),
}


def compare_case(case: Case, criteria: Criteria | None = None) -> FigureComparison:
    def runs(values: Sequence[float]) -> list[dict[str, float]]:
        more = {} if case.requests is None else {"requests": case.requests}
        return [{case.figure.name: value, **more} for value in values]

    noise = {case.figure.name: case.noise} if case.noise else {}
    criteria = criteria or Criteria((case.figure,))
    comparison = compare_runs(runs(case.before), runs(case.after), criteria, noise)
    assert comparison.conclusion is comparison.figures[0].conclusion
    return comparison.figures[0]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_conclusion_of_one_figure(case: Case) -> None:
    result = compare_case(case)
    assert result.conclusion is case.conclusion
    assert case.detail in result.detail
    if case.runs_needed:
        assert result.runs_needed == case.runs_needed


def test_the_interval_is_welchs_interval_of_the_logarithms() -> None:
    before, after = NOISY, scale_values((0.1, 0.11, 0.12), 1.3)
    result = compare_case(Case(before, after, CANT_TELL))
    logs = [[log(value) for value in side] for side in (after, before)]
    reference = stats.ttest_ind(*logs, equal_var=False).confidence_interval(0.95)
    assert result.low is not None
    assert result.high is not None
    assert log1p(result.low) == pytest.approx(reference.low)
    assert log1p(result.high) == pytest.approx(reference.high)


def test_a_single_run_gets_the_variance_of_the_other_side() -> None:
    result = compare_case(Case(NOISY, (0.2,), CANT_TELL))
    logs = [log(value) for value in NOISY]
    half_width = stats.t.ppf(0.975, 4) * sqrt(variance(logs) * (1 + 1 / 5))
    assert result.low is not None
    assert log1p(result.low) == pytest.approx(log(0.2) - fmean(logs) - half_width)


# --- Several figures ----------------------------------------------------------------------------


def test_a_comparison_without_a_baseline_is_refused() -> None:
    result = compare_runs([], [{"p95": 0.1}], Criteria((P95,)), {})
    assert (result.conclusion, result.refusal) == (CANT_TELL, RefusalReason.NO_BASELINE)


def test_a_figure_that_one_run_did_not_measure_has_no_conclusion() -> None:
    runs = [{"p95": value} for value in STEADY]
    result = compare_runs(runs, [{}, *runs], Criteria((P95,)), {})
    assert result.conclusion is CANT_TELL
    assert "not measured in 1 of" in result.figures[0].detail


def test_a_barely_significant_change_is_not_significant_among_many_figures() -> None:
    before, after = (0.1, 0.103, 0.097), (0.122, 0.126, 0.118)
    alone = compare_case(Case(before, after, REGRESSION))
    names = [f"f{n}" for n in range(20)]
    criteria = Criteria(tuple(Figure(name, "seconds") for name in names))
    quiet = dict.fromkeys(names[1:], 0.1)
    result = compare_runs(
        [{"f0": value, **quiet} for value in before],
        [{"f0": value, **quiet} for value in after],
        criteria,
        {},
    )
    assert alone.conclusion is REGRESSION
    assert result.figures[0].conclusion is CANT_TELL
    assert "not significant among several figures" in result.figures[0].detail


@pytest.mark.parametrize(
    ("conclusions", "overall"),
    [
        ((NO_DIFFERENCE, CANT_TELL, REGRESSION, IMPROVEMENT), REGRESSION),
        ((NO_DIFFERENCE, CANT_TELL, IMPROVEMENT), CANT_TELL),
        ((NO_DIFFERENCE, IMPROVEMENT), IMPROVEMENT),
        ((NO_DIFFERENCE,), NO_DIFFERENCE),
        ((), CANT_TELL),
    ],
)
def test_the_overall_conclusion(conclusions: tuple[Conclusion, ...], overall: Conclusion) -> None:
    assert combine_conclusions(conclusions) is overall


# --- Noise and numbers of runs ------------------------------------------------------------------


def test_noise_is_the_variation_within_groups() -> None:
    near, far = [{"p95": value} for value in NOISY], [{"p95": 10 * value} for value in NOISY]
    result = estimate_noise([near, far, [{"p95": 1.0}]], [P95])["p95"]
    assert result.degrees_of_freedom == 8
    assert result.standard_deviation == pytest.approx(sqrt(variance([log(value) for value in NOISY])))


def test_too_few_runs_give_no_noise() -> None:
    assert estimate_noise([[{"p95": 0.1}] * 4, [{"p95": 0.2}], [{}, {}]], [P95]) == {}


def test_more_noise_needs_more_runs() -> None:
    margin = log1p(0.05)
    assert [compute_runs_needed(noise, margin, 0.95) for noise in (0.0, 0.01, 0.03, 0.1, 1.0)] == [
        2,
        3,
        10,
        90,
        None,
    ]


# --- Properties ---------------------------------------------------------------------------------

Values = st.lists(st.floats(0.01, 1), min_size=1, max_size=6)
MIRRORED = {
    REGRESSION: IMPROVEMENT,
    IMPROVEMENT: REGRESSION,
    NO_DIFFERENCE: NO_DIFFERENCE,
    CANT_TELL: CANT_TELL,
}
Figures = st.sampled_from([P95, RATE, replace(P95, smallest=0.01), replace(ERRORS, events=None)])
Noises = st.none() | st.builds(Noise, st.floats(0.001, 0.3), st.integers(1, 30))


def is_near_a_border(result: FigureComparison) -> bool:
    """Whether the interval ends so close to a border that rounding may decide the conclusion."""
    if result.low is None or result.high is None or result.margin is None:
        return False
    borders = (result.margin, -result.margin, -result.margin / (1 + result.margin), 0)
    return any(isclose(end, border, abs_tol=1e-6) for end in (result.low, result.high) for border in borders)


@given(Values, Values, Figures, Noises)
def test_swapping_the_sides_mirrors_the_conclusion(
    before: list[float], after: list[float], figure: Figure, noise: Noise | None
) -> None:
    forward = compare_case(Case(before, after, CANT_TELL, figure=figure, noise=noise))
    back = compare_case(Case(after, before, CANT_TELL, figure=figure, noise=noise))
    assert is_near_a_border(forward) or back.conclusion is MIRRORED[forward.conclusion]
    assert (back.noise is None) is (forward.noise is None)


@given(Values, Values, st.floats(0.001, 1000), Noises)
def test_the_unit_does_not_matter(
    before: list[float], after: list[float], scale: float, noise: Noise | None
) -> None:
    original = compare_case(Case(before, after, CANT_TELL, noise=noise))
    scaled = compare_case(
        Case(scale_values(before, scale), scale_values(after, scale), CANT_TELL, noise=noise)
    )
    assert is_near_a_border(original) or original.conclusion is scaled.conclusion
    if original.low is not None:
        assert scaled.low == pytest.approx(original.low, rel=1e-6, abs=1e-9)


@given(st.lists(st.floats(0.01, 1), min_size=3, max_size=6), st.integers(2, 4))
def test_more_runs_with_the_same_variation_narrow_the_interval(values: list[float], more: int) -> None:
    few, many = (compare_case(Case(values * n, values * n, CANT_TELL)) for n in (1, more))
    assert few.high is not None
    assert many.high is not None
    assert many.high <= few.high + 1e-12


@settings(max_examples=50)
@given(Values, Values)
def test_a_higher_confidence_never_adds_a_conclusion(before: list[float], after: list[float]) -> None:
    case = Case(before, after, CANT_TELL)
    low_confidence, high_confidence = (
        compare_case(case, Criteria((P95,), confidence=level)) for level in (0.8, 0.99)
    )
    assert high_confidence.conclusion in {low_confidence.conclusion, CANT_TELL}
