"""Histograms that a selector does not find as it is written: bounds in another spelling, and native ones.

Prometheus 3 writes ``le="1.0"`` where 2 kept the ``le="1"`` of the service, and a matcher compares text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from slo.histogram import MalformedHistogramError, parse_bound
from slo.model import QueryResult, Series
from slo.promql import Selector

Ask = Callable[[Selector], QueryResult]
_BUCKET, _COUNT = "_bucket", "_count"


def asked_otherwise(selector: Selector, ask: Ask) -> QueryResult | None:
    """Ask for the same buckets or count of a histogram in other words; ``None`` where nothing is found.

    The answer holds the series under the selector's own metric.
    """
    family = selector.metric.removesuffix(_BUCKET).removesuffix(_COUNT)
    if not family or family == selector.metric:
        return None
    bounds = [matcher for matcher in selector.matchers if matcher.label == "le"]
    if any(matcher.op != "=" for matcher in bounds):
        return None
    rest = tuple(matcher for matcher in selector.matchers if matcher.label != "le")
    ways = [Selector(selector.metric, rest)] if bounds else []
    for way in (*ways, Selector(family, rest)):
        found = ask(way)
        series = tuple(
            one
            for given in found.series
            for one in _meant(given, selector.metric)
            if all(_same(matcher.value, one.labels.get("le", "")) for matcher in bounds)
        )
        if series:
            return replace(found, series=series)
    return None


def _meant(given: Series, metric: str) -> list[Series]:
    """Take a bucket for itself, and the one without a bound for the count."""
    if given.labels.get("__name__") == metric:
        return [given]
    if metric.endswith(_COUNT) and given.labels.get("le") == "+Inf":
        labels = {name: value for name, value in given.labels.items() if name != "le"}
        return [replace(given, labels={**labels, "__name__": metric})]
    return []


def _same(wanted: str, found: str) -> bool:
    try:
        return parse_bound(wanted) == parse_bound(found)
    except MalformedHistogramError:
        return False
