"""Digests of the inputs of a verdict, at the start of ``evidence.json``: they show that an input was edited.

They cover all of the evidence (samples, labels, queries, times, the server) byte for byte, the run record and
the policy; a file that is missing has the digest ``null``. They are no signature: who edits the evidence on
purpose can compute them again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from slo.documents import Problem

EVIDENCE_NAME = "evidence.json"
RUN_FILE, POLICY_FILE = "run.json", "policy.json"
Digests = Mapping[str, str | None]
"""SHA-256 of each input by file name, in hexadecimal; ``None`` for a file that did not exist."""

_DIGESTS = re.compile(rb'\{"digests":(\{[^{}]*\}),')
_EDITED = "edited"
"""Digest of evidence that was edited before it was written: it never matches."""


class Integrity(StrEnum):
    """What the digests say about the inputs of a verdict."""

    VERIFIED = "verified"
    UNVERIFIED = "no digests: written by a version before 0.3.0, or not by a run"
    EDITED = "edited after the run; replayed with --trust-evidence"


def add_digests(evidence: bytes, run_directory: Path, integrity: Integrity) -> bytes:
    """Return encoded evidence with its digest and those of run record and policy in a directory.

    Evidence that was not verified gets no digests, and evidence that was edited gets none that match.

    Raises:
        OSError: a file can't be read.
    """
    if integrity is Integrity.UNVERIFIED:
        return evidence
    digest = _EDITED if integrity is Integrity.EDITED else _compute_digest(evidence)
    digests = {EVIDENCE_NAME: digest, **_digest_files(run_directory)}
    return b'{"digests":' + json.dumps(digests).encode() + b"," + evidence[1:]


def split_digests(data: bytes) -> tuple[bytes, Digests | None]:
    """Return encoded evidence as it was before :func:`add_digests`, and its digests.

    Raises:
        json.JSONDecodeError: the data was written anew by another program, and is not JSON.
        RecursionError: JSON that is nested too deeply.
    """
    if match := _DIGESTS.match(data):
        return b"{" + data[match.end() :], _parse_digests(json.loads(match[1]))
    if b'"digests"' not in data:
        return data, None
    content = json.loads(data)
    if not isinstance(content, dict) or "digests" not in content:
        return data, None
    digests = _parse_digests(content.pop("digests"))
    return json.dumps(content).encode(), digests


def find_edited_files(evidence: bytes, digests: Digests, evidence_path: Path) -> list[Problem]:
    """Return a problem for each input of the verdict that is not as the run left it.

    ``evidence`` is encoded without its digests.

    Raises:
        OSError: a file can't be read.
    """
    folder = evidence_path.parent
    found = {EVIDENCE_NAME: _compute_digest(evidence), **_digest_files(folder)}
    problems = []
    for name, digest in found.items():
        expected = digests.get(name, _EDITED)
        if digest != expected:
            path = evidence_path if name == EVIDENCE_NAME else folder / name
            change = "is missing" if digest is None else "was added" if expected is None else "was edited"
            message = f"{change} after the run: its digest does not match; --trust-evidence replays it anyway"
            problems.append(Problem(str(path), None, "", message))
    return problems


def _parse_digests(data: Any) -> Digests:
    """Return the digests; invalid ones match nothing."""
    return data if isinstance(data, dict) else {}


def _digest_files(folder: Path) -> dict[str, str | None]:
    return {name: _digest_file(folder / name) for name in (RUN_FILE, POLICY_FILE)}


def _digest_file(path: Path) -> str | None:
    return _compute_digest(path.read_bytes()) if path.exists() else None


def _compute_digest(data: bytes) -> str:
    return hashlib.sha256(data.rstrip()).hexdigest()
