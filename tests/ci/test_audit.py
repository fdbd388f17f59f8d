"""``requirements/audit.py`` with recorded output of pip-audit 2.10, without its service."""

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
(here / "arguments").write_text("\\n".join(sys.argv[1:]))
sys.stdout.write((here / "out").read_text())
sys.stderr.write((here / "err").read_text())
sys.exit(1)  # pip-audit exits with 1 for vulnerabilities and for errors
"""
SAFE = {"name": "click", "version": "8.2.0", "vulns": []}
SKIPPED = {
    "name": "locust",
    "skip_reason": "Dependency not found on PyPI and could not be audited: locust (2.47.0)",
}
VULNERABLE = {
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


def format_output(*packages: object) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


@dataclass(frozen=True)
class Case:
    out: str
    code: int
    lines: tuple[str, ...]
    err: str = ""


CASES = {
    "a package with vulnerabilities fails and lists their fixes": Case(
        format_output(SAFE, VULNERABLE),
        1,
        (
            "run.txt: 2 packages audited, 2 known vulnerabilities",
            "run.txt: flask 0.5: PYSEC-2019-179, fixed in 1.0",
            "run.txt: flask 0.5: PYSEC-2018-66, fixed in no release",
        ),
        "Found 2 known vulnerabilities in 1 package\n",
    ),
    "a package without vulnerabilities passes": Case(
        format_output(SAFE), 0, ("run.txt: 1 packages audited, no known vulnerabilities",)
    ),
    "a skipped package is reported and passes": Case(
        format_output(SAFE, SKIPPED),
        0,
        (
            "run.txt: 1 packages audited, no known vulnerabilities",
            "run.txt: 1 of 2 packages were NOT audited",
        ),
    ),
    "a vulnerability and a skipped package fail": Case(
        format_output(SKIPPED, VULNERABLE),
        1,
        (
            "run.txt: 1 packages audited, 2 known vulnerabilities",
            "run.txt: 1 of 2 packages were NOT audited",
            "run.txt: flask 0.5: PYSEC-2019-179, fixed in 1.0",
            "run.txt: flask 0.5: PYSEC-2018-66, fixed in no release",
        ),
    ),
    "only skipped packages pass without a statement about vulnerabilities": Case(
        format_output(SKIPPED), 0, ("run.txt: 1 of 1 packages were NOT audited",)
    ),
    "an unreachable service passes": Case(
        "",
        0,
        ("run.txt was NOT audited: ERROR:pip_audit._cli:connection refused",),
        "WARNING:pip_audit._cli:first\nERROR:pip_audit._cli:connection refused\n",
    ),
    "empty output passes": Case("", 0, ("run.txt was NOT audited: no answer",)),
    "output in another format passes": Case("[]", 0, ("run.txt was NOT audited: no answer",)),
}


def run(directory: Path, case: Case, *names: str) -> subprocess.CompletedProcess[str]:
    (directory / "pip_audit.py").write_text(STAND_IN)
    (directory / "out").write_text(case.out)
    (directory / "err").write_text(case.err)
    return subprocess.run(
        [sys.executable, str(SCRIPT), *names],
        env=os.environ | {"PYTHONPATH": str(directory)},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_audit_reports_vulnerabilities(case: Case, tmp_path: Path) -> None:
    done = run(tmp_path, case, "run.txt")
    assert (done.returncode, tuple(done.stdout.splitlines()), done.stderr) == (case.code, case.lines, "")
    assert str(SCRIPT.with_name("run.txt")) in (tmp_path / "arguments").read_text().splitlines()


def test_every_file_is_audited_after_a_vulnerable_one(tmp_path: Path) -> None:
    done = run(
        tmp_path, CASES["a package with vulnerabilities fails and lists their fixes"], "a.txt", "b.txt"
    )
    assert done.returncode == 1
    assert "b.txt: 2 packages audited" in done.stdout
