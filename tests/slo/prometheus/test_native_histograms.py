"""Native histograms and other spellings of bounds, read as the buckets that a spec asks for."""

from __future__ import annotations

import re
from math import inf
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from slo.model import QueryResult, Series
from slo.prometheus.native_histograms import classic
from slo.prometheus.query_fallbacks import asked_otherwise, in_other_spellings
from slo.promql.syntax import Selector, parse_selector


def row(*samples: list[list[Any]], count: int | None = None) -> dict[str, Any]:
    histograms = [
        [float(n), {"count": str(count or sum(int(b[3]) for b in sample)), "sum": "1", "buckets": sample}]
        for n, sample in enumerate(samples)
    ]
    return {"metric": {"__name__": "wait_seconds", "job": "x"}, "histograms": histograms}


def counts(given: dict[str, Any]) -> dict[str, tuple[float, ...]]:
    return {one.labels["le"]: tuple(one.values) for one in classic(given)}


CASES = {
    "bounds of its own, as Prometheus keeps classic ones": (
        row([[3, "-Inf", "0.1", "8"], [0, "0.1", "0.5", "1"], [0, "0.5", "+Inf", "1"]]),
        {"0.1": (8,), "0.5": (9,), "+Inf": (10,)},
    ),
    "a bucket that is empty at first is not there": (
        row([[0, "1", "2", "4"]], [[0, "1", "2", "5"], [0, "4", "8", "3"]]),
        {"1.0": (0, 0), "2.0": (4, 5), "4.0": (4, 5), "8.0": (4, 8), "+Inf": (4, 8)},
    ),
    "a zero bucket": (
        row([[3, "-0.001", "0.001", "2"], [0, "1", "2", "1"]]),
        {"-0.001": (0,), "0.001": (2,), "1.0": (2,), "2.0": (3,), "+Inf": (3,)},
    ),
    "a scheme that grew coarser: the bound in the middle is unknown from then on, so it is left out": (
        row([[0, "1", "2", "1"], [0, "2", "4", "1"]], [[0, "1", "4", "3"]]),
        {"1.0": (0, 0), "4.0": (2, 3), "+Inf": (2, 3)},
    ),
    "no observation yet": (row([]), {"+Inf": (0,)}),
}


@pytest.mark.parametrize(("given", "expected"), CASES.values(), ids=CASES.keys())
def test_a_native_histogram_is_read(given: dict[str, Any], expected: dict[str, tuple[float, ...]]) -> None:
    assert counts(given) == expected


def test_buckets_of_negative_observations_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        classic(row([[1, "-2", "-1", "1"]]))


@hypothesis.given(st.lists(st.floats(0.001, 1000), min_size=1, max_size=50))
def test_the_counts_are_those_of_the_observations(observations: list[float]) -> None:
    """Powers of two are the bounds of schema 0."""
    held: dict[int, int] = {}
    for value in observations:
        exponent = next(e for e in range(-11, 11) if value <= 2.0**e)
        held[exponent] = held.get(exponent, 0) + 1
    sample = [[0, str(2.0 ** (e - 1)), str(2.0**e), str(n)] for e, n in sorted(held.items())]
    for one in classic(row(sample)):
        bound = float(one.labels["le"])
        assert one.values[0] == sum(value <= bound for value in observations)


# --- In other words -----------------------------------------------------------------------------

STORED = [
    Series({"__name__": "a_bucket", "le": "1.0", "job": "x"}, (1.0,), (5.0,)),
    Series({"__name__": "a_bucket", "le": "+Inf", "job": "x"}, (1.0,), (9.0,)),
]
NATIVE = classic({**row([[0, "0.5", "1", "5"], [0, "1", "2", "4"]]), "metric": {"__name__": "n", "job": "x"}})
WORDS = {
    "a bound that is spelt otherwise": ('a_bucket{job="x",le="1"}', [("a_bucket", "1.0", 5.0)]),
    "a bound that is not there": ('a_bucket{job="x",le="2"}', None),
    "the bucket of a native histogram": ('n_bucket{le="1"}', [("n_bucket", "1.0", 5.0)]),
    "all buckets of a native histogram": (
        "n_bucket",
        [("n_bucket", "0.5", 0), ("n_bucket", "1.0", 5), ("n_bucket", "2.0", 9), ("n_bucket", "+Inf", 9)],
    ),
    "the count of a native histogram": ("n_count", [("n_count", None, 9.0)]),
    "bounds by a pattern": ('a_bucket{le=~"1|2"}', None),
    "what is no histogram": ("orders_total", None),
    "a metric of that name alone": ("_count", None),
}


def ask(selector: Selector) -> QueryResult:
    assert not any(matcher.label == "le" for matcher in selector.matchers)
    found = {"a_bucket": STORED, "n": NATIVE}.get(selector.metric, [])
    return QueryResult(str(selector), 1, tuple(found))


@pytest.mark.parametrize(("text", "expected"), WORDS.values(), ids=WORDS.keys())
def test_a_histogram_is_found_in_other_words(
    text: str, expected: list[tuple[str, str | None, float]] | None
) -> None:
    found = asked_otherwise(parse_selector(text), ask)
    got = found and [(one.labels["__name__"], one.labels.get("le"), one.values[-1]) for one in found.series]
    assert got == expected


SPELLINGS = {
    "a whole number": ('a_bucket{le="1"}', {"1.0"}),
    "a whole number as Prometheus 3 writes it": ('a_bucket{le="1.0"}', {"1"}),
    "a million": ('a_bucket{le="1e+06"}', {"1000000", "1000000.0"}),
    "a ten-thousandth": ('a_bucket{le="0.00001"}', {"1e-05"}),
    "a number of one spelling": ('a_bucket{le="0.25"}', None),
    "the infinite bound": ('a_bucket{le="+Inf"}', None),
    "a bound that is no number": ('a_bucket{le="fast"}', None),
    "bounds by a pattern": ('a_bucket{le=~"1|1.0"}', None),
    "no bound": ('a_bucket{job="x"}', None),
}


@pytest.mark.parametrize(("text", "expected"), SPELLINGS.values(), ids=SPELLINGS.keys())
def test_a_bound_is_asked_for_in_its_other_spellings(text: str, expected: set[str] | None) -> None:
    asked = in_other_spellings(parse_selector(text))
    assert (asked is None) == (expected is None)
    written = ("1", "1.0", "1000000", "1000000.0", "1e+06", "1e-05", "0.00001", "100")
    found = {one for one in written for m in (asked.matchers if asked else ()) if re.fullmatch(m.value, one)}
    assert found == (expected or set())


def test_the_infinite_bound_is_one() -> None:
    assert counts(row([[0, "1", "+Inf", "3"]])) == {"1.0": (0,), "+Inf": (3,)}
    assert float("+Inf") == inf
