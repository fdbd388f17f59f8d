"""Histograms that a selector does not find as it is written: bounds in another spelling, and native ones.

Prometheus 3 writes ``le="1.0"`` where 2 kept the ``le="1"`` of the service, and a matcher compares text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from slo.model import QueryResult, Series
from slo.model.bucket_bounds import MalformedHistogramError, parse_bound, spellings
from slo.promql.query_plan import exactly
from slo.promql.syntax import Matcher, Selector

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


def in_other_spellings(selector: Selector) -> Selector | None:
    """Select the same bucket as other targets may spell its bound, or the same one did before an upgrade.

    ``None`` where it has one spelling alone.
    """
    bounds = [matcher for matcher in selector.matchers if matcher.label == "le"]
    if len(bounds) != 1 or bounds[0].op != "=" or not (others := spellings(bounds[0].value)):
        return None
    rest = tuple(matcher for matcher in selector.matchers if matcher.label != "le")
    return Selector(selector.metric, (*rest, Matcher("le", "=~", "|".join(map(exactly, others)))))


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
