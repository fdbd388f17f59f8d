"""PromQL notation of metric names, labels and series.

Since version 3, Prometheus accepts every UTF-8 text as a name. A name with other characters than those of
version 2 is quoted, and a quoted metric name stands inside the braces (Prometheus's manual, *Querying
basics*, "Time series selectors").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_NUMBER_NAMES = {"inf", "nan"}
_KEYWORDS = {"bool", "end", "group_left", "group_right", "ignoring", "on", "start"}
"""Not accepted as metric names outside braces by every version (``metric_identifier`` of its grammar)."""


def is_metric_name(name: str) -> bool:
    """Return whether a metric name needs no quotes: Prometheus 2 accepts no other."""
    return _METRIC_NAME.fullmatch(name) is not None


def is_label_name(name: str) -> bool:
    """Return whether a label name needs no quotes: Prometheus 2 accepts no other."""
    return _LABEL_NAME.fullmatch(name) is not None


def quote_promql(text: str) -> str:
    """Return a text as a PromQL string in double quotes; Prometheus refuses U+FFFD unless it is escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\ufffd", "\\ufffd")
    return f'"{escaped}"'


def format_label_name(name: str) -> str:
    """Return a label name as PromQL, in quotes if it needs them."""
    return name if is_label_name(name) else quote_promql(name)


def format_selector(metric: str, matchers: Iterable[str]) -> str:
    """Return a selector of a metric (empty: any) with matchers that are already PromQL."""
    if not is_metric_name(metric):
        inside = [quote_promql(metric), *matchers] if metric else list(matchers)
    elif metric.lower() in _NUMBER_NAMES | _KEYWORDS:
        inside = [f"__name__={quote_promql(metric)}", *matchers]
    else:
        inside = list(matchers)
        return f"{metric}{{{','.join(inside)}}}" if inside else metric
    return f"{{{','.join(inside)}}}"


def format_series_name(metric: str, labels: Mapping[str, str]) -> str:
    """Return a series as PromQL, with its labels in their order."""
    return format_selector(
        metric, (f"{format_label_name(name)}={quote_promql(value)}" for name, value in labels.items())
    )
