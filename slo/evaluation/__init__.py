"""From counts to verdicts: objectives, evidence checks, withdrawal rules, confidence, composites, alerts.

:func:`evaluate` is pure: no clock, no network, no files.
"""

from slo.evaluation.binomial_intervals import DEFAULT_LEVEL, count_events_needed, preload_scipy
from slo.evaluation.checks import MAX_CLOCK_SKEW_SECONDS, check_evidence, check_load_delivered
from slo.evaluation.failed_requests import exceeds_limit
from slo.evaluation.spec_evaluation import evaluate

__all__ = [
    "DEFAULT_LEVEL",
    "MAX_CLOCK_SKEW_SECONDS",
    "check_evidence",
    "check_load_delivered",
    "count_events_needed",
    "evaluate",
    "exceeds_limit",
    "preload_scipy",
]
