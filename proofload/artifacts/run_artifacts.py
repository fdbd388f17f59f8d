"""The files of a run directory that a verdict can be replayed from: evidence, run record and policy."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pydantic

from loadtests.recording import run_from_json
from proofload.artifacts.policy_file import PolicyConfiguration
from slo.documents import Problem, ProblemsError, write_atomically
from slo.model import Evidence, Policy, RunRecord
from slo.prometheus import decode_evidence, encode_evidence

T = TypeVar("T")

EVIDENCE_FILE, COMPRESSED_EVIDENCE_FILE = "evidence.json", "evidence.json.gz"
COMPRESSION_THRESHOLD_BYTES = 1_000_000
"""Larger evidence is compressed."""


@dataclass(frozen=True, slots=True)
class RunArtifacts:
    """The inputs of a verdict, except the spec."""

    evidence: Evidence
    run: RunRecord | None
    policy: Policy


def write_evidence(evidence: Evidence, run_directory: Path) -> None:
    """Write ``evidence.json``, or ``evidence.json.gz`` if it is large, completely or not at all.

    Raises:
        OSError: the file can't be written.
    """
    data = encode_evidence(evidence) + b"\n"
    plain, compressed = run_directory / EVIDENCE_FILE, run_directory / COMPRESSED_EVIDENCE_FILE
    if len(data) > COMPRESSION_THRESHOLD_BYTES:
        # mtime=0: the same evidence yields the same bytes.
        write_atomically(compressed, gzip.compress(data, 6, mtime=0))
        plain.unlink(missing_ok=True)
    else:
        write_atomically(plain, data)
        compressed.unlink(missing_ok=True)


def read_run_artifacts(run_directory: Path) -> RunArtifacts:
    """Read the evidence and, if they exist, ``run.json`` and the policy in ``verdict.json``.

    Raises:
        ProblemsError: all files that are missing or invalid.
    """
    problems: list[Problem] = []
    plain, compressed = run_directory / EVIDENCE_FILE, run_directory / COMPRESSED_EVIDENCE_FILE
    run_file, verdict_file = run_directory / "run.json", run_directory / "verdict.json"
    evidence = _read_json(compressed if compressed.exists() else plain, decode_evidence, problems)
    record = _read_json(run_file, _parse_run, problems) if run_file.exists() else None
    policy = _read_json(verdict_file, _parse_policy, problems) if verdict_file.exists() else None
    if evidence is None or problems:
        raise ProblemsError(problems)
    return RunArtifacts(evidence, record, policy or Policy())


def _parse_run(data: bytes) -> RunRecord:
    return run_from_json(json.loads(data))


def _parse_policy(data: bytes) -> Policy:
    try:
        verdict = json.loads(data)
        return Policy(PolicyConfiguration.model_validate(verdict.get("policy", {})).confidence)
    except pydantic.ValidationError as error:
        (first, *_) = error.errors()
        raise ValueError(f"policy.{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def _read_json(path: Path, parse: Callable[[bytes], T], problems: list[Problem]) -> T | None:
    try:
        data = path.read_bytes()
        return parse(gzip.decompress(data) if path.suffix == ".gz" else data)
    except (OSError, EOFError, zlib.error) as error:
        cause = getattr(error, "strerror", None) or error
        problems.append(Problem(str(path), None, "", f"can't be read: {cause}"))
    except json.JSONDecodeError as error:
        problems.append(Problem(str(path), error.lineno, "", f"is not JSON: {error.msg}"))
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        kind = path.name.partition(".")[0]
        message = f"is not a valid {kind} file of a run ({type(error).__name__}: {error})"
        problems.append(Problem(str(path), None, "", message))
    return None
