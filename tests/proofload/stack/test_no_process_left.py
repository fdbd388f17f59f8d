"""A command that is killed leaves no process of the load generator behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.support.http_faults import RunningServer, respond_text, run_server

END_SECONDS = 15.0
PROFILES = {
    "declared requests": "name: p\nstages: [{duration: 60s, rate: 20}]\nrequests: [{path: /}]\n",
    "a locustfile": "name: p\nstages: [{duration: 60s, rate: 20}]\nlocustfile: users.py\n",
    "an endless import": "name: p\nstages: [{duration: 1s, rate: 1}]\nlocustfile: loop.py\n",
}
FILES = {
    "users.py": "from locust import FastHttpUser, task\n\n\nclass U(FastHttpUser):\n    @task\n"
    "    def a(self):\n        self.client.get('/')\n",
    "loop.py": "while True:\n    pass\n",
}


@contextmanager
def start_command(*arguments: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "proofload", *arguments],
        cwd=folder,
        env=os.environ | {"NO_PROXY": "127.0.0.1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def kill_and_find_left(
    process: subprocess.Popen[str], signal_number: signal.Signals, child_count: int
) -> list[psutil.Process]:
    """Kill a command that has this many descendants; return those that still run some seconds later."""
    command = psutil.Process(process.pid)
    give_up = _Deadline(30)
    while len(children := command.children(recursive=True)) < child_count:
        give_up.wait()
    process.send_signal(signal_number)
    process.wait()
    _, left = psutil.wait_procs(children, END_SECONDS)
    for child in left:
        child.kill()
    return left


class _Deadline:
    def __init__(self, seconds: float) -> None:
        self._waited, self._seconds = 0.0, seconds

    def wait(self) -> None:
        assert self._waited < self._seconds, "the command started no load generator"
        psutil.wait_procs([psutil.Process()], 0.1)
        self._waited += 0.1


def await_requests(server: RunningServer) -> None:
    give_up = _Deadline(30)
    while not server.requests:
        give_up.wait()


@pytest.mark.slow
@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGHUP], ids=["SIGKILL", "SIGHUP"])
@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("name", ["declared requests", "a locustfile"])
def test_no_process_of_a_load_is_left(
    name: str, processes: int, signal_number: signal.Signals, tmp_path: Path
) -> None:
    write_files(tmp_path, PROFILES[name])
    with (
        run_server(respond_text("ok")) as server,
        start_command(
            *("load", "--profile", "p.yaml", "--target", server.url, "--out", "out"),
            *("--processes", str(processes)),
            folder=tmp_path,
        ) as process,
    ):
        await_requests(server)
        left = kill_and_find_left(process, signal_number, 1 if processes == 1 else 1 + processes)
    assert left == []


@pytest.mark.slow
def test_no_process_is_left_that_is_deaf_to_signals(tmp_path: Path) -> None:
    write_files(tmp_path, PROFILES["an endless import"])
    with start_command(
        "load", "--profile", "p.yaml", "--target", "http://127.0.0.1:9", "--out", "out", folder=tmp_path
    ) as process:
        assert kill_and_find_left(process, signal.SIGKILL, 1) == []


@pytest.mark.slow
@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGHUP], ids=["SIGKILL", "SIGHUP"])
def test_no_process_of_a_worker_is_left(signal_number: signal.Signals, tmp_path: Path) -> None:
    with start_command("worker", "127.0.0.1:1", folder=tmp_path) as process:
        assert kill_and_find_left(process, signal_number, 1) == []


def test_a_worker_whose_master_never_answers_says_so_and_ends() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "loadtests.fleet", "--answer-seconds", "0.5", "127.0.0.1:1"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "the master at 127.0.0.1:1 did not answer within 0.5 s" in done.stderr


def write_files(folder: Path, profile: str) -> None:
    for name, text in {**FILES, "p.yaml": profile}.items():
        (folder / name).write_text(text)
