"""What a run left behind, read again: its evidence, and its record where it had one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from loadtests.runfile import from_json
from slo.codec import evidence_from_json
from slo.document import Problem, ProblemsError
from slo.model import Evidence, Policy, RunRecord

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kept:
    """What a verdict follows from, beside the spec."""

    evidence: Evidence
    run: RunRecord | None
    policy: Policy


def kept(run: Path) -> Kept:
    """Read ``evidence.json`` and, where they are there, ``run.json`` and the policy of ``verdict.json``.

    Raises:
        ProblemsError: a file is missing, or is not what it should be; all of them at once.
    """
    problems: list[Problem] = []
    evidence = _read(run / "evidence.json", evidence_from_json, problems)
    record = _read(run / "run.json", from_json, problems) if (run / "run.json").exists() else None
    policy = _read(run / "verdict.json", _policy, problems) if (run / "verdict.json").exists() else None
    if evidence is None or problems:
        raise ProblemsError(problems)
    return Kept(evidence, record, policy or Policy())


def _policy(verdict: Any) -> Policy:
    return Policy(**verdict.get("policy", {}))


def _read(path: Path, parse: Callable[[Any], T], problems: list[Problem]) -> T | None:
    try:
        return parse(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        problems.append(Problem(str(path), None, "", f"can't be read: {error.strerror}"))
    except json.JSONDecodeError as error:
        problems.append(Problem(str(path), error.lineno, "", f"is no JSON: {error.msg}"))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        message = f"holds no {path.stem} of a run ({type(error).__name__}: {error})"
        problems.append(Problem(str(path), None, "", message))
    return None
