"""The real promtool: it lies beside Prometheus, wherever the stack finds that."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from proofload.stack.prometheus_binary import PrometheusNotFoundError, find_prometheus


def find_promtool() -> Path:
    """Give promtool, or skip the test with the reason."""
    try:
        beside = find_prometheus(lambda _: None).path.parent / "promtool"
    except PrometheusNotFoundError as error:
        pytest.skip(str(error))
    found = beside if beside.exists() else shutil.which("promtool")
    if found is None:
        pytest.skip(f"no promtool beside Prometheus ({beside}) or on PATH")
    return Path(found)


def promtool(*arguments: str | Path) -> tuple[int, str]:
    """Run it; give its exit code and all it said."""
    done = subprocess.run(
        [find_promtool(), *arguments],
        env=os.environ | {"GOGC": "400"},  # it lives a second: a fifth of its time is garbage collection
        capture_output=True,
        text=True,
        check=False,
        timeout=170,
    )
    return done.returncode, done.stdout + done.stderr
