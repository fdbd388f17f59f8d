"""``evidence.json``: every value is read back unchanged, and invalid values are refused."""

from __future__ import annotations

import copy
import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.model import (
    PROCESS_START_KEY,
    UP_KEY,
    Evidence,
    QueryKey,
    QueryKind,
    QueryResult,
    Series,
    Window,
    make_samples_key,
    make_value_key,
)
from slo.prometheus.evidence_json import decode_evidence, encode_evidence

SCHEMA = json.loads(
    (Path(__file__).resolve().parents[3] / "slo" / "prometheus" / "evidence.schema.json").read_text()
)

times = st.floats(1.7e9, 1.9e9)
values = st.floats(allow_nan=False)
labels = st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=8), max_size=3)
series = st.builds(
    lambda names, samples: Series(
        names, tuple(sorted(time for time, _ in samples)), tuple(value for _, value in samples)
    ),
    labels,
    st.lists(st.tuples(times, values), min_size=1, max_size=5),
)
results = st.builds(
    QueryResult,
    query=st.text(max_size=20),
    time=times,
    series=st.lists(series, max_size=3).map(tuple),
    exact=st.booleans(),
    warnings=st.lists(st.text(max_size=10), max_size=2).map(tuple),
    error=st.none() | st.text(max_size=10),
)
texts = st.sampled_from(["a:ratio", "b", UP_KEY.text, PROCESS_START_KEY.text]) | st.text(max_size=10)
sample_keys = st.sampled_from([UP_KEY, PROCESS_START_KEY]) | texts.map(make_samples_key)
keyed_results = st.one_of(
    st.tuples(sample_keys, results.map(lambda result: replace(result, exact=True))),
    st.tuples(texts.map(make_value_key), results.map(lambda result: replace(result, exact=False))),
)
evidences = st.builds(
    Evidence,
    window=st.builds(lambda ends: Window(min(ends), max(ends)), st.tuples(times, times)),
    results=st.lists(keyed_results, max_size=4).map(dict),
    fetched_at=times,
    lookback_seconds=st.floats(0, 600),
    scrape_interval_seconds=st.none() | st.floats(0.1, 300),
    server=st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2),
    error=st.none() | st.text(max_size=10),
    clock_skew_seconds=st.none() | st.floats(-9, 9),
    round_trip_seconds=st.none() | st.floats(0, 9),
)


@given(evidences)
def test_evidence_is_read_back_unchanged(evidence: Evidence) -> None:
    data = encode_evidence(evidence)
    jsonschema.validate(json.loads(data, parse_constant=refuse_constant), SCHEMA)
    assert decode_evidence(data) == evidence


SAME_TEXTS = {
    "a selector and an expression": (
        (make_samples_key("a:ratio"), make_value_key("a:ratio")),
        ["a:ratio", "a:ratio @ end()"],
    ),
    "the query of the targets and a selector": ((UP_KEY, make_samples_key("up")), ["up", "up{}"]),
    "the query of process starts, a selector and an expression": (
        (
            PROCESS_START_KEY,
            make_samples_key("process_start_time_seconds"),
            make_value_key("process_start_time_seconds"),
        ),
        [
            "process_start_time_seconds",
            "process_start_time_seconds{}",
            "process_start_time_seconds @ end()",
        ],
    ),
}


@pytest.mark.parametrize(("keys", "written"), SAME_TEXTS.values(), ids=SAME_TEXTS)
def test_keys_with_the_same_text_are_marked_as_the_schema_describes(
    keys: tuple[QueryKey, ...], written: list[str]
) -> None:
    found = {key: QueryResult("q", 1, exact=key.kind is not QueryKind.VALUE) for key in keys}
    data = encode_evidence(Evidence(Window(0, 1), found, 2, 300))
    document = json.loads(data)
    assert list(document["results"]) == written
    jsonschema.validate(document, SCHEMA)
    described = SCHEMA["properties"]["results"]
    for key in written[1:]:
        assert key in described["properties"] or any(
            re.search(pattern, key) for pattern in described["patternProperties"]
        )
    assert decode_evidence(data).results == found


@pytest.mark.parametrize(
    ("exact", "error", "is_valid"),
    [
        pytest.param(False, None, True, id="the value of an expression"),
        pytest.param(True, "timeout", True, id="a query that failed"),
        pytest.param(True, None, False, id="raw samples"),
    ],
)
def test_the_schema_restricts_the_key_of_a_marked_expression_to_values(
    exact: bool, error: str | None, is_valid: bool
) -> None:
    document = copy.deepcopy(VALID)
    document["results"]["q @ end()"] = {**document["results"]["q"], "exact": exact, "error": error}
    assert jsonschema.Draft202012Validator(SCHEMA).is_valid(document) is is_valid


def refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def test_nan_and_infinity_are_written_as_in_prometheus_api() -> None:
    not_finite = Series({}, (1.0, 2.0, 3.0), (float("nan"), float("inf"), float("-inf")))
    evidence = Evidence(Window(0, 1), {make_samples_key("q"): QueryResult("q", 1, (not_finite,))}, 2, 300)
    data = json.loads(encode_evidence(evidence))
    assert data["results"]["q"]["series"][0]["samples"] == [[1.0, "NaN"], [2.0, "+Inf"], [3.0, "-Inf"]]


def test_another_schema_version_is_refused() -> None:
    with pytest.raises(ValueError, match="evidence of schema 2, expected 1"):
        decode_evidence(b'{"schema": 2}')


VALID = json.loads(
    encode_evidence(
        Evidence(
            Window(1, 9),
            {make_samples_key("q"): QueryResult("q", 1, (Series({"job": "a"}, (1.0, 2.0), (3.0, 4.0)),))},
            9,
            300,
        )
    )
)
INVALID: dict[str, tuple[tuple[str | int, ...], object, str]] = {
    "a window without an end": (("window", "end"), None, "window.end: should be a valid number, got nothing"),
    "a window whose end is a string": (("window", "end"), "9", "end: should be a valid number, got '9'"),
    "a window that ends before it starts": (
        ("window", "end"),
        0.5,
        "window ends at 0.5, before its start at 1",
    ),
    "a window whose end is infinite": (
        ("window", "end"),
        math.inf,
        "end: should be a finite number, got inf",
    ),
    "a time after the year 9999": (("fetched_at",), 1e308, r"fetched_at: should be less than .* got 1e\+308"),
    "an integer beyond the range of floats": (("fetched_at",), 10**400, "fetched_at|too large"),
    "a scrape interval that is NaN": (("scrape_interval_seconds",), math.nan, "should be a finite number"),
    "a scrape interval of 0": (("scrape_interval_seconds",), 0, "seconds: should be greater than 0, got 0"),
    "a clock skew that is a string": (("clock_skew_seconds",), "1", "clock_skew_seconds: .* got '1'"),
    "a server that is a string": (("server",), "prometheus", "server: should be .* got 'prometheus'"),
    "an error that is a number": (("results", "q", "error"), 5, r"results\['q'\].error: .* got 5"),
    "a warning that is a number": (("results", "q", "warnings"), [1], r"warnings\[0\]: .* string, got 1"),
    "exact that is a string": (("results", "q", "exact"), "no", "exact: .* valid boolean, got 'no'"),
    "a label that is a number": (
        ("results", "q", "series", 0, "labels", "job"),
        1,
        r"series\[0\].labels.job: should be a valid string, got 1",
    ),
    "labels that are a list": (("results", "q", "series", 0, "labels"), ["a"], "labels: .* got a list"),
    "a series without samples": (("results", "q", "series", 0, "samples"), [], "samples: .* at least 1 item"),
    "a sample whose time is a string": (("results", "q", "series", 0, "samples", 0, 0), "1", "number|times"),
    "a sample whose time is NaN": (("results", "q", "series", 0, "samples", 1, 0), math.nan, "oldest first"),
    "a sample without a time": (("results", "q", "series", 0, "samples", 1, 0), None, "number|times"),
    "samples that are not sorted by time": (
        ("results", "q", "series", 0, "samples", 0, 0),
        3.0,
        "oldest first",
    ),
    "a sample whose value is not a number": (("results", "q", "series", 0, "samples", 0, 1), "much", "much"),
}


@pytest.mark.parametrize(("place", "value", "message"), INVALID.values(), ids=INVALID.keys())
def test_invalid_value_is_refused(place: tuple[str | int, ...], value: object, message: str) -> None:
    decode_evidence(json.dumps(VALID).encode())
    invalid = copy.deepcopy(VALID)
    parent: Any = invalid
    for name in place[:-1]:
        parent = parent[name]
    parent[place[-1]] = value
    with pytest.raises(ValueError, match=message):
        decode_evidence(json.dumps(invalid).encode())
