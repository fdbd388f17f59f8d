"""Several processes that send one load: no arrival is sent twice, and none is missing without a record."""

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

from loadtests.profile import Stage
from loadtests.schedule import generate_arrivals
from tests.support.generator import LoadGenerator, send_load, start_generator
from tests.support.http_server import ReceivedRequests, serve_http

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
def server() -> Iterator[ReceivedRequests]:
    with serve_http() as received:
        yield received


@pytest.fixture(params=["requests: [{path: /}]", "locustfile: users.py"], ids=["declared", "locustfile"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    (tmp_path / "users.py").write_text(USERS)
    return str(request.param)


def profile(source: str, *, seconds: float = 2, rate: float = 60, kind: str = "poisson") -> str:
    stages = f"stages: [{{duration: {seconds}s, rate: {rate}}}]"
    return f"name: fleet\narrivals: {kind}\nwarmup: 500ms\n{stages}\n{source}\n"


def count_scheduled(seconds: float, rate: float = 60) -> int:
    """Count the arrivals in the schedule of :func:`profile`."""
    stage = Stage.model_construct(duration_seconds=seconds, rate=rate, to=None)
    return len(list(generate_arrivals([stage], "poisson", 1)))


def test_two_processes_send_the_whole_schedule(source: str, server: ReceivedRequests, tmp_path: Path) -> None:
    record = send_load(tmp_path, server.url, profile(source), "--processes", "2")
    total = record.total
    assert total.offered == total.sent == total.completed == count_scheduled(2)
    assert total.dropped == 0
    assert server.total == total.sent + record.warmup.sent
    assert [process.lost for process in record.processes] == [False, False]
    assert record.engine == ("locust" if "locustfile" in source else "wire")
    assert sum(second.sent for second in record.series) == total.sent


def test_the_users_of_a_closed_load_are_shared(source: str, server: ReceivedRequests, tmp_path: Path) -> None:
    text = profile(source, kind="closed").replace("rate: 60", "users: 3")
    record = send_load(tmp_path, server.url, text, "--processes", "2")
    assert record.total.sent == record.total.completed == server.total - record.warmup.sent
    assert 1 <= len(server.connections) <= 8


def list_workers(generator: LoadGenerator) -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process(generator.process.pid).children()
        if "loadtests.fleet" in child.cmdline()
    ]


def test_the_shard_of_a_killed_worker_is_sent_by_the_others(
    source: str, server: ReceivedRequests, tmp_path: Path
) -> None:
    with start_generator(
        tmp_path, profile(source, seconds=4), "--host", server.url, "--processes", "3"
    ) as generator:
        generator.read_until("progress")
        generator.read_until("progress")
        list_workers(generator)[0].kill()
        assert generator.wait_for_exit() == 0, generator.read_errors()
        record = generator.record
    total = record.total
    assert total.offered == total.sent + total.dropped
    assert total.errors == {"worker lost": total.dropped}
    assert 0 < total.dropped < total.offered / 3, "only its arrivals until its shard was reassigned"
    unreported = server.total - record.warmup.sent - total.sent
    assert 0 <= unreported <= total.dropped
    assert sum(process.lost for process in record.processes) == 1
    assert total.offered == count_scheduled(4)


def test_a_worker_that_joins_late_sends_a_shard(
    source: str, server: ReceivedRequests, tmp_path: Path
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    options = ("--host", server.url, "--processes", "2", "--listen", address)
    with start_generator(tmp_path, profile(source, seconds=12), *options) as generator:
        generator.read_until("progress")
        with subprocess.Popen([sys.executable, "-m", "loadtests.fleet", address]) as late:
            try:
                assert generator.wait_for_exit() == 0, generator.read_errors()
                assert late.wait(60) == 0
            finally:
                late.kill()
        record = generator.record
    assert record.total.sent == record.total.offered == server.total - record.warmup.sent
    assert len(record.processes) == 3


def test_there_is_no_record_when_every_worker_is_lost(server: ReceivedRequests, tmp_path: Path) -> None:
    text = profile("requests: [{path: /}]", seconds=20)
    with start_generator(tmp_path, text, "--host", server.url, "--processes", "2") as generator:
        generator.read_until("progress")
        for worker in list_workers(generator):
            worker.kill()
        assert generator.wait_for_exit() == 1
    assert generator.events[-1] == {"event": "error", "message": "every worker was lost"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_its_master(number: int, server: ReceivedRequests, tmp_path: Path) -> None:
    text = profile("requests: [{path: /}]", seconds=20)
    with start_generator(tmp_path, text, "--host", server.url, "--processes", "2") as generator:
        generator.read_until("progress")
        children = list_workers(generator)
        assert len(children) == 2
        os.kill(generator.process.pid, number)
        assert generator.wait_for_exit() == (130 if number != signal.SIGKILL else -signal.SIGKILL)
    assert psutil.wait_procs(children, timeout=15)[1] == []
    if number != signal.SIGKILL:
        assert generator.record.interrupted
        assert generator.record.total.sent == server.total - generator.record.warmup.sent


def test_an_invalid_locustfile_is_reported_once(server: ReceivedRequests, tmp_path: Path) -> None:
    (tmp_path / "users.py").write_text("from locust import FastHttpUser\nraise RuntimeError('no')\n")
    text = profile("locustfile: users.py")
    with start_generator(tmp_path, text, "--host", server.url, "--processes", "2") as generator:
        assert generator.wait_for_exit() == 2
        assert "users.py:2: can't be loaded: RuntimeError: no" in generator.read_errors()


def test_a_master_reports_that_it_cannot_listen(server: ReceivedRequests, tmp_path: Path) -> None:
    with socket.socket() as blocker:
        blocker.bind(("127.0.0.1", 0))
        blocker.listen()
        options = (
            "--host",
            server.url,
            "--listen",
            f"127.0.0.1:{blocker.getsockname()[1]}",
            "--expect-workers",
            "1",
        )
        with start_generator(tmp_path, profile("requests: [{path: /}]"), *options) as generator:
            assert generator.wait_for_exit() == 1
    assert "can't listen for workers at 127.0.0.1:" in generator.events[-1]["message"]
