"""Requests of the load that failed: the check ``answers`` and the verdicts that it withdraws."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.model import (
    CheckStatus,
    FailureCount,
    Outcome,
    Reason,
    RequestCounts,
    summarize_failed_requests,
)
from slo.model.run import MAX_FAILURE_ROWS
from tests.slo.evaluation.failed_request_cases import FAILED, UNEXPLAINED, FailedCase, counted
from tests.support.evidence import availability_slo, failing_run, run_record


@pytest.mark.parametrize("case", FAILED.values(), ids=FAILED.keys())
def test_the_verdict_on_a_run_with_failed_requests(case: FailedCase) -> None:
    verdict = case.evaluate_case()
    judged = tuple(objective.reason or objective.outcome for objective in verdict.objectives)
    assert judged == case.expected, [objective.detail for objective in verdict.objectives]
    check = case.check()
    assert case.text in check.detail
    assert check.numbers["unexplained"] == case.unexplained
    assert (check.status is CheckStatus.FAIL) is (check.reason is Reason.LOAD_FAILED)


def test_no_two_cases_have_the_same_name() -> None:
    assert len(FAILED) >= 45


@pytest.mark.parametrize("case", FAILED.values(), ids=FAILED.keys())
def test_the_verdict_holds_the_number_of_failed_requests(case: FailedCase) -> None:
    failed = case.evaluate_case().failed_requests
    assert failed is not None
    assert (failed.sent, failed.failed) == (case.run.total.sent, case.run.total.failed)
    assert sum(row.count for row in failed.rows) == failed.failed


@given(bad=st.integers(0, 700), failed=st.integers(0, 700), other=st.integers(0, 700))
def test_met_never_rests_on_more_unexplained_failures_than_the_policy_allows(
    bad: int, failed: int, other: int
) -> None:
    failed, other = min(failed, 700), min(other, 700 - min(failed, 700))
    counters = {"s200": 100 - bad // 7, "s500": bad // 7}
    run = failing_run(700, ("status 500", 500, failed), ("status 401", 401, other))
    verdict = FailedCase((availability_slo(0.5),), counted(**counters), run, ()).evaluate_case()
    unexplained = other + max(failed - 7 * (bad // 7), 0)
    if verdict.outcome is Outcome.MET:
        assert unexplained <= 7


def test_the_detail_of_an_objective_states_the_failures_once() -> None:
    case = UNEXPLAINED["401 at once makes the latency look good"]
    details = {objective.detail for objective in case.evaluate_case().objectives}
    assert details == {case.check().detail}


# --- Failed requests by name and reason ---------------------------------------------------------


def test_failed_requests_are_listed_by_name_and_reason() -> None:
    run = failing_run(10, ("status 401", 401, 3), ("timed out", 0, 1), ("unexpected answer", 204, 1))
    parts = {"a": replace(run.total, failed=5), "b": RequestCounts(5, 5, 5)}
    failed = summarize_failed_requests(replace(run, requests=parts))
    assert [(row.request, row.reason, row.count) for row in failed.rows] == [
        ("a", "status 401", 3),
        ("a", "timed out", 1),
        ("a", "unexpected answer (status 204)", 1),
    ]
    assert (failed.sent, failed.failed, failed.omitted) == (10, 5, 0)


def test_a_long_list_of_failed_requests_is_cut() -> None:
    counts = RequestCounts(
        200, 200, 200, 200, failures=tuple(FailureCount(f"e{n:03}", 200, 1) for n in range(200))
    )
    failed = summarize_failed_requests(replace(run_record(200), total=counts, requests={"a": counts}))
    assert len(failed.rows) == MAX_FAILURE_ROWS
    assert (failed.omitted, failed.omitted_count) == (100, 100)
