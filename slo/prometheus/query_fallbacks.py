"""Fallback queries for histograms: bucket bounds in another notation, and native histograms.

Prometheus 3 stores ``le="1.0"`` where Prometheus 2 stores the service's ``le="1"``; matchers compare text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from slo.model import MalformedHistogramError, QueryResult, Series, list_bound_spellings, parse_bound
from slo.promql import Matcher, Selector, escape_job_name

FetchSelector = Callable[[Selector], QueryResult]
_BUCKET_SUFFIX, _COUNT_SUFFIX = "_bucket", "_count"


def query_alternative_forms(selector: Selector, fetch: FetchSelector) -> QueryResult | None:
    """Return buckets or count by other notations of the bounds or a native histogram; ``None`` if none.

    The series bear the name of the selector's metric.
    """
    family = selector.metric.removesuffix(_BUCKET_SUFFIX).removesuffix(_COUNT_SUFFIX)
    if not family or family == selector.metric:
        return None
    bounds = [matcher for matcher in selector.matchers if matcher.label == "le"]
    if any(matcher.op != "=" for matcher in bounds):
        return None
    rest = tuple(matcher for matcher in selector.matchers if matcher.label != "le")
    all_bounds = [Selector(selector.metric, rest)] if bounds else []
    for alternative in (*all_bounds, Selector(family, rest)):
        result = fetch(alternative)
        matching = tuple(
            series
            for stored in result.series
            for series in _adapt_series(stored, selector.metric)
            if all(_is_same_bound(matcher.value, series.labels.get("le", "")) for matcher in bounds)
        )
        if matching:
            return replace(result, series=matching)
    return None


def select_other_spellings(selector: Selector) -> Selector | None:
    """Return a selector of the same bucket by all other notations of its bound; ``None`` if there are none.

    Scrape targets may differ in notation, and one target may change it with an upgrade.
    """
    bounds = [matcher for matcher in selector.matchers if matcher.label == "le"]
    if len(bounds) != 1 or bounds[0].op != "=" or not (others := list_bound_spellings(bounds[0].value)):
        return None
    rest = tuple(matcher for matcher in selector.matchers if matcher.label != "le")
    return Selector(selector.metric, (*rest, Matcher("le", "=~", "|".join(map(escape_job_name, others)))))


def _adapt_series(series: Series, metric: str) -> list[Series]:
    """Return a series of the metric unchanged, and the ``+Inf`` bucket as the histogram's count."""
    if series.labels.get("__name__") == metric:
        return [series]
    if metric.endswith(_COUNT_SUFFIX) and series.labels.get("le") == "+Inf":
        labels = {name: value for name, value in series.labels.items() if name != "le"}
        return [replace(series, labels={**labels, "__name__": metric})]
    return []


def _is_same_bound(requested: str, stored: str) -> bool:
    try:
        return parse_bound(requested) == parse_bound(stored)
    except MalformedHistogramError:
        return False
