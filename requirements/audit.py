"""Looks requirement files up among known faults, with pip-audit; ends with 1 when there are any.

pip-audit itself ends with 0 where it could look up none of the packages, and with 1 for faults and for
errors. So what it says is read, and what was not looked up is said: without its service nothing is.
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


def audit(name: str) -> bool:
    """Print what is known of a requirement file's packages; tell whether none has a fault."""
    command = [sys.executable, "-m", "pip_audit", *OPTIONS, "--requirement", str(FOLDER / name)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        said = done.stderr.strip().splitlines() or ["no answer"]
        print(f"{name} was NOT audited: {said[-1]}")
        return True
    audited = [one for one in packages if "skip_reason" not in one]
    faults = list(_faults(audited))
    if audited:
        print(f"{name}: {len(audited)} packages audited, {len(faults) or 'no'} known faults")
    if len(audited) < len(packages):
        print(f"{name}: {len(packages) - len(audited)} of {len(packages)} packages were NOT audited")
    for fault in faults:
        print(f"{name}: {fault}")
    return not faults


def _faults(packages: list[dict[str, Any]]) -> Iterator[str]:
    for one in packages:
        for fault in one["vulns"]:
            mended = ", ".join(fault["fix_versions"]) or "no release"
            yield f"{one['name']} {one['version']}: {fault['id']}, mended in {mended}"


if __name__ == "__main__":
    sound = [audit(name) for name in sys.argv[1:]]
    sys.exit(0 if all(sound) else 1)
