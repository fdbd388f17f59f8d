"""What a run left behind, read again: its evidence, and its record where it had one."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pydantic

from loadtests.recording.run_json import from_json
from proofload.runs.run_directory import write_bytes
from proofload.runs.policy_file import PolicyPart
from slo.prometheus.evidence_json import evidence_from_json, evidence_to_json
from slo.documents.yaml_source import Problem, ProblemsError
from slo.model import Evidence, Policy, RunRecord

T = TypeVar("T")

PLAIN, PACKED = "evidence.json", "evidence.json.gz"
LARGE_BYTES = 1_000_000
"""From here on evidence is compressed."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a verdict follows from, beside the spec."""

    evidence: Evidence
    run: RunRecord | None
    policy: Policy


def keep(evidence: Evidence, folder: Path) -> None:
    """Write ``evidence.json``, or ``evidence.json.gz`` where it is large; whole or not at all.

    Raises:
        OSError: it can't be written.
    """
    data = (json.dumps(evidence_to_json(evidence), allow_nan=False, separators=(",", ":")) + "\n").encode()
    large = len(data) > LARGE_BYTES
    # The same evidence gives the same bytes: the time that gzip would note is left out.
    write_bytes(folder / (PACKED if large else PLAIN), gzip.compress(data, 6, mtime=0) if large else data)
    (folder / (PLAIN if large else PACKED)).unlink(missing_ok=True)


def kept(run: Path) -> Kept:
    """Read ``evidence.json`` and, where they are there, ``run.json`` and the policy of ``verdict.json``.

    Raises:
        ProblemsError: a file is missing, or is not what it should be; all of them at once.
    """
    problems: list[Problem] = []
    packed = run / PACKED
    evidence = _read(packed if packed.exists() else run / PLAIN, evidence_from_json, problems)
    record = _read(run / "run.json", from_json, problems) if (run / "run.json").exists() else None
    policy = _read(run / "verdict.json", _policy, problems) if (run / "verdict.json").exists() else None
    if evidence is None or problems:
        raise ProblemsError(problems)
    return Kept(evidence, record, policy or Policy())


def _policy(verdict: Any) -> Policy:
    try:
        return Policy(PolicyPart.model_validate(verdict.get("policy", {})).confidence)
    except pydantic.ValidationError as error:
        (first, *_) = error.errors()
        raise ValueError(f"policy.{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def _read(path: Path, parse: Callable[[Any], T], problems: list[Problem]) -> T | None:
    try:
        data = path.read_bytes()
        return parse(json.loads(gzip.decompress(data) if path.suffix == ".gz" else data))
    except (OSError, EOFError, zlib.error) as error:
        said = getattr(error, "strerror", None) or error
        problems.append(Problem(str(path), None, "", f"can't be read: {said}"))
    except json.JSONDecodeError as error:
        problems.append(Problem(str(path), error.lineno, "", f"is no JSON: {error.msg}"))
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        message = f"holds no {path.name.partition('.')[0]} of a run ({type(error).__name__}: {error})"
        problems.append(Problem(str(path), None, "", message))
    return None
