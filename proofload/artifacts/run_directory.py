"""The run directory: its name, its creation, the link ``runs/latest``, and writing text files."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path

from slo.documents import write_atomically


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
