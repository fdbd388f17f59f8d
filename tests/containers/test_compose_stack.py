"""``proofload run --stack compose``: containers for one run, which are removed afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.containers.composing import BUILT, ROOT, docker, require_engine


def proofload(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    with TemporaryDirectory() as folder:  # its history is there
        return subprocess.run(
            [sys.executable, "-m", "proofload", "run", "--stack", "compose", *arguments],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


@pytest.mark.slow
@pytest.mark.containers
@pytest.mark.timeout(600)
def test_a_run_in_containers_detects_the_fault_and_removes_everything(tmp_path: Path) -> None:
    require_engine()
    options = ("--duration", "5s", "--out", str(tmp_path / "run"), "--fault", "error_ratio=0.05")
    done = proofload(BUILT, *options)
    assert done.returncode == 1, done.stdout + done.stderr
    verdict = json.loads((tmp_path / "run" / "verdict.json").read_text())
    checks = {check["name"]: check for check in verdict["checks"]}
    assert checks["counts_reconcile"]["numbers"]["difference"] == 0
    assert '"POST"' in (tmp_path / "run" / "logs" / "target.log").read_text()
    for listed in (("ps", "--all"), ("volume", "ls"), ("network", "ls")):
        remaining = docker(*listed, "--quiet", "--filter", "name=proofload-run-")
        assert (remaining.returncode, remaining.stdout) == (0, "")


def test_a_missing_engine_is_one_error(tmp_path: Path) -> None:
    environment = {"DOCKER_HOST": f"unix://{tmp_path}/no.sock", "PATH": str(tmp_path)}
    done = proofload(environment, "--out", str(tmp_path / "run"))
    assert done.returncode == 3
    assert "no verdict: --stack compose needs a running Docker with Compose v2" in done.stderr
    assert "Traceback" not in done.stderr
