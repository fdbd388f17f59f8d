"""``evidence.json``: evidence survives its file, whatever the values."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.model import Evidence, QueryResult, Series, Window
from slo.prometheus.evidence_json import evidence_from_json, evidence_to_json

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
evidences = st.builds(
    Evidence,
    window=st.builds(lambda ends: Window(min(ends), max(ends)), st.tuples(times, times)),
    results=st.dictionaries(st.text(max_size=10), results, max_size=3),
    fetched_at=times,
    lookback_seconds=st.floats(0, 600),
    scrape_interval_seconds=st.none() | st.floats(0.1, 300),
    server=st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2),
    error=st.none() | st.text(max_size=10),
    clock_skew_seconds=st.none() | st.floats(-9, 9),
    round_trip_seconds=st.none() | st.floats(0, 9),
)


@given(evidences)
def test_evidence_survives_its_file(evidence: Evidence) -> None:
    data = json.loads(json.dumps(evidence_to_json(evidence), allow_nan=False))
    jsonschema.validate(data, SCHEMA)
    assert evidence_from_json(data) == evidence


def test_what_is_no_number_is_written_as_prometheus_does() -> None:
    odd = Series({}, (1.0, 2.0, 3.0), (float("nan"), float("inf"), float("-inf")))
    data = evidence_to_json(Evidence(Window(0, 1), {"q": QueryResult("q", 1, (odd,))}, 2, 300))
    assert data["results"]["q"]["series"][0]["samples"] == [[1.0, "NaN"], [2.0, "+Inf"], [3.0, "-Inf"]]


def test_another_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="evidence of schema 2, expected 1"):
        evidence_from_json({"schema": 2})


WHOLE = evidence_to_json(
    Evidence(
        Window(1, 9), {"q": QueryResult("q", 1, (Series({"job": "a"}, (1.0, 2.0), (3.0, 4.0)),))}, 9, 300
    )
)
EDITED: dict[str, tuple[tuple[str | int, ...], object, str]] = {
    "a window without an end": (("window", "end"), None, "end is None, and should be a Unix time"),
    "a window whose end is a text": (("window", "end"), "9", "end is '9'"),
    "a window that ends before it starts": (
        ("window", "end"),
        0.5,
        "window ends at 0.5, before its start at 1",
    ),
    "a window that ends at no time": (("window", "end"), math.inf, "end is inf"),
    "a time that no calendar has": (("fetched_at",), 1e308, r"fetched_at is 1e\+308"),
    "a whole number that no float holds": (("fetched_at",), 10**400, "fetched_at|too large"),
    "a scrape interval that is NaN": (("scrape_interval_seconds",), math.nan, "seconds above 0, or null"),
    "a scrape interval of nothing": (("scrape_interval_seconds",), 0, "scrape_interval_seconds is 0"),
    "a skew that is a text": (("clock_skew_seconds",), "1", "clock_skew_seconds is '1'"),
    "a server that is a text": (("server",), "prometheus", "server is 'prometheus', and should be texts by"),
    "an error that is a number": (("results", "q", "error"), 5, r"results\['q'\]: error is 5"),
    "a warning that is a number": (("results", "q", "warnings"), [1], "should be a list of texts"),
    "exact as a text": (("results", "q", "exact"), "no", "exact is 'no', and should be true or false"),
    "a label that is a number": (
        ("results", "q", "series", 0, "labels", "job"),
        1,
        "should be texts by name",
    ),
    "labels that are a list": (("results", "q", "series", 0, "labels"), ["a"], "labels is"),
    "a series without samples": (("results", "q", "series", 0, "samples"), [], "at least one sample"),
    "a sample whose time is a text": (("results", "q", "series", 0, "samples", 0, 0), "1", "number|times"),
    "a sample whose time is NaN": (("results", "q", "series", 0, "samples", 1, 0), math.nan, "oldest first"),
    "a sample without a time": (("results", "q", "series", 0, "samples", 1, 0), None, "number|times"),
    "samples in another order": (("results", "q", "series", 0, "samples", 0, 0), 3.0, "oldest first"),
    "a sample whose value is no number": (("results", "q", "series", 0, "samples", 0, 1), "much", "much"),
}


@pytest.mark.parametrize(("place", "value", "says"), EDITED.values(), ids=EDITED.keys())
def test_evidence_that_was_edited_into_something_else_is_refused(
    place: tuple[str | int, ...], value: object, says: str
) -> None:
    evidence_from_json(WHOLE)
    edited = copy.deepcopy(WHOLE)
    holder: Any = edited
    for name in place[:-1]:
        holder = holder[name]
    holder[place[-1]] = value
    with pytest.raises((ValueError, TypeError, OverflowError), match=says):
        evidence_from_json(edited)
