"""The history of runs: an SQLite file beside their folders, which it can be made anew from."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path

from proofload.history.run_entry import FIGURES_FILE, Entry, entry_of, from_json, to_json
from proofload.runs.run_directory import write_text
from slo.model import Proof

HISTORY = Path("runs") / "history.sqlite"
VERSION = 1
"""``PRAGMA user_version`` of the file."""
SAME = ("profile", "spec", "target")
"""What a baseline found by itself has in common with the candidate."""
WAIT_SECONDS = 10.0
"""How long to wait for another run that is writing."""

_TABLE = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY,
    time REAL NOT NULL,  -- Unix seconds
    verdict TEXT NOT NULL,
    profile TEXT NOT NULL,  -- digests and names of the fingerprint
    spec TEXT NOT NULL,
    target TEXT NOT NULL,
    entry TEXT NOT NULL  -- all of it, as JSON
)
"""


class HistoryError(Exception):
    """The history can't be read or written; the message says why, and what helps."""


def add_run(proof: Proof, folder: Path, target: str, history: Path = HISTORY) -> str | None:
    """Keep a run: ``figures.json`` in its folder, and its entry in the history.

    Returns:
        Why it could not be kept, if so: a verdict is never lost for the sake of its history.
    """
    if proof.run is None:
        return None
    entry = entry_of(proof, proof.run, target)
    try:
        write_text(folder / FIGURES_FILE, _as_text(entry))
        add([entry], history)
    except OSError as error:
        return f"not in the history: can't write {error.filename}: {error.strerror}"
    except HistoryError as error:
        return f"not in the history: {error}"
    return None


def add(entries: Iterable[Entry], history: Path = HISTORY) -> None:
    """Add runs in one transaction; one of the same id is replaced.

    Raises:
        HistoryError: the history can't be written; it stays as it was.
    """
    with _opened(history, write=True) as connection:
        connection.executemany("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?)", map(_row, entries))


def note_regression(folder: Path, history: Path = HISTORY) -> None:
    """Note in a run's folder and in the history that it was a regression, so that it is no baseline.

    Raises:
        HistoryError: the history or the folder's ``figures.json`` can't be read or written.
    """
    for one in read_figures(folder / FIGURES_FILE):
        _note(replace(one, regression=True), folder, history)


def accept(runs: Iterable[Entry], history: Path = HISTORY) -> None:
    """Begin baselines anew with runs, though they were regressions.

    Raises:
        HistoryError: a run can't be a baseline, or the history can't be written.
    """
    accepted = [replace(one, accepted=True) for one in runs]
    if never := [one.id for one in accepted if not one.exemplary]:
        raise HistoryError(f"{', '.join(never)}: not MET, with failed checks, or with faults: no baseline")
    for one in accepted:
        _note(one, history.parent / one.id, history)


def _note(entry: Entry, folder: Path, history: Path) -> None:
    path = folder / FIGURES_FILE
    try:
        if path.is_file():
            write_text(path, _as_text(entry))
    except OSError as error:
        raise HistoryError(f"can't write {path}: {error.strerror}") from None
    add([entry], history)


def _as_text(entry: Entry) -> str:
    return json.dumps(to_json([entry]), indent=1) + "\n"


def entries(history: Path = HISTORY) -> list[Entry]:
    """Read all runs, newest first; none where there is no history yet.

    Raises:
        HistoryError: the history can't be read.
    """
    if history.is_file() and not history.stat().st_size:  # its first transaction never ended
        return []
    if not history.exists():
        return []
    with _opened(history, write=False) as connection:
        rows = connection.execute("SELECT entry FROM runs ORDER BY time DESC, id DESC").fetchall()
    try:
        return from_json({**to_json([]), "runs": [json.loads(text) for (text,) in rows]})
    except ValueError as error:
        raise _unreadable(history, str(error)) from None


def rebuild(history: Path = HISTORY) -> tuple[int, list[str]]:
    """Make the history anew from the folders beside it; whole, or it stays as it was.

    Returns:
        How many runs it holds now, and what could not be read.

    Raises:
        HistoryError: the new one can't be written.
    """
    found, problems = list[Entry](), list[str]()
    for path in sorted(history.parent.glob(f"*/{FIGURES_FILE}")):
        if path.parent.is_symlink():  # runs/latest is another name of a run
            continue
        try:
            found += read_figures(path)
        except HistoryError as error:
            problems.append(str(error))
    part = history.with_name(f".{history.name}-new")
    try:
        part.unlink(missing_ok=True)
        add(found, part)
        part.replace(history)
    except OSError as error:
        raise HistoryError(f"can't write {history}: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)
    return len({one.id for one in found}), problems


def read_figures(path: Path) -> list[Entry]:
    """Read ``figures.json`` of a run, or what ``compare --export`` wrote.

    Raises:
        HistoryError: it can't be read, or is something else.
    """
    try:
        return from_json(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise HistoryError(f"{path}: can't be read: {error.strerror}") from None
    except ValueError as error:  # no JSON, no UTF-8, or no figures
        raise HistoryError(f"{path}: {error}") from None


def last_met(candidate: list[Entry], known: Iterable[Entry], count: int = 1) -> list[Entry]:
    """Find the newest exemplary runs of the same profile, spec and target before the candidate's.

    None is older than the newest one that was accepted: it set new figures.
    """
    first, taken = min(candidate, key=lambda one: one.time), {one.id for one in candidate}
    found = (
        one
        for one in sorted(known, key=lambda one: one.time, reverse=True)
        if one.exemplary and one.time < first.time and one.id not in taken
        if all(one.fingerprint.get(part) == first.fingerprint.get(part) for part in SAME)
    )
    newest = list(islice(found, count))
    return newest[: next((n for n, one in enumerate(newest, 1) if one.accepted), count)]


# --- The file -----------------------------------------------------------------------------------


def _row(entry: Entry) -> tuple[object, ...]:
    [data] = to_json([entry])["runs"]
    marks = [entry.fingerprint.get(name, "") for name in ("profile", "spec", "target")]
    return entry.id, entry.time, str(entry.verdict), *marks, json.dumps(data)


@contextmanager
def _opened(history: Path, *, write: bool) -> Iterator[sqlite3.Connection]:
    """Open the file in one transaction; a new one gets its table.

    Raises:
        HistoryError: it is no history of ours, or newer, or busy, or can't be written.
    """
    try:
        history.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(history, timeout=WAIT_SECONDS, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            _check_version(connection, history)
            if write:
                connection.execute(_TABLE)
                connection.execute(f"PRAGMA user_version = {VERSION}")
            yield connection
            connection.execute("COMMIT")
    except (sqlite3.OperationalError, OSError) as error:
        raise HistoryError(f"{history}: {error}") from None
    except sqlite3.DatabaseError as error:
        raise _unreadable(history, str(error)) from None


def _check_version(connection: sqlite3.Connection, history: Path) -> None:
    [version] = connection.execute("PRAGMA user_version").fetchone()
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if version > VERSION:
        raise HistoryError(
            f"{history} is of version {version}, and this Proofload knows {VERSION}: use a newer one"
        )
    if version < VERSION and tables:
        raise _unreadable(history, "it is an SQLite file of something else")


def _unreadable(history: Path, why: str) -> HistoryError:
    return HistoryError(f"{history} can't be used ({why}); `proofload history --rebuild` makes it anew")
