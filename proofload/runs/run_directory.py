"""The folder of a run: its name, its files, and ``runs/latest``."""

from __future__ import annotations

import os
import secrets
import tempfile
from datetime import UTC, datetime
from pathlib import Path


def new_run_id(now: datetime) -> str:
    """Name a run by its UTC time and a short random id, so that names sort by time."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def make_run_folder(runs: Path, run_id: str) -> Path:
    """Make ``runs/<run id>/`` with its ``logs/``.

    Raises:
        OSError: it can't be made.
    """
    folder = runs / run_id
    (folder / "logs").mkdir(parents=True)
    return folder


def point_latest(folder: Path) -> None:
    """Let ``latest`` beside a run's folder point to it; where links can't be made, leave it out."""
    link = folder.parent / f".latest-{secrets.token_hex(3)}"
    try:
        link.symlink_to(folder.name, target_is_directory=True)
        link.replace(folder.parent / "latest")
    except OSError:
        link.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text whole or not at all.

    Raises:
        OSError: the file can't be written; nothing is left of it.
    """
    write_bytes(path, text.encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        OSError: the file can't be written; nothing is left of it.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
