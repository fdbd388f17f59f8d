"""The files of a run directory that a verdict can be replayed from: evidence, run record and policy.

``policy.json`` is ``{"schema": 1, "confidence": ..., "baseline": ..., "failed_requests": ...,
"other_traffic": ..., "coverage": ...}``; the keys of its baseline are the fields of
:class:`slo.model.BaselinePolicy`.
``policy.schema.json`` describes it.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import pydantic
from pydantic import Field

from loadtests.recording import run_from_json, run_to_json
from proofload.artifacts.evidence_digests import (
    EVIDENCE_NAME,
    POLICY_FILE,
    RUN_FILE,
    Integrity,
    add_digests,
    find_edited_files,
    split_digests,
)
from proofload.artifacts.policy_file import Confidence, FailedRatio, Names, PolicyConfiguration, Ratio
from slo.documents import Problem, ProblemsError, StrictModel, write_atomically
from slo.model import DEFAULT_COVERAGE, MAX_FAILED_RATIO, BaselinePolicy, Evidence, Policy, RunRecord
from slo.prometheus import decode_evidence, encode_evidence

T = TypeVar("T")

EVIDENCE_FILE, COMPRESSED_EVIDENCE_FILE = EVIDENCE_NAME, f"{EVIDENCE_NAME}.gz"
POLICY_SCHEMA_VERSION = 1
COMPRESSION_THRESHOLD_BYTES = 1_000_000
"""Larger evidence is compressed."""


@dataclass(frozen=True, slots=True)
class RunArtifacts:
    """The inputs of a verdict, except the spec."""

    evidence: Evidence
    run: RunRecord | None
    policy: Policy
    integrity: Integrity = Integrity.VERIFIED
    """Whether the files are as the run left them."""


class _StoredBaseline(StrictModel):
    runs: Names
    figures: Names
    tolerance: Ratio
    min_effect_seconds: Annotated[float, Field(ge=0)]
    min_effect_ratio: Ratio
    confidence: Confidence
    minimum_runs: Annotated[int, Field(ge=2)]

    def to_baseline(self) -> BaselinePolicy:
        fields = self.model_dump()
        return BaselinePolicy(**{**fields, "runs": tuple(self.runs), "figures": tuple(self.figures)})


class _StoredPolicy(StrictModel):
    """The contents of ``policy.json``.

    Fields have no default, so that a field that is missing is noticed, except those that version 0.2.0 did
    not write.
    """

    version: Annotated[int, Field(alias="schema", ge=POLICY_SCHEMA_VERSION, le=POLICY_SCHEMA_VERSION)]
    confidence: Confidence | None
    baseline: _StoredBaseline | None
    failed_requests: FailedRatio = MAX_FAILED_RATIO
    other_traffic: bool = False
    coverage: Ratio = DEFAULT_COVERAGE


def write_policy(policy: Policy, run_directory: Path) -> None:
    """Write ``policy.json``, the policy that the run is judged by, completely or not at all.

    Raises:
        OSError: the file can't be written.
    """
    data = json.dumps({"schema": POLICY_SCHEMA_VERSION, **asdict(policy)}, indent=2)
    write_atomically(run_directory / POLICY_FILE, f"{data}\n".encode())


def write_run(record: RunRecord, run_directory: Path) -> None:
    """Write ``run.json``, completely or not at all.

    Raises:
        OSError: the file can't be written.
    """
    data = json.dumps(run_to_json(record), allow_nan=False, indent=1)
    write_atomically(run_directory / RUN_FILE, f"{data}\n".encode())


def write_evidence(
    evidence: Evidence, run_directory: Path, integrity: Integrity = Integrity.UNVERIFIED
) -> None:
    """Write ``evidence.json``, or ``evidence.json.gz`` if it is large, completely or not at all.

    With ``integrity`` it contains the digests of all inputs of the verdict, so run record and policy must
    have been written before.

    Raises:
        OSError: the file can't be written.
    """
    data = add_digests(encode_evidence(evidence), run_directory, integrity) + b"\n"
    plain, compressed = run_directory / EVIDENCE_FILE, run_directory / COMPRESSED_EVIDENCE_FILE
    if len(data) > COMPRESSION_THRESHOLD_BYTES:
        # mtime=0: the same evidence yields the same bytes.
        write_atomically(compressed, gzip.compress(data, 6, mtime=0))
        plain.unlink(missing_ok=True)
    else:
        write_atomically(plain, data)
        compressed.unlink(missing_ok=True)


def read_run_artifacts(run_directory: Path, *, trust_evidence: bool = False) -> RunArtifacts:
    """Read the evidence and, if they exist, ``run.json`` and ``policy.json``.

    ``trust_evidence`` accepts files that were edited after the run.

    Raises:
        ProblemsError: all files that are missing, invalid or edited.
    """
    problems, edits = list[Problem](), list[Problem]()
    plain, compressed = run_directory / EVIDENCE_FILE, run_directory / COMPRESSED_EVIDENCE_FILE
    evidence_file, run_file = compressed if compressed.exists() else plain, run_directory / RUN_FILE
    integrity = Integrity.UNVERIFIED

    def parse_evidence(data: bytes) -> Evidence:
        nonlocal integrity
        encoded, digests = split_digests(data)
        if digests is not None:
            edits.extend(find_edited_files(encoded, digests, evidence_file))
            integrity = Integrity.EDITED if edits else Integrity.VERIFIED
        return decode_evidence(encoded)

    evidence = _read_json(evidence_file, parse_evidence, problems)
    record = _read_json(run_file, _parse_run, problems) if run_file.exists() else None
    policy = _read_policy(run_directory, problems)
    if not trust_evidence:
        problems += edits
    if evidence is None or problems:
        raise ProblemsError(problems)
    return RunArtifacts(evidence, record, policy or Policy(), integrity)


def _parse_run(data: bytes) -> RunRecord:
    return run_from_json(json.loads(data))


def _read_policy(run_directory: Path, problems: list[Problem]) -> Policy | None:
    policy_file, verdict_file = run_directory / POLICY_FILE, run_directory / "verdict.json"
    if policy_file.exists():
        return _read_json(policy_file, _parse_policy, problems)
    # Versions before 0.2.0 wrote no policy.json: their verdict.json repeats the confidence, but no baseline.
    return _read_json(verdict_file, _parse_verdict_policy, problems) if verdict_file.exists() else None


def _parse_policy(data: bytes) -> Policy:
    try:
        stored = _StoredPolicy.model_validate(json.loads(data))
    except pydantic.ValidationError as error:
        raise ValueError(_format_first_error(error)) from None
    return Policy(
        stored.confidence,
        stored.baseline.to_baseline() if stored.baseline else None,
        stored.failed_requests,
        stored.other_traffic,
        stored.coverage,
    )


def _parse_verdict_policy(data: bytes) -> Policy:
    verdict = json.loads(data)
    try:
        stored = PolicyConfiguration.model_validate(verdict.get("policy", {}))
    except pydantic.ValidationError as error:
        raise ValueError(_format_first_error(error, "policy")) from None
    return Policy(stored.confidence, None, stored.failed_requests, stored.other_traffic, stored.coverage)


def _format_first_error(error: pydantic.ValidationError, *prefix: str) -> str:
    """Return the first error of a file after the path of its field."""
    (first, *_) = error.errors()
    path = ".".join(map(str, (*prefix, *first["loc"])))
    return f"{path}: {first['msg']}" if path else first["msg"]


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
