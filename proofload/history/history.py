"""The history of runs: an SQLite file beside the run directories, from which it can be rebuilt."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from proofload.artifacts import write_text
from proofload.history.run_entry import (
    FIGURES_FILE,
    RunEntry,
    entries_from_json,
    entries_to_json,
)

HISTORY_FILE = Path("runs") / "history.sqlite"
HISTORY_VERSION = 1
"""``PRAGMA user_version`` of the file."""
LOCK_TIMEOUT_SECONDS = 10.0
"""Maximum wait for another run that writes to the file."""

_CREATE_TABLE = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY,
    time REAL NOT NULL,  -- Unix seconds
    verdict TEXT NOT NULL,
    profile TEXT NOT NULL,  -- profile, spec, target: parts of the fingerprint
    spec TEXT NOT NULL,
    target TEXT NOT NULL,
    entry TEXT NOT NULL  -- the whole entry as JSON
)
"""


class HistoryError(Exception):
    """The history can't be read or written; the message states why and what to do."""


def add_run(entry: RunEntry, run_directory: Path, history_file: Path = HISTORY_FILE) -> str | None:
    """Write ``figures.json`` to the run directory and add the run to the history, each once.

    A regression must be marked in the entry: what is written here can be a baseline.

    Returns:
        A warning if that failed, else ``None``; it raises nothing, so that no verdict is lost.
    """
    try:
        write_text(run_directory / FIGURES_FILE, _format_figures(entry))
        add_entries([entry], history_file)
    except OSError as error:
        return f"not in the history: can't write {error.filename}: {error.strerror}"
    except HistoryError as error:
        return f"not in the history: {error}"
    return None


def add_entries(entries: Iterable[RunEntry], history_file: Path = HISTORY_FILE) -> None:
    """Add runs in one transaction; a run with the same id is replaced.

    Raises:
        HistoryError: the history can't be written; it is unchanged.
    """
    with _open_history(history_file, write=True) as connection:
        connection.executemany(
            "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?)", map(_build_row, entries)
        )


def accept_runs(runs: Iterable[RunEntry], history_file: Path = HISTORY_FILE) -> None:
    """Mark runs as accepted: baselines start with them, even if they are regressions.

    Raises:
        HistoryError: a run can't be a baseline, or the history can't be written.
    """
    accepted = [replace(run, accepted=True) for run in runs]
    if unusable := [run.id for run in accepted if not run.can_be_baseline]:
        raise HistoryError(
            f"{', '.join(unusable)}: can't be a baseline: not MET, or a check failed, or faults were set"
        )
    for run in accepted:
        _update_entry(run, history_file.parent / run.id, history_file)


def _update_entry(entry: RunEntry, run_directory: Path, history_file: Path) -> None:
    path = run_directory / FIGURES_FILE
    try:
        if path.is_file():
            write_text(path, _format_figures(entry))
    except OSError as error:
        raise HistoryError(f"can't write {path}: {error.strerror}") from None
    add_entries([entry], history_file)


def _format_figures(entry: RunEntry) -> str:
    return json.dumps(entries_to_json([entry]), indent=1) + "\n"


def read_entries(history_file: Path = HISTORY_FILE) -> list[RunEntry]:
    """Read all runs, newest first; without a history file there are none.

    Raises:
        HistoryError: the history can't be read.
    """
    if history_file.is_file() and not history_file.stat().st_size:  # the first transaction was not committed
        return []
    if not history_file.exists():
        return []
    with _open_history(history_file, write=False) as connection:
        rows = connection.execute("SELECT entry FROM runs ORDER BY time DESC, id DESC").fetchall()
    try:
        return entries_from_json({**entries_to_json([]), "runs": [json.loads(text) for (text,) in rows]})
    except ValueError as error:
        raise _create_unreadable_error(history_file, str(error)) from None


def rebuild_history(history_file: Path = HISTORY_FILE) -> tuple[int, list[str]]:
    """Rebuild the history from the run directories beside it, completely or not at all.

    Returns:
        The number of runs in the new history, and the files that could not be read.

    Raises:
        HistoryError: the new history can't be written; the old one is unchanged.
    """
    runs, problems = list[RunEntry](), list[str]()
    for path in sorted(history_file.parent.glob(f"*/{FIGURES_FILE}")):
        if path.parent.is_symlink():  # runs/latest points to another run directory
            continue
        try:
            runs += read_figures(path)
        except HistoryError as error:
            problems.append(str(error))
    temporary = history_file.with_name(f".{history_file.name}-new")
    try:
        temporary.unlink(missing_ok=True)
        add_entries(runs, temporary)
        temporary.replace(history_file)
    except OSError as error:
        raise HistoryError(f"can't write {history_file}: {error.strerror}") from None
    finally:
        temporary.unlink(missing_ok=True)
    return len({run.id for run in runs}), problems


def read_figures(path: Path) -> list[RunEntry]:
    """Read ``figures.json`` of a run, or a file of ``compare --export``.

    Raises:
        HistoryError: the file can't be read, or contains something else.
    """
    try:
        return entries_from_json(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise HistoryError(f"{path}: can't be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8, too deep, or no figures
        raise HistoryError(f"{path}: {error}") from None


# --- The file -----------------------------------------------------------------------------------


def _build_row(entry: RunEntry) -> tuple[object, ...]:
    [data] = entries_to_json([entry])["runs"]
    parts = [entry.fingerprint.get(name, "") for name in ("profile", "spec", "target")]
    return entry.id, entry.time, str(entry.verdict), *parts, json.dumps(data)


@contextmanager
def _open_history(history_file: Path, *, write: bool) -> Iterator[sqlite3.Connection]:
    """Open the file in one transaction and create the table in a new file.

    Raises:
        HistoryError: the file is of another program or a newer version, is locked, or can't be written.
    """
    try:
        history_file.parent.mkdir(parents=True, exist_ok=True)
        with closing(
            sqlite3.connect(history_file, timeout=LOCK_TIMEOUT_SECONDS, isolation_level=None)
        ) as connection:
            connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            _check_version(connection, history_file)
            if write:
                connection.execute(_CREATE_TABLE)
                connection.execute(f"PRAGMA user_version = {HISTORY_VERSION}")
            yield connection
            connection.execute("COMMIT")
    except (sqlite3.OperationalError, OSError) as error:
        raise HistoryError(f"{history_file}: {error}") from None
    except sqlite3.DatabaseError as error:
        raise _create_unreadable_error(history_file, str(error)) from None


def _check_version(connection: sqlite3.Connection, history_file: Path) -> None:
    [version] = connection.execute("PRAGMA user_version").fetchone()
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if version > HISTORY_VERSION:
        raise HistoryError(
            f"{history_file} has version {version}, but this Proofload supports version {HISTORY_VERSION}: "
            "use a newer Proofload"
        )
    if version < HISTORY_VERSION and tables:
        raise _create_unreadable_error(history_file, "it is an SQLite file of another program")


def _create_unreadable_error(history_file: Path, cause: str) -> HistoryError:
    return HistoryError(f"{history_file} can't be used ({cause}); `proofload history --rebuild` rebuilds it")
