"""A locustfile that can't be used is bad input: exit code 2 from every command, before anything is sent."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.http_faults import respond_text, run_server
from tests.support.specs import EVENTS_SPEC

PROFILE = "name: p\nlocustfile: users.py\nstages: [{duration: 1s, rate: 5}]\n"
USER = """\
from locust import FastHttpUser, task
class U(FastHttpUser):
    @task
    def t(self):
        pass
"""
LOCUSTFILES: dict[str, tuple[str, str]] = {
    "a syntax error": ("def f(:\n", "users.py:1: can't be loaded: SyntaxError"),
    "a missing import": (USER + "import nosuchmodule\n", "users.py:6: can't be loaded: ModuleNotFoundError"),
    "an error on import": (USER + "1 / 0\n", "users.py:6: can't be loaded: ZeroDivisionError"),
    "an exit on import": (USER + "raise SystemExit(0)\n", "users.py:6: can't be loaded: SystemExit"),
    "no user class": ("x = 1\n", "users.py: defines no user class"),
    "no Python": ("\x00\x01", "users.py: can't be loaded"),
}
COMMANDS = {
    "load": ("load", "--target", "{target}", "--profile", "p.yaml", "--out", "out"),
    "lint": ("lint", "--spec", "spec.yaml", "--profile", "p.yaml"),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
@pytest.mark.parametrize("case", LOCUSTFILES.values(), ids=LOCUSTFILES.keys())
def test_a_locustfile_that_can_not_be_used(
    case: tuple[str, str], command: tuple[str, ...], tmp_path: Path
) -> None:
    text, message = case
    (tmp_path / "users.py").write_text(text)
    (tmp_path / "p.yaml").write_text(PROFILE)
    (tmp_path / "spec.yaml").write_text(EVENTS_SPEC)
    with run_server(respond_text("ok")) as server:
        done = subprocess.run(
            [sys.executable, "-m", "proofload", *(part.format(target=server.url) for part in command)],
            cwd=tmp_path,
            env=os.environ | {"NO_PROXY": "127.0.0.1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stdout, server.requests) == (2, "", []), done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
