from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import isclose, log, log1p, sqrt
from statistics import fmean, variance

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from slo.comparison.compare_runs import compare, overall
from slo.comparison.run_variance import aa_noise, runs_needed
from slo.model.comparison import Conclusion, Criteria, Figure, FigureComparison, Noise, Refusal

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


def times(values: Sequence[float], by: float = 1.0) -> tuple[float, ...]:
    return tuple(value * by for value in values)


@dataclass(frozen=True)
class Case:
    before: Sequence[float]
    after: Sequence[float]
    says: Conclusion
    why: str = ""
    figure: Figure = P95
    noise: Noise | None = None
    requests: float | None = None
    runs_needed: int | None = field(default=None)


CASES = {
    "the same within a tenth of the tolerance: no difference shown": Case(
        STEADY, times(STEADY, 1.005), NO_DIFFERENCE, "within the margin"
    ),
    "a fifth slower, every run alike: a regression": Case(STEADY, times(STEADY, 1.2), REGRESSION),
    "a fifth faster: an improvement": Case(STEADY, times(STEADY, 0.8), IMPROVEMENT),
    "a fifth more throughput: an improvement": Case(STEADY, times(STEADY, 1.2), IMPROVEMENT, figure=RATE),
    "a fifth less throughput: a regression": Case(STEADY, times(STEADY, 0.8), REGRESSION, figure=RATE),
    "noise far beyond the tolerance: can't tell": Case(
        NOISY, NOISY, CANT_TELL, "from within the margin to beyond", runs_needed=355
    ),
    "worse for sure, but perhaps within the tolerance: can't tell": Case(
        STEADY, times(STEADY, 1.05), CANT_TELL, "worse, but perhaps by less than matters"
    ),
    "better for sure, but perhaps within the tolerance: can't tell": Case(
        STEADY, times(STEADY, 1 / 1.05), CANT_TELL, "better, but perhaps by less than matters"
    ),
    "half slower, but by less than the smallest time that matters: no difference shown": Case(
        times(STEADY, 0.01), times(STEADY, 0.015), NO_DIFFERENCE, figure=replace(P95, smallest=0.001)
    ),
    "one run a side, and no history: can't tell": Case(
        (0.1,), (0.2,), CANT_TELL, "1 against 1 runs don't tell how much runs vary"
    ),
    "two runs a side, as alike as they may be, and no history: can't tell": Case(
        (0.1, 0.1), (0.2, 0.2), CANT_TELL, "2 against 2 runs"
    ),
    "one run a side, twice as slow, where the history shows 3 % of noise: a regression": Case(
        (0.1,), (0.2,), REGRESSION, noise=Noise(0.03, 10)
    ),
    "one run a side, a tenth slower, at 3 % of noise: can't tell": Case(
        (0.1,), (0.11,), CANT_TELL, noise=Noise(0.03, 10), runs_needed=10
    ),
    "noise of the history that too few runs told is none": Case(
        (0.1,), (0.2,), CANT_TELL, "1 against 1 runs", noise=Noise(0.03, 3)
    ),
    "one run against five that are alike: the five tell the spread": Case(STEADY, (0.12,), REGRESSION),
    "runs of one sitting are alike, the history's are not: the history counts": Case(
        STEADY, times(STEADY, 1.2), CANT_TELL, noise=Noise(0.3, 10)
    ),
    "runs that agree to the last digit, and differ by more than matters": Case(
        (0.1,) * 3, (0.12,) * 3, REGRESSION
    ),
    "runs that all agree to the last digit": Case((0.1,) * 3, (0.1,) * 3, NO_DIFFERENCE),
    "a time of 0 has no ratio": Case((0.0, 0.1, 0.1), STEADY, CANT_TELL, "0 or less"),
    "2 % more errors": Case((0.0,) * 3, (0.02, 0.021, 0.019), REGRESSION, figure=ERRORS, requests=3000),
    "no errors in many requests": Case((0.0,) * 3, (0.0,) * 3, NO_DIFFERENCE, figure=ERRORS, requests=3000),
    "no errors in few requests don't show that there are none": Case(
        (0.0,) * 3, (0.0,) * 3, CANT_TELL, figure=ERRORS, requests=100, runs_needed=176
    ),
}


def compared(case: Case, criteria: Criteria | None = None) -> FigureComparison:
    def runs(values: Sequence[float]) -> list[dict[str, float]]:
        more = {} if case.requests is None else {"requests": case.requests}
        return [{case.figure.name: value, **more} for value in values]

    noise = {case.figure.name: case.noise} if case.noise else {}
    criteria = criteria or Criteria((case.figure,))
    found = compare(runs(case.before), runs(case.after), criteria, noise)
    assert found.conclusion is found.figures[0].conclusion
    return found.figures[0]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_conclusions(case: Case) -> None:
    found = compared(case)
    assert found.conclusion is case.says
    assert case.why in found.detail
    if case.runs_needed:
        assert found.runs_needed == case.runs_needed


def test_the_interval_is_welchs_of_the_logarithms() -> None:
    before, after = NOISY, times((0.1, 0.11, 0.12), 1.3)
    found = compared(Case(before, after, CANT_TELL))
    logs = [[log(value) for value in side] for side in (after, before)]
    reference = stats.ttest_ind(*logs, equal_var=False).confidence_interval(0.95)
    assert found.low is not None
    assert found.high is not None
    assert log1p(found.low) == pytest.approx(reference.low)
    assert log1p(found.high) == pytest.approx(reference.high)


def test_a_lone_run_is_judged_by_the_spread_of_the_others() -> None:
    found = compared(Case(NOISY, (0.2,), CANT_TELL))
    logs = [log(value) for value in NOISY]
    reach = stats.t.ppf(0.975, 4) * sqrt(variance(logs) * (1 + 1 / 5))
    assert found.low is not None
    assert log1p(found.low) == pytest.approx(log(0.2) - fmean(logs) - reach)


# --- Several figures ----------------------------------------------------------------------------


def test_without_a_baseline_nothing_passes() -> None:
    found = compare([], [{"p95": 0.1}], Criteria((P95,)), {})
    assert (found.conclusion, found.refusal) == (CANT_TELL, Refusal.NO_BASELINE)


def test_a_figure_that_was_not_measured_is_never_a_pass() -> None:
    runs = [{"p95": value} for value in STEADY]
    found = compare(runs, [{}, *runs], Criteria((P95,)), {})
    assert found.conclusion is CANT_TELL
    assert "not measured in 1 of" in found.figures[0].detail


def test_a_change_just_sure_enough_alone_is_not_among_many() -> None:
    before, after = (0.1, 0.103, 0.097), (0.122, 0.126, 0.118)
    alone = compared(Case(before, after, REGRESSION))
    names = [f"f{n}" for n in range(20)]
    criteria = Criteria(tuple(Figure(name, "seconds") for name in names))
    quiet = dict.fromkeys(names[1:], 0.1)
    found = compare(
        [{"f0": value, **quiet} for value in before],
        [{"f0": value, **quiet} for value in after],
        criteria,
        {},
    )
    assert alone.conclusion is REGRESSION
    assert found.figures[0].conclusion is CANT_TELL
    assert "one of several figures" in found.figures[0].detail


@pytest.mark.parametrize(
    ("conclusions", "says"),
    [
        ((NO_DIFFERENCE, CANT_TELL, REGRESSION, IMPROVEMENT), REGRESSION),
        ((NO_DIFFERENCE, CANT_TELL, IMPROVEMENT), CANT_TELL),
        ((NO_DIFFERENCE, IMPROVEMENT), IMPROVEMENT),
        ((NO_DIFFERENCE,), NO_DIFFERENCE),
        ((), CANT_TELL),
    ],
)
def test_one_conclusion_for_many(conclusions: tuple[Conclusion, ...], says: Conclusion) -> None:
    assert overall(conclusions) is says


# --- Noise and numbers of runs ------------------------------------------------------------------


def test_noise_is_what_varies_within_groups() -> None:
    near, far = [{"p95": value} for value in NOISY], [{"p95": 10 * value} for value in NOISY]
    found = aa_noise([near, far, [{"p95": 1.0}]], [P95])["p95"]
    assert found.degrees == 8
    assert found.deviation == pytest.approx(sqrt(variance([log(value) for value in NOISY])))


def test_few_runs_tell_no_noise() -> None:
    assert aa_noise([[{"p95": 0.1}] * 4, [{"p95": 0.2}], [{}, {}]], [P95]) == {}


def test_the_number_of_runs_follows_the_noise() -> None:
    margin = log1p(0.05)
    assert [runs_needed(noise, margin, 0.95) for noise in (0.0, 0.01, 0.03, 0.1, 1.0)] == [2, 3, 10, 90, None]


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


def near_a_border(found: FigureComparison) -> bool:
    """Rounding may decide there."""
    if found.low is None or found.high is None or found.margin is None:
        return False
    borders = (found.margin, -found.margin, -found.margin / (1 + found.margin), 0)
    return any(isclose(end, one, abs_tol=1e-6) for end in (found.low, found.high) for one in borders)


@given(Values, Values, Figures, Noises)
def test_sides_that_change_places_mirror_the_conclusion(
    before: list[float], after: list[float], figure: Figure, noise: Noise | None
) -> None:
    there = compared(Case(before, after, CANT_TELL, figure=figure, noise=noise))
    back = compared(Case(after, before, CANT_TELL, figure=figure, noise=noise))
    assert near_a_border(there) or back.conclusion is MIRRORED[there.conclusion]
    assert (back.noise is None) is (there.noise is None)


@given(Values, Values, st.floats(0.001, 1000), Noises)
def test_the_unit_does_not_matter(
    before: list[float], after: list[float], scale: float, noise: Noise | None
) -> None:
    here = compared(Case(before, after, CANT_TELL, noise=noise))
    there = compared(Case(times(before, scale), times(after, scale), CANT_TELL, noise=noise))
    assert near_a_border(here) or here.conclusion is there.conclusion
    if here.low is not None:
        assert there.low == pytest.approx(here.low, rel=1e-6, abs=1e-9)


@given(st.lists(st.floats(0.01, 1), min_size=3, max_size=6), st.integers(2, 4))
def test_more_runs_that_vary_as_much_narrow_the_interval(values: list[float], more: int) -> None:
    few, many = (compared(Case(values * n, values * n, CANT_TELL)) for n in (1, more))
    assert few.high is not None
    assert many.high is not None
    assert many.high <= few.high + 1e-12


@settings(max_examples=50)
@given(Values, Values)
def test_more_confidence_is_never_a_bolder_claim(before: list[float], after: list[float]) -> None:
    case = Case(before, after, CANT_TELL)
    bold, shy = (compared(case, Criteria((P95,), confidence=level)) for level in (0.8, 0.99))
    assert shy.conclusion in {bold.conclusion, CANT_TELL}
