"""Decides whether a running load is aborted, by the abort conditions of its profile."""

from __future__ import annotations

from collections.abc import Sequence

from loadtests.profile import AbortCondition
from loadtests.recording import RequestStats

_QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


def find_abort_reason(
    conditions: Sequence[AbortCondition], elapsed: float, stats: RequestStats
) -> str | None:
    """Return which condition the load so far exceeds, or ``None``; ``elapsed`` is in seconds."""
    for condition in conditions:
        if elapsed < condition.after_seconds or not stats.sent:
            continue
        ((name, limit),) = condition.limits.items()
        if name == "error_ratio":
            ratio = stats.failed / stats.sent
            if ratio > limit:
                return f"{100 * ratio:.3g} % of the requests failed, more than {100 * limit:g} %"
        else:
            seconds = stats.response_time.compute_quantile(_QUANTILES[name])
            if seconds is not None and seconds > limit:
                return f"{name} of response time was {seconds:.3g} s, more than {limit:g} s"
    return None
