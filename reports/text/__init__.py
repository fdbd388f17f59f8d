"""Numbers, verdicts, intervals and alerts as text.

Values are rounded once, here, and never across a limit; import the modules and call
``formatting.format_count(...)``.
"""

from reports.text import alert_text, failure_text, formatting, interval_text, objective_text

__all__ = [
    "alert_text",
    "failure_text",
    "formatting",
    "interval_text",
    "objective_text",
]
