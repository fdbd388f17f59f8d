"""The report files of a run, one writer a file: HTML, Markdown, JUnit, JSON, CSV; and comparisons of runs.

:func:`write_reports` writes all files of a run, each whole or not at all.
"""

from reports.writers.comparison import (
    CONCLUSION_TEXTS,
    HEADINGS,
    comparison_to_json,
    comparison_to_markdown,
    explain_undecided,
    format_cells,
    format_headline,
)
from reports.writers.verdict_json import verdict_to_json
from reports.writers.write import preload_chart_libraries, write_reports

__all__ = [
    "CONCLUSION_TEXTS",
    "HEADINGS",
    "comparison_to_json",
    "comparison_to_markdown",
    "explain_undecided",
    "format_cells",
    "format_headline",
    "preload_chart_libraries",
    "verdict_to_json",
    "write_reports",
]
