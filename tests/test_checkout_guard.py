"""A test session that leaves a file in the checkout fails, whatever its tests say."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Case:
    test: str
    left: tuple[str, ...] = ()
    """Files that the session has to name; with any it fails."""


CASES: dict[str, Case] = {
    "nothing is left": Case("pass"),
    "a file in a folder of its own is right": Case("(tmp_path / 'a').write_text('')"),
    "a run": Case("Path('runs/new').mkdir(); Path('runs/new/run.json').touch()", ("runs/new/run.json",)),
    "a changed history": Case("Path('runs/history.sqlite').write_text('more')", ("runs/history.sqlite",)),
    "a link to a run": Case("Path('runs/latest').symlink_to('x')", ("runs/latest",)),
    "a file beside the sources": Case("Path('proofload-report.xml').touch()", ("proofload-report.xml",)),
    "a source that somebody edits meanwhile is not the tests'": Case("Path('source.py').write_text('2')"),
    "caches and coverage": Case("Path('.coverage.host.1').touch(); Path('.hypothesis').mkdir()"),
}


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "two workers"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_a_session_leaves(case: Case, workers: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "history.sqlite").touch()
    (tmp_path / "source.py").touch()
    shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path / "tests")
    text = f"from pathlib import Path\ndef test_it(tmp_path):\n    {case.test}\n"
    (tmp_path / "tests" / "test_it.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", *workers, "tests"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == (1 if case.left else 0), done.stdout + done.stderr
    assert "1 passed" in done.stdout
    heading = "files that the tests left in the checkout"
    assert (heading in done.stdout) == bool(case.left)
    assert all(f"\n{name}\n" in done.stdout for name in case.left)
