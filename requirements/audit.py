"""Look requirement files up among known vulnerabilities, with pip-audit; exit with 1 if there are any.

pip-audit exits with 0 where it could look up none of the packages, and with 1 for vulnerabilities and for
errors alike. So its output is read, and packages that were not looked up are reported.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
OPTIONS = ("--no-deps", "--disable-pip", "--progress-spinner=off", "--format=json")


def audit_file(name: str) -> bool:
    """Print the known vulnerabilities of a requirement file's packages; return whether there are none."""
    command = [sys.executable, "-m", "pip_audit", *OPTIONS, "--requirement", str(FOLDER / name)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        output = done.stderr.strip().splitlines() or ["no answer"]
        print(f"{name} was NOT audited: {output[-1]}")
        return True
    audited = [package for package in packages if "skip_reason" not in package]
    vulnerabilities = list(list_vulnerabilities(audited))
    if audited:
        print(
            f"{name}: {len(audited)} packages audited, {len(vulnerabilities) or 'no'} known vulnerabilities"
        )
    if len(audited) < len(packages):
        print(f"{name}: {len(packages) - len(audited)} of {len(packages)} packages were NOT audited")
    for vulnerability in vulnerabilities:
        print(f"{name}: {vulnerability}")
    return not vulnerabilities


def list_vulnerabilities(packages: list[dict[str, Any]]) -> Iterator[str]:
    """Describe each vulnerability of audited packages, with the releases that fix it."""
    for package in packages:
        for vulnerability in package["vulns"]:
            fixed = ", ".join(vulnerability["fix_versions"]) or "no release"
            yield f"{package['name']} {package['version']}: {vulnerability['id']}, fixed in {fixed}"


if __name__ == "__main__":
    results = [audit_file(name) for name in sys.argv[1:]]
    sys.exit(0 if all(results) else 1)
