"""``proofload load`` exits with 3, and says why, unless the load that was asked for was sent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.http_faults import respond_text, run_server

USER = "from locust import FastHttpUser, task\n\n\nclass U(FastHttpUser):\n"
TASK = "    @task\n    def a(self):\n"
COMMAND = (sys.executable, "-m", "proofload", "load", "--profile", "p.yaml", "--out", "out")
OPEN = "arrivals: constant\nstages: [{duration: 1s, rate: 20}]\n"
CLOSED = "arrivals: closed\nstages: [{duration: 1s, users: 2}]\n"
RAISE_AFTER_REQUEST = f"""{USER}    wait_time = lambda _: 0.05

    @task
    def buy(self):
        self.client.get("/plain")
        self.client.get("/buy?item=" + self.environment.parsed_options.item)
"""


@dataclass(frozen=True)
class Case:
    profile: str
    code: int
    message: str
    locustfile: str = ""
    status: int = 200
    errors: frozenset[str] = frozenset()
    """Error classes in ``run.json``."""


REQUESTS = "requests: [{name: r, path: /}]\n"
CASES = {
    "every request is answered": Case(OPEN + REQUESTS, 0, ""),
    "every request fails": Case(
        OPEN + REQUESTS, 3, "the load failed: 20 of 20 requests failed; at most 1 % may", status=401
    ),
    "failures that the profile expects": Case(
        OPEN + "requests: [{name: r, path: /, expect: {status: 401}}]\n", 0, "", status=401
    ),
    "the load is aborted": Case(
        "arrivals: constant\nstages: [{duration: 30s, rate: 20}]\nabort: [{error_ratio: 0.5}]\n" + REQUESTS,
        3,
        "the load was aborted: 100 % of the requests failed",
        status=500,
    ),
    "tasks raise after their first request, at a rate": Case(
        OPEN, 3, "the load was not delivered: 20 of 20 offered requests were sent", RAISE_AFTER_REQUEST
    ),
    "tasks raise after their first request, with users": Case(
        CLOSED, 3, "tasks raised, most often", RAISE_AFTER_REQUEST
    ),
    "users of a closed loop can't start": Case(
        CLOSED,
        3,
        "on_start of 2 users raised, most often (2 times) on_start: ValueError: no login",
        f"{USER}    def on_start(self):\n        raise ValueError('no login')\n\n{TASK}        pass\n",
    ),
    "a task interrupts its user's flow, which is no error": Case(
        CLOSED,
        0,
        "",
        "from locust.exception import RescheduleTask\n"
        f"{USER}    wait_time = lambda _: 0.05\n\n    @task\n    def a(self):\n        self.client.get('/')\n"
        "        raise RescheduleTask\n",
    ),
    "a task marks responses as failed with a message of its own": Case(
        OPEN,
        3,
        "20 of 20 requests failed",
        f"{USER}{TASK}        with self.client.get('/', catch_response=True) as answer:\n"
        "            answer.failure('cart is empty')\n",
        errors=frozenset({"unexpected answer: cart is empty"}),
    ),
    "an exception ends the with block of a response": Case(
        OPEN,
        3,
        "20 of 20 tasks raised, most often (20 times) KeyError: 'token'",
        f"{USER}{TASK}        with self.client.get('/', catch_response=True) as answer:\n"
        "            {}['token']\n",
        errors=frozenset({"KeyError: 'token'"}),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_exit_code_says_whether_the_load_was_sent(case: Case, tmp_path: Path) -> None:
    profile = f"name: p\n{case.profile}" + ("locustfile: users.py\n" if case.locustfile else "")
    (tmp_path / "p.yaml").write_text(profile)
    (tmp_path / "users.py").write_text(case.locustfile)
    with run_server(respond_text("ok", case.status)) as server:
        done = subprocess.run(
            [*COMMAND, "--target", server.url],
            cwd=tmp_path,
            env=os.environ | {"NO_PROXY": "127.0.0.1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == case.code, done.stderr
    assert case.message in done.stderr
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert case.errors <= set(record["total"]["errors"])
