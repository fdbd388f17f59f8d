"""The complete verdict of every case, numbers and texts, compared with a golden file of one line a case.

``PROOFLOAD_RENEW_GOLD=1 pytest tests/slo/evaluation/test_verdict_gold.py`` rewrites the file and fails, so
that the rewrite is not taken for a pass. Review the difference before you commit it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from reports.writers.verdict_json import verdict_to_json
from tests.slo.evaluation import composite_cases, test_objective_evaluation

CASES = test_objective_evaluation.CASES | {
    f"composite: {name}": case for name, case in composite_cases.CASES.items()
}
GOLD = Path(__file__).resolve().parents[2] / "gold" / "verdicts.jsonl"


def format_lines() -> dict[str, str]:
    return {
        name: json.dumps({"case": name} | verdict_to_json(case.evaluate_case()), ensure_ascii=False)
        for name, case in CASES.items()
    }


@pytest.fixture(scope="module")
def gold() -> dict[str, str]:
    lines = format_lines()
    if os.environ.get("PROOFLOAD_RENEW_GOLD"):
        GOLD.write_text("".join(f"{line}\n" for line in lines.values()), encoding="utf-8")
        pytest.fail(f"{GOLD.name} was rewritten")
    gold_lines = GOLD.read_text(encoding="utf-8").splitlines()
    return {json.loads(line)["case"]: line for line in gold_lines}


def test_the_golden_file_has_exactly_the_cases(gold: dict[str, str]) -> None:
    assert list(gold) == list(CASES)


@pytest.mark.parametrize("name", CASES)
def test_the_verdict_equals_the_golden_file(name: str, gold: dict[str, str]) -> None:
    line = json.dumps({"case": name} | verdict_to_json(CASES[name].evaluate_case()), ensure_ascii=False)
    assert json.loads(line) == json.loads(gold[name])
