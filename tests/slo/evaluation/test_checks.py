"""Checks of the evidence: what each finds, with its reason and its figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from slo.counting.evidence_reader import Counted
from slo.evaluation.checks import check_evidence
from slo.model import Check, CheckStatus, QueryResult, Reason, RunRecord
from slo.promql.query_plan import UP
from tests.slo.evaluation.check_cases import CASES, PASS, SKIP, SPEC, STEADY, Case
from tests.support.evidence import ALL, ERRORS, evidence, sent


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_check_says_what_it_found(case: Case) -> None:
    check = case.made()
    reason = case.expected if isinstance(case.expected, Reason) else None
    status = CheckStatus.FAIL if isinstance(case.expected, Reason) else case.expected
    assert (check.status, check.reason) == (status, reason), check.detail
    assert {name: check.numbers.get(name) for name in case.numbers} == dict(case.numbers)
    assert check.detail
    assert case.says in check.detail


@pytest.mark.parametrize(
    ("run", "names"),
    [
        pytest.param(None, ["prometheus", "restarts", "up", "scrapes"], id="a window, whoever made its load"),
        pytest.param(
            sent(70),
            ["prometheus", "run", "restarts", "up", "scrapes", "load_delivered", "counts_reconcile"],
            id="a run",
        ),
    ],
)
def test_the_checks_come_most_causal_first(run: RunRecord | None, names: list[str]) -> None:
    assert [check.name for check in check_evidence(SPEC, Counted(evidence(SPEC, STEADY)), run)] == names


def test_nothing_else_is_checked_when_prometheus_does_not_answer() -> None:
    seen = evidence(SPEC, {}, error="prometheus:9090 does not answer")
    (check,) = check_evidence(SPEC, Counted(seen), sent(70))
    assert (check.status, check.reason) == (CheckStatus.FAIL, Reason.PROMETHEUS_UNREACHABLE)
    assert check.detail == "prometheus:9090 does not answer"


def _without_up(results: Mapping[str, QueryResult]) -> list[Check]:
    seen = replace(evidence(SPEC, {}), results=results)
    return [c for c in check_evidence(SPEC, Counted(seen), None) if c.name in {"up", "scrapes"}]


@pytest.mark.parametrize(
    ("exact", "samples", "expected"),
    [
        pytest.param(
            True, STEADY, (PASS, None, "a scrape before"), id="the samples themselves tell when scrapes were"
        ),
        pytest.param(
            True,
            {},
            (CheckStatus.FAIL, Reason.NO_DATA, "no scrape of the service is known"),
            id="no samples, no scrapes",
        ),
        pytest.param(
            False,
            STEADY,
            (SKIP, None, "every value was computed by Prometheus: no sample"),
            id="values that Prometheus computed are no samples",
        ),
    ],
)
def test_where_targets_are_not_known(
    exact: bool, samples: Mapping[str, str], expected: tuple[CheckStatus, Reason | None, str]
) -> None:
    given = evidence(SPEC, samples).results
    asked = {query: replace(given[query], exact=exact) for query in (ALL, ERRORS)}
    up, scrapes = _without_up(asked)
    assert UP not in asked
    assert (up.status, up.detail.startswith("no job label on the series")) == (SKIP, True)
    status, reason, says = expected
    assert (scrapes.status, scrapes.reason, scrapes.detail[: len(says)]) == (status, reason, says)
    assert ("scrape_interval_seconds" in scrapes.numbers) == (status is PASS)


@pytest.mark.parametrize("version", ["2.42.0", ""])
def test_the_server_and_its_version_are_told(version: str) -> None:
    seen = replace(evidence(SPEC, STEADY), server={"url": "http://p", "version": version})
    check, *_ = check_evidence(SPEC, Counted(seen), None)
    assert check.detail == f"http://p answered, version {version or '?'}"
