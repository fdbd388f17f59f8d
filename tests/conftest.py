"""Settings of all tests, and the check that a session leaves nothing in the checkout."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says more of the machine than of the code; pytest-timeout ends what hangs.
settings.register_profile("proofload", deadline=None)
settings.load_profile("proofload")

ROOT = Path(__file__).resolve().parents[1]
RUNS = "runs"
"""Runs of whoever works in the checkout; a test that adds one gives them a wrong baseline."""
CACHES = frozenset({
    ".git", ".nox", ".venv", "__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache", ".hypothesis",
    ".benchmarks", "_build", "reference", "build", "dist", "mutants", "htmlcov",
})  # fmt: skip
COVERAGE_PREFIX = ".coverage"
_before = pytest.StashKey[dict[str, int]]()
_left = pytest.StashKey[list[str]]()


def _list_files() -> Iterator[tuple[str, int]]:
    """Yield each file of the checkout, except caches, and when it was changed (0 outside ``runs/``).

    Whoever edits a source during the tests changes it, but runs come from the tests alone.
    """
    for folder, names, files in os.walk(ROOT):
        names[:] = [name for name in names if name not in CACHES and not name.endswith(".egg-info")]
        for file in files:
            path = Path(folder, file)
            relative = path.relative_to(ROOT)
            if not file.startswith(COVERAGE_PREFIX) and (path.is_file() or path.is_symlink()):
                is_run = relative.parts[0] == RUNS
                yield str(relative), path.lstat().st_mtime_ns if is_run else 0


def pytest_sessionstart(session: pytest.Session) -> None:
    """Remember the files of the checkout; with pytest-xdist only in the process that starts the others."""
    if not hasattr(session.config, "workerinput"):
        session.config.stash[_before] = dict(_list_files())


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a session that left or changed a file in the checkout."""
    before = session.config.stash.get(_before, None)
    if before is None:
        return
    left = sorted(name for name, changed in _list_files() if before.get(name) != changed)
    if left:
        session.config.stash[_left] = left
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """List the files that the session left."""
    left = config.stash.get(_left, [])
    if left:
        terminalreporter.section("files that the tests left in the checkout", red=True, bold=True)
        for name in left:
            terminalreporter.line(name)
