"""``evidence.json``: evidence survives its file, whatever the values."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.codec import evidence_from_json, evidence_to_json
from slo.model import Evidence, QueryResult, Series, Window

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "slo" / "evidence.schema.json").read_text())

times = st.floats(1.7e9, 1.9e9)
values = st.floats(allow_nan=False)
labels = st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=8), max_size=3)
series = st.builds(
    lambda names, samples: Series(
        names, tuple(time for time, _ in samples), tuple(value for _, value in samples)
    ),
    labels,
    st.lists(st.tuples(times, values), max_size=5),
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
    window=st.builds(Window, times, times),
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
