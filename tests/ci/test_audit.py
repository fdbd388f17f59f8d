"""``requirements/audit.py`` with what pip-audit 2.10 prints, recorded; its service need not be there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "requirements" / "audit.py"
STAND_IN = """\
import sys
from pathlib import Path
here = Path(__file__).parent
(here / "asked").write_text("\\n".join(sys.argv[1:]))
sys.stdout.write((here / "out").read_text())
sys.stderr.write((here / "err").read_text())
sys.exit(1)  # as pip-audit does for faults and for errors; for the other cases it may not matter
"""
SOUND = {"name": "click", "version": "8.2.0", "vulns": []}
SKIPPED = {
    "name": "locust",
    "skip_reason": "Dependency not found on PyPI and could not be audited: locust (2.47.0)",
}
FAULTY = {
    "name": "flask",
    "version": "0.5",
    "vulns": [
        {
            "id": "PYSEC-2019-179",
            "fix_versions": ["1.0"],
            "aliases": ["CVE-2019-1010083", "GHSA-5wv5-4vpf-pj6m"],
            "description": "Unexpected memory usage.",
        },
        {"id": "PYSEC-2018-66", "fix_versions": [], "aliases": [], "description": "Denial of service."},
    ],
}


def answered(*packages: object) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


@dataclass(frozen=True)
class Case:
    out: str
    code: int
    says: tuple[str, ...]
    err: str = ""


CASES = {
    "a package with faults fails, each named with what mends it": Case(
        answered(SOUND, FAULTY),
        1,
        (
            "run.txt: 2 packages audited, 2 known faults",
            "run.txt: flask 0.5: PYSEC-2019-179, mended in 1.0",
            "run.txt: flask 0.5: PYSEC-2018-66, mended in no release",
        ),
        "Found 2 known vulnerabilities in 1 package\n",
    ),
    "no fault passes": Case(answered(SOUND), 0, ("run.txt: 1 packages audited, no known faults",)),
    "what was not looked up is said, and is no fault": Case(
        answered(SOUND, SKIPPED),
        0,
        (
            "run.txt: 1 packages audited, no known faults",
            "run.txt: 1 of 2 packages were NOT audited",
        ),
    ),
    "a fault beside what was not looked up fails": Case(
        answered(SKIPPED, FAULTY),
        1,
        (
            "run.txt: 1 packages audited, 2 known faults",
            "run.txt: 1 of 2 packages were NOT audited",
            "run.txt: flask 0.5: PYSEC-2019-179, mended in 1.0",
            "run.txt: flask 0.5: PYSEC-2018-66, mended in no release",
        ),
    ),
    "nothing was looked up: then nothing is said of faults": Case(
        answered(SKIPPED), 0, ("run.txt: 1 of 1 packages were NOT audited",)
    ),
    "no service": Case(
        "",
        0,
        ("run.txt was NOT audited: ERROR:pip_audit._cli:connection refused",),
        "WARNING:pip_audit._cli:first\nERROR:pip_audit._cli:connection refused\n",
    ),
    "not a word": Case("", 0, ("run.txt was NOT audited: no answer",)),
    "something else": Case("[]", 0, ("run.txt was NOT audited: no answer",)),
}


def run(folder: Path, case: Case, *names: str) -> subprocess.CompletedProcess[str]:
    (folder / "pip_audit.py").write_text(STAND_IN)
    (folder / "out").write_text(case.out)
    (folder / "err").write_text(case.err)
    return subprocess.run(
        [sys.executable, str(SCRIPT), *names],
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_is_known_of_packages(case: Case, tmp_path: Path) -> None:
    done = run(tmp_path, case, "run.txt")
    assert (done.returncode, tuple(done.stdout.splitlines()), done.stderr) == (case.code, case.says, "")
    assert str(SCRIPT.with_name("run.txt")) in (tmp_path / "asked").read_text().splitlines()


def test_every_file_is_audited_even_after_a_faulty_one(tmp_path: Path) -> None:
    done = run(
        tmp_path, CASES["a package with faults fails, each named with what mends it"], "a.txt", "b.txt"
    )
    assert done.returncode == 1
    assert "b.txt: 2 packages audited" in done.stdout
