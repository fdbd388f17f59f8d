"""The closed list of reasons that failed requests are counted under in the metrics.

Error classes are open: a class of the user's code becomes the reason ``other``.
"""

from __future__ import annotations

UNEXPECTED_ANSWER = "unexpected answer"
"""Error class of a response that a task marks as failed; the task's message follows after a colon."""
UNEXPECTED_BODY = "unexpected body"
"""Error class of a response whose body is not as expected; a reason may follow after a colon."""
UNANSWERED_AT_END = "no answer before the end"
"""Error class of a request that had no response when the load ended."""
OTHER_REASON = "other"
FAILURE_REASONS = (
    *("status 4xx", "status 5xx", UNEXPECTED_ANSWER, UNEXPECTED_BODY, "malformed answer", "timed out"),
    *("connection refused", "connection reset", "connection closed", "TLS failed", "name not resolved"),
    *("too many open files", "no local port free", "network unreachable", "host unreachable"),
    *(UNANSWERED_AT_END, OTHER_REASON),
)
"""All reasons: the list is closed so that each series exists, with 0, before its first failure."""


def classify_failure(error_class: str) -> str:
    """Return the reason under which an error class is counted."""
    for reason in (UNEXPECTED_ANSWER, UNEXPECTED_BODY):
        if error_class.startswith(f"{reason}: "):
            return reason
    if error_class.startswith("status "):
        error_class = f"{error_class[:8]}xx"
    return error_class if error_class in FAILURE_REASONS else OTHER_REASON
