"""When a load is given up: it went worse than its profile puts up with."""

from __future__ import annotations

from collections.abc import Sequence

from loadtests.profile.profile_models import Abort
from loadtests.recording.stats import Account

_QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


def reason_to_abort(conditions: Sequence[Abort], elapsed: float, total: Account) -> str | None:
    """Say which condition holds after ``elapsed`` seconds of what was counted so far, if one does."""
    for condition in conditions:
        if elapsed < condition.after_seconds or not total.sent:
            continue
        ((name, limit),) = condition.limits.items()
        if name == "error_ratio":
            ratio = total.failed / total.sent
            if ratio > limit:
                return f"{100 * ratio:.3g} % of the requests failed, more than {100 * limit:g} %"
        else:
            seconds = total.response_time.quantile(_QUANTILES[name])
            if seconds is not None and seconds > limit:
                return f"{name} of response time was {seconds:.3g} s, more than {limit:g} s"
    return None
