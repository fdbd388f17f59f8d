"""Checks of the evidence: status, reason, numbers and detail of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from slo.counting import EvidenceReader
from slo.evaluation.checks import check_evidence
from slo.model import UP_KEY, Check, CheckStatus, QueryKey, QueryResult, Reason, RunRecord, make_samples_key
from tests.slo.evaluation.check_cases import CASES, PASS, SKIP, Case
from tests.slo.evaluation.count_cases import COUNT_CASES
from tests.support.evidence import ALL, ERRORS, SPEC, STEADY, make_evidence, run_record


@pytest.mark.parametrize("case", (CASES | COUNT_CASES).values(), ids=(CASES | COUNT_CASES).keys())
def test_the_result_of_a_check(case: Case) -> None:
    check = case.run_check()
    reason = case.expected if isinstance(case.expected, Reason) else None
    status = CheckStatus.FAIL if isinstance(case.expected, Reason) else case.expected
    assert (check.status, check.reason) == (status, reason), check.detail
    assert {name: check.numbers.get(name) for name in case.numbers} == dict(case.numbers)
    assert check.detail
    assert case.text in check.detail


@pytest.mark.parametrize(
    ("run", "names"),
    [
        pytest.param(
            None, ["prometheus", "processes", "restarts", "up", "scrapes"], id="a window without a run"
        ),
        pytest.param(
            run_record(70),
            [
                *("prometheus", "run", "processes", "restarts", "up", "scrapes"),
                *("load_delivered", "answers", "counts_reconcile"),
            ],
            id="a run",
        ),
    ],
)
def test_causes_are_checked_before_their_effects(run: RunRecord | None, names: list[str]) -> None:
    assert [
        check.name for check in check_evidence(SPEC, EvidenceReader(make_evidence(SPEC, STEADY)), run)
    ] == names


def test_no_other_check_runs_if_prometheus_does_not_answer() -> None:
    scraped = make_evidence(SPEC, {}, error="prometheus:9090 does not answer")
    (check,) = check_evidence(SPEC, EvidenceReader(scraped), run_record(70))
    assert (check.status, check.reason) == (CheckStatus.FAIL, Reason.PROMETHEUS_UNREACHABLE)
    assert check.detail == "prometheus:9090 does not answer"


def _check_targets_and_scrapes(results: Mapping[QueryKey, QueryResult]) -> list[Check]:
    scraped = replace(make_evidence(SPEC, {}), results=results)
    return [
        check
        for check in check_evidence(SPEC, EvidenceReader(scraped), None)
        if check.name in {"up", "scrapes"}
    ]


@pytest.mark.parametrize(
    ("exact", "samples", "expected"),
    [
        pytest.param(True, STEADY, (PASS, None, "a scrape before"), id="scrape times come from the samples"),
        pytest.param(
            True,
            {},
            (CheckStatus.FAIL, Reason.NO_DATA, "no scrape of the service was found"),
            id="no samples and no scrapes",
        ),
        pytest.param(
            False,
            STEADY,
            (SKIP, None, "every value was computed by Prometheus: no sample"),
            id="values that Prometheus computed are not samples",
        ),
    ],
)
def test_scrape_targets_are_unknown(
    exact: bool, samples: Mapping[str, str], expected: tuple[CheckStatus, Reason | None, str]
) -> None:
    all_results = make_evidence(SPEC, samples).results
    keys = (make_samples_key(ALL), make_samples_key(ERRORS))
    results = {key: replace(all_results[key], exact=exact) for key in keys}
    up, scrapes = _check_targets_and_scrapes(results)
    assert UP_KEY not in results
    assert (up.status, up.detail.startswith("no job label on the series")) == (SKIP, True)
    status, reason, text = expected
    assert (scrapes.status, scrapes.reason, scrapes.detail[: len(text)]) == (status, reason, text)
    assert ("scrape_interval_seconds" in scrapes.numbers) == (status is PASS)


@pytest.mark.parametrize("version", ["2.42.0", ""])
def test_the_server_and_its_version_are_shown(version: str) -> None:
    scraped = replace(make_evidence(SPEC, STEADY), server={"url": "http://p", "version": version})
    check, *_ = check_evidence(SPEC, EvidenceReader(scraped), None)
    assert check.detail == f"http://p answered, version {version or '?'}"
