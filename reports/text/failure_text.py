"""Failed requests of a load as text: how many, by name and reason."""

from __future__ import annotations

from reports.text.formatting import format_count, replace_unsafe, truncate
from slo.model import FailedRequests

HEADING = "Failed requests"
_MAX_NAME_LENGTH, _MAX_REASON_LENGTH = 60, 120


def format_failed_share(failed: FailedRequests) -> str:
    """Format how many requests failed: ``240 of 3,000 requests failed``."""
    return f"{format_count(failed.failed)} of {format_count(failed.sent)} requests failed"


def build_failure_rows(failed: FailedRequests, max_rows: int) -> list[tuple[str, str, str]]:
    """Return (number, request name, reason) of at most ``max_rows`` rows, on one line each."""
    return [
        (
            format_count(row.count),
            _shorten(row.request, _MAX_NAME_LENGTH),
            _shorten(row.reason, _MAX_REASON_LENGTH),
        )
        for row in failed.rows[:max_rows]
    ]


def format_omitted(failed: FailedRequests, max_rows: int) -> str:
    """Format how many failed requests ``max_rows`` rows leave out; empty if none."""
    rest = failed.rows[max_rows:]
    count = failed.omitted_count + sum(row.count for row in rest)
    reasons = failed.omitted + len(rest)
    return f"and {format_count(count)} more, of {format_count(reasons)} names and reasons" if reasons else ""


def _shorten(text: str, max_length: int) -> str:
    return truncate(" ".join(replace_unsafe(text).split()), max_length)
