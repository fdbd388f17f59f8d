"""Queries about scrape targets and the server's clock are evidence like any other; malformed responses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from slo.evaluation import evaluate
from slo.model import (
    PROCESS_START_KEY,
    SERVER_TIME_KEY,
    UP_KEY,
    Evidence,
    Outcome,
    QueryKey,
    QueryResult,
    Reason,
    Series,
    make_samples_key,
)
from tests.support.evidence import ALL, OK, availability_slo, make_evidence, spec_of

SPEC = spec_of(availability_slo())
CREATED_KEY = make_samples_key("http_requests_created")
KEYS = {str(key): key for key in (UP_KEY, PROCESS_START_KEY, SERVER_TIME_KEY, CREATED_KEY)}


def make() -> Evidence:
    evidence = make_evidence(SPEC, {OK: "0+10x7", "process_start_time_seconds": "10x7"})
    server_time = QueryResult("time()", 200, (Series({}, (200.0,), (200.0,)),), exact=False)
    created = QueryResult("http_requests_created", 200)
    return replace(evidence, results={**evidence.results, SERVER_TIME_KEY: server_time, CREATED_KEY: created})


def with_result(key: QueryKey, change: Callable[[QueryResult], QueryResult]) -> Evidence:
    evidence = make()
    return replace(evidence, results={**evidence.results, key: change(evidence.results[key])})


def test_complete_responses_are_met() -> None:
    assert evaluate(SPEC, make()).outcome is Outcome.MET


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_a_refused_query_is_undecided(key: QueryKey) -> None:
    refused = with_result(key, lambda result: QueryResult(result.query, 0, error="too many samples"))
    (objective,) = evaluate(SPEC, refused).objectives
    assert (objective.outcome, objective.reason) == (Outcome.UNDECIDED, Reason.QUERY_FAILED)
    assert f"{key}: too many samples" in objective.detail


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_a_warning_of_missing_data_is_undecided(key: QueryKey) -> None:
    partial = with_result(key, lambda result: replace(result, warnings=("store 10.0.0.7 is down",)))
    (objective,) = evaluate(SPEC, partial).objectives
    assert (objective.outcome, objective.reason) == (Outcome.UNDECIDED, Reason.PARTIAL_DATA)


def test_a_note_on_the_query_itself_is_no_sign_of_missing_data() -> None:
    noted = with_result(UP_KEY, lambda result: replace(result, warnings=("PromQL info: no counter",)))
    assert evaluate(SPEC, noted).outcome is Outcome.MET


def reverse(series: Series) -> Series:
    return replace(series, times=series.times[::-1])


def repeat_time(series: Series) -> Series:
    return replace(series, times=(series.times[0], *series.times[:-1]))


MALFORMED: dict[str, Callable[[QueryResult], QueryResult]] = {
    "samples in reverse": lambda result: replace(result, series=tuple(map(reverse, result.series))),
    "two samples of one time": lambda result: replace(result, series=tuple(map(repeat_time, result.series))),
    "a series twice": lambda result: replace(result, series=result.series * 2),
}


@pytest.mark.parametrize("key", [make_samples_key(ALL), UP_KEY, PROCESS_START_KEY], ids=str)
@pytest.mark.parametrize("change", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_response_is_undecided(
    key: QueryKey, change: Callable[[QueryResult], QueryResult]
) -> None:
    (objective,) = evaluate(SPEC, with_result(key, change)).objectives
    assert (objective.outcome, objective.reason) == (Outcome.UNDECIDED, Reason.QUERY_FAILED)
    assert str(key) in objective.detail
