"""A comparison of runs with one figure of each conclusion."""

from __future__ import annotations

from slo.model import Comparison, Conclusion, Criteria, Figure, FigureComparison

TIME, SHARE = Figure("response_time_p95", "seconds"), Figure("error_ratio", "ratio", additive=True)
CRITERIA = Criteria((TIME, SHARE))


def compare_figure(
    figure: Figure,
    conclusion: Conclusion,
    sides: tuple[float, float],
    interval: tuple[float, float, float],
    margin: float,
    detail: str = "",
) -> FigureComparison:
    noise = 0.031 if conclusion is Conclusion.CANT_TELL else 0.01
    return FigureComparison(figure, conclusion, detail, *sides, *interval, margin, noise, 11)


def comparison_of_figures() -> Comparison:
    figures = (
        compare_figure(TIME, Conclusion.REGRESSION, (0.2, 0.24), (0.2, 0.151, 0.249), 0.05),
        compare_figure(SHARE, Conclusion.NO_DIFFERENCE, (0.0, 0.00004), (0.00004, -0.0002, 0.00028), 0.001),
        compare_figure(Figure("throughput"), Conclusion.IMPROVEMENT, (100.0, 120.0), (0.2, 0.18, 0.22), 0.05),
        compare_figure(
            TIME,
            Conclusion.CANT_TELL,
            (0.2, 0.21),
            (0.05, -0.01, 0.11),
            0.05,
            "the interval crosses the tolerance",
        ),
        FigureComparison(Figure("sli/a|b/<i>"), Conclusion.CANT_TELL, "not measured in 2 of the runs"),
    )
    warnings = ("different machine: 64 CPUs; baseline: 2 CPUs",)
    return Comparison(Conclusion.REGRESSION, CRITERIA, figures, ("a0", "a1", "a2"), ("b0",), warnings)
