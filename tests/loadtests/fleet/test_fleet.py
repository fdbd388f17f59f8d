"""Several processes that send one load: nothing is sent twice, and nothing is missed unsaid."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from loadtests.profile.profile_models import Stage
from loadtests.schedule.pacing import arrivals
from tests.support.generator import Generator, generator, send
from tests.support.http_server import Counted, serving

pytestmark = pytest.mark.slow

USERS = """\
from locust import FastHttpUser, constant_throughput, task

class Visitor(FastHttpUser):
    wait_time = constant_throughput(20)

    @task
    def visit(self):
        self.client.get("/")
"""


@pytest.fixture
def server() -> Iterator[Counted]:
    with serving() as counted:
        yield counted


@pytest.fixture(params=["requests: [{path: /}]", "locustfile: users.py"], ids=["declared", "locustfile"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    (tmp_path / "users.py").write_text(USERS)
    return str(request.param)


def profile(source: str, *, seconds: float = 2, rate: float = 60, kind: str = "poisson") -> str:
    stages = f"stages: [{{duration: {seconds}s, rate: {rate}}}]"
    return f"name: fleet\narrivals: {kind}\nwarmup: 500ms\n{stages}\n{source}\n"


def scheduled(seconds: float, rate: float = 60) -> int:
    """Count what the schedule of :func:`profile` has, whoever sends it."""
    stage = Stage.model_construct(duration_seconds=seconds, rate=rate, to=None)
    return len(list(arrivals([stage], "poisson", 1)))


def test_two_processes_send_what_the_schedule_has(source: str, server: Counted, tmp_path: Path) -> None:
    record = send(tmp_path, server.url, profile(source), "--processes", "2")
    total = record.total
    assert total.offered == total.sent == total.completed == scheduled(2)
    assert total.dropped == 0
    assert server.total == total.sent + record.warmup.sent
    assert [process.lost for process in record.processes] == [False, False]
    assert record.engine == ("locust" if "locustfile" in source else "wire")
    assert sum(second.sent for second in record.series) == total.sent


def test_users_of_a_closed_load_are_shared(source: str, server: Counted, tmp_path: Path) -> None:
    text = profile(source, kind="closed").replace("rate: 60", "users: 3")
    record = send(tmp_path, server.url, text, "--processes", "2")
    assert record.total.sent == record.total.completed == server.total - record.warmup.sent
    assert 1 <= len(server.connections) <= 8


def workers(one: Generator) -> list[psutil.Process]:
    return [
        child for child in psutil.Process(one.process.pid).children() if "loadtests.fleet" in child.cmdline()
    ]


def test_what_a_killed_worker_had_is_sent_by_the_others(source: str, server: Counted, tmp_path: Path) -> None:
    with generator(tmp_path, profile(source, seconds=4), "--host", server.url, "--processes", "3") as one:
        one.until("progress")
        one.until("progress")
        workers(one)[0].kill()
        assert one.end() == 0, one.errors()
        record = one.record
    total = record.total
    assert total.offered == total.sent + total.dropped
    assert total.errors == {"worker lost": total.dropped}
    assert 0 < total.dropped < total.offered / 3, "only what it had until the share was dealt anew"
    unreported = server.total - record.warmup.sent - total.sent
    assert 0 <= unreported <= total.dropped
    assert sum(process.lost for process in record.processes) == 1
    assert total.offered == scheduled(4)


def test_a_worker_that_comes_late_takes_its_share(source: str, server: Counted, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    options = ("--host", server.url, "--processes", "2", "--listen", address)
    with generator(tmp_path, profile(source, seconds=4), *options) as one:
        one.until("progress")
        with subprocess.Popen([sys.executable, "-m", "loadtests.fleet", address]) as late:
            try:
                assert one.end() == 0, one.errors()
                assert late.wait(60) == 0
            finally:
                late.kill()
        record = one.record
    assert record.total.sent == record.total.offered == server.total - record.warmup.sent
    assert len(record.processes) == 3


def test_when_every_worker_is_lost_there_is_no_record(server: Counted, tmp_path: Path) -> None:
    text = profile("requests: [{path: /}]", seconds=20)
    with generator(tmp_path, text, "--host", server.url, "--processes", "2") as one:
        one.until("progress")
        for worker in workers(one):
            worker.kill()
        assert one.end() == 1
    assert one.events[-1] == {"event": "error", "message": "every worker was lost"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_its_master(number: int, server: Counted, tmp_path: Path) -> None:
    text = profile("requests: [{path: /}]", seconds=20)
    with generator(tmp_path, text, "--host", server.url, "--processes", "2") as one:
        one.until("progress")
        children = workers(one)
        assert len(children) == 2
        os.kill(one.process.pid, number)
        assert one.end() == (130 if number != signal.SIGKILL else -signal.SIGKILL)
    assert psutil.wait_procs(children, timeout=15)[1] == []
    if number != signal.SIGKILL:
        assert one.record.interrupted
        assert one.record.total.sent == server.total - one.record.warmup.sent


def test_a_locustfile_that_fails_is_told_once(server: Counted, tmp_path: Path) -> None:
    (tmp_path / "users.py").write_text("from locust import FastHttpUser\nraise RuntimeError('no')\n")
    text = profile("locustfile: users.py")
    with generator(tmp_path, text, "--host", server.url, "--processes", "2") as one:
        assert one.end() == 2
        assert "users.py:2: can't be loaded: RuntimeError: no" in one.errors()


def test_a_master_says_when_its_workers_do_not_come_up(server: Counted, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        options = (
            "--host",
            server.url,
            "--listen",
            f"127.0.0.1:{taken.getsockname()[1]}",
            "--expect-workers",
            "1",
        )
        with generator(tmp_path, profile("requests: [{path: /}]"), *options) as one:
            assert one.end() == 1
    assert "no workers can be had at 127.0.0.1:" in one.events[-1]["message"]
