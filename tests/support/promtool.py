"""The real promtool, from the folder of the Prometheus that the stack finds."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from proofload.stack import PrometheusNotFoundError, find_prometheus


def find_promtool() -> Path:
    """Return the path of promtool, or skip the test and say why."""
    try:
        beside_prometheus = find_prometheus(lambda _: None).path.parent / "promtool"
    except PrometheusNotFoundError as error:
        pytest.skip(str(error))
    path = beside_prometheus if beside_prometheus.exists() else shutil.which("promtool")
    if path is None:
        pytest.skip(f"no promtool beside Prometheus ({beside_prometheus}) or on PATH")
    return Path(path)


def run_promtool(*arguments: str | Path) -> tuple[int, str]:
    """Run promtool; return its exit code and its whole output."""
    done = subprocess.run(
        [find_promtool(), *arguments],
        env=os.environ | {"GOGC": "400"},  # the process lives 1 s; garbage collection takes 20 % of that
        capture_output=True,
        text=True,
        check=False,
        timeout=170,
    )
    return done.returncode, done.stdout + done.stderr
