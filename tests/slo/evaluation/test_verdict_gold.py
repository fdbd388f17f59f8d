"""The whole verdict of every case, figures and words, compared with a golden file: a line a case.

``PROOFLOAD_RENEW_GOLD=1 pytest tests/slo/evaluation/test_verdict_gold.py`` writes it anew and fails, so that nobody
takes that for a pass; look at the difference before committing it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from reports.writers.verdict_json import verdict_to_json
from tests.slo.evaluation import composite_cases, test_evaluate

CASES = test_evaluate.CASES | {f"composite: {name}": case for name, case in composite_cases.CASES.items()}
GOLD = Path(__file__).resolve().parents[2] / "gold" / "verdicts.jsonl"


def lines() -> dict[str, str]:
    return {
        name: json.dumps({"case": name} | verdict_to_json(case.judge()), ensure_ascii=False)
        for name, case in CASES.items()
    }


@pytest.fixture(scope="module")
def gold() -> dict[str, str]:
    found = lines()
    if os.environ.get("PROOFLOAD_RENEW_GOLD"):
        GOLD.write_text("".join(f"{line}\n" for line in found.values()), encoding="utf-8")
        pytest.fail(f"{GOLD.name} was renewed")
    kept = GOLD.read_text(encoding="utf-8").splitlines()
    return {json.loads(line)["case"]: line for line in kept}


def test_the_file_has_every_case_and_no_other(gold: dict[str, str]) -> None:
    assert list(gold) == list(CASES)


@pytest.mark.parametrize("name", CASES)
def test_the_verdict_is_as_it_was(name: str, gold: dict[str, str]) -> None:
    found = json.dumps({"case": name} | verdict_to_json(CASES[name].judge()), ensure_ascii=False)
    assert json.loads(found) == json.loads(gold[name])
