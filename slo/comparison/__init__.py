"""Comparison of runs with a baseline: effects, their uncertainty, and a conclusion.

It turns figures of runs into a :class:`~slo.model.Comparison` and reads neither files nor clocks.
"""

from slo.comparison.run_comparison import compare_runs, refuse_comparison
from slo.comparison.run_variance import estimate_noise

__all__ = [
    "compare_runs",
    "estimate_noise",
    "refuse_comparison",
]
