"""Native histograms and other notations of bucket bounds, converted to the buckets of a spec's selector."""

from __future__ import annotations

import re
from math import inf
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from slo.model import QueryResult, Series
from slo.prometheus.native_histograms import convert_to_classic_buckets
from slo.prometheus.query_fallbacks import query_alternative_forms, select_other_spellings
from slo.promql import Selector, parse_selector


def row(*samples: list[list[Any]], count: int | None = None) -> dict[str, Any]:
    histograms = [
        [float(n), {"count": str(count or sum(int(b[3]) for b in sample)), "sum": "1", "buckets": sample}]
        for n, sample in enumerate(samples)
    ]
    return {"metric": {"__name__": "wait_seconds", "job": "x"}, "histograms": histograms}


def count_by_bound(histogram: dict[str, Any]) -> dict[str, tuple[float, ...]]:
    series = convert_to_classic_buckets(histogram)
    return {bucket.labels["le"]: tuple(bucket.values) for bucket in series}


CASES = {
    "custom bounds, as Prometheus stores classic histograms": (
        row([[3, "-Inf", "0.1", "8"], [0, "0.1", "0.5", "1"], [0, "0.5", "+Inf", "1"]]),
        {"0.1": (8,), "0.5": (9,), "+Inf": (10,)},
    ),
    "a bucket that is absent while it is empty": (
        row([[0, "1", "2", "4"]], [[0, "1", "2", "5"], [0, "4", "8", "3"]]),
        {"1.0": (0, 0), "2.0": (4, 5), "4.0": (4, 5), "8.0": (4, 8), "+Inf": (4, 8)},
    ),
    "a zero bucket": (
        row([[3, "-0.001", "0.001", "2"], [0, "1", "2", "1"]]),
        {"-0.001": (0,), "0.001": (2,), "1.0": (2,), "2.0": (3,), "+Inf": (3,)},
    ),
    "a lower resolution in the second sample: the bound that it lacks is left out": (
        row([[0, "1", "2", "1"], [0, "2", "4", "1"]], [[0, "1", "4", "3"]]),
        {"1.0": (0, 0), "4.0": (2, 3), "+Inf": (2, 3)},
    ),
    "no observations": (row([]), {"+Inf": (0,)}),
}


@pytest.mark.parametrize(("histogram", "expected"), CASES.values(), ids=CASES.keys())
def test_native_histogram_is_converted(
    histogram: dict[str, Any], expected: dict[str, tuple[float, ...]]
) -> None:
    assert count_by_bound(histogram) == expected


def test_buckets_of_negative_observations_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        convert_to_classic_buckets(row([[1, "-2", "-1", "1"]]))


@hypothesis.given(st.lists(st.floats(0.001, 1000), min_size=1, max_size=50))
def test_bucket_counts_are_those_of_the_observations(observations: list[float]) -> None:
    """The bounds of schema 0 are powers of two."""
    count_by_exponent: dict[int, int] = {}
    for value in observations:
        exponent = next(e for e in range(-11, 11) if value <= 2.0**e)
        count_by_exponent[exponent] = count_by_exponent.get(exponent, 0) + 1
    sample = [[0, str(2.0 ** (e - 1)), str(2.0**e), str(n)] for e, n in sorted(count_by_exponent.items())]
    for bucket in convert_to_classic_buckets(row(sample)):
        bound = float(bucket.labels["le"])
        assert bucket.values[0] == sum(value <= bound for value in observations)


# --- Fallback queries ---------------------------------------------------------------------------

STORED = [
    Series({"__name__": "a_bucket", "le": "1.0", "job": "x"}, (1.0,), (5.0,)),
    Series({"__name__": "a_bucket", "le": "+Inf", "job": "x"}, (1.0,), (9.0,)),
]
NATIVE = convert_to_classic_buckets(
    {**row([[0, "0.5", "1", "5"], [0, "1", "2", "4"]]), "metric": {"__name__": "n", "job": "x"}}
)
FALLBACKS = {
    "a bound in another notation": ('a_bucket{job="x",le="1"}', [("a_bucket", "1.0", 5.0)]),
    "a bound that does not exist": ('a_bucket{job="x",le="2"}', None),
    "the bucket of a native histogram": ('n_bucket{le="1"}', [("n_bucket", "1.0", 5.0)]),
    "all buckets of a native histogram": (
        "n_bucket",
        [("n_bucket", "0.5", 0), ("n_bucket", "1.0", 5), ("n_bucket", "2.0", 9), ("n_bucket", "+Inf", 9)],
    ),
    "the count of a native histogram": ("n_count", [("n_count", None, 9.0)]),
    "bounds by a regular expression": ('a_bucket{le=~"1|2"}', None),
    "not a histogram": ("orders_total", None),
    "a metric whose name is only the suffix": ("_count", None),
}


def fetch(selector: Selector) -> QueryResult:
    assert not any(matcher.label == "le" for matcher in selector.matchers)
    series = {"a_bucket": STORED, "n": NATIVE}.get(selector.metric, [])
    return QueryResult(str(selector), 1, tuple(series))


@pytest.mark.parametrize(("text", "expected"), FALLBACKS.values(), ids=FALLBACKS.keys())
def test_histogram_is_found_in_an_alternative_form(
    text: str, expected: list[tuple[str, str | None, float]] | None
) -> None:
    result = query_alternative_forms(parse_selector(text), fetch)
    found = result and [
        (series.labels["__name__"], series.labels.get("le"), series.values[-1]) for series in result.series
    ]
    assert found == expected


SPELLINGS = {
    "a whole number": ('a_bucket{le="1"}', {"1.0"}),
    "a whole number as Prometheus 3 writes it": ('a_bucket{le="1.0"}', {"1"}),
    "a million": ('a_bucket{le="1e+06"}', {"1000000", "1000000.0"}),
    "a ten-thousandth": ('a_bucket{le="0.00001"}', {"1e-05"}),
    "a number with one notation": ('a_bucket{le="0.25"}', None),
    "the infinite bound": ('a_bucket{le="+Inf"}', None),
    "a bound that is not a number": ('a_bucket{le="fast"}', None),
    "bounds by a regular expression": ('a_bucket{le=~"1|1.0"}', None),
    "no bound": ('a_bucket{job="x"}', None),
}


@pytest.mark.parametrize(("text", "expected"), SPELLINGS.values(), ids=SPELLINGS.keys())
def test_bound_is_selected_in_its_other_notations(text: str, expected: set[str] | None) -> None:
    selector = select_other_spellings(parse_selector(text))
    assert (selector is None) == (expected is None)
    matchers = selector.matchers if selector else ()
    notations = ("1", "1.0", "1000000", "1000000.0", "1e+06", "1e-05", "0.00001", "100")
    found = {notation for notation in notations for m in matchers if re.fullmatch(m.value, notation)}
    assert found == (expected or set())


def test_infinite_bucket_is_the_infinite_bound() -> None:
    assert count_by_bound(row([[0, "1", "+Inf", "3"]])) == {"1.0": (0,), "+Inf": (3,)}
    assert float("+Inf") == inf
