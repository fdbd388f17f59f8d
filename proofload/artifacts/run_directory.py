"""The run directory: its name, its creation, the link ``runs/latest``, and writing text files."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path

from slo.documents import write_atomically

PROBE_BYTES = 1_000_000
"""Free space that a run directory must have at the start: a short run writes about half of it."""
_FILES = (
    "run.json", "requests.csv", "response_times.hlog", "policy.json", "evidence.json", "evidence.json.gz",
    "verdict.json", "junit.xml", "objectives.csv", "report.md", "report.html",
    "figures.json", "comparison.json", "comparison.md", "logs/load.log",
)  # fmt: skip


def create_run_id(now: datetime) -> str:
    """Return a run id from the UTC time and a short random suffix; ids sort by time."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def create_run_directory(parent: Path, run_id: str) -> Path:
    """Create the run directory ``parent/run_id`` and its ``logs/``.

    Raises:
        OSError: it can't be created.
    """
    run_directory = parent / run_id
    (run_directory / "logs").mkdir(parents=True)
    return run_directory


def find_output_problems(run_directory: Path) -> list[str]:
    """Return why the files of a run can't be written to its directory; nothing if they can.

    It writes ``PROBE_BYTES`` for a moment: a full disk shows only so.
    """
    problems = [
        f"can't write {run_directory / name}: it is a folder"
        for name in _FILES
        if (run_directory / name).is_dir()
    ]
    probe = run_directory / "logs" / f".probe-{secrets.token_hex(3)}"
    try:
        probe.write_bytes(bytes(PROBE_BYTES))
    except OSError as error:
        problems.append(f"can't write to the run directory {run_directory}: {error.strerror}")
    finally:
        probe.unlink(missing_ok=True)
    return problems


def update_latest_link(run_directory: Path) -> None:
    """Point the link ``latest`` beside a run directory to it; do nothing if links can't be created."""
    link = run_directory.parent / f".latest-{secrets.token_hex(3)}"
    try:
        link.symlink_to(run_directory.name, target_is_directory=True)
        link.replace(run_directory.parent / "latest")
    except OSError:
        link.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8, completely or not at all.

    Raises:
        OSError: the file can't be written; an older file is unchanged.
    """
    write_atomically(path, text.encode())
