"""Tasks and servers observe the same as with unmodified Locust, except for documented differences."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from slo.model import RunRecord
from tests.loadtests.locust.client_expected import ERRORS, OBSERVED, OBSERVED_IN_LOCUST, REQUEST_COUNTS
from tests.support.echo_server import EchoServer, run_echo_server
from tests.support.generator import send_load
from tests.support.tls import create_certificate, create_server_context

pytestmark = pytest.mark.slow

TASKS = Path(__file__).parent / "client_locustfile.py"
PROFILE = f"name: client\nstages: [{{duration: 1s, rate: 1}}]\nlocustfile: {TASKS}\n"
NOT_RECEIVED = 4
"""Requests of the cases that reach no server: refused, silent, unknown, fired by the task."""


@dataclass(frozen=True)
class ClientRun:
    """One run of all cases: observations, events of listeners, number of requests received by servers."""

    observed: dict[str, Any]
    events: list[dict[str, Any]]
    received: int
    record: RunRecord | None = None

    def list_events(self, sentence: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["name"] == sentence]


@dataclass
class _Servers:
    main: EchoServer
    others: list[EchoServer] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(server.total for server in (self.main, *self.others))


@contextmanager
def run_servers(folder: Path) -> Iterator[_Servers]:
    with ExitStack() as stack:
        main, other, ipv6 = (stack.enter_context(run_echo_server(ipv6=ipv6)) for ipv6 in (False, False, True))
        tls = stack.enter_context(run_echo_server(tls=create_server_context(create_certificate(folder))))
        refused, silent = (stack.enter_context(socket.socket()) for _ in range(2))
        for unresponsive in (refused, silent):
            unresponsive.bind(("127.0.0.1", 0))
        silent.listen()
        urls = {name: f"http://127.0.0.1:{server.getsockname()[1]}" for name, server in
                (("refused", refused), ("silent", silent))}  # fmt: skip
        urls |= {"other": other.url, "ipv6": ipv6.url, "tls": tls.url}
        environment = {"TEST_SERVERS": json.dumps(urls), "TEST_OUT": str(folder / "observed.json")}
        yield _Servers(main, [other, ipv6, tls], environment)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> ClientRun:
    folder = tmp_path_factory.mktemp("ours")
    with run_servers(folder) as servers, pytest.MonkeyPatch.context() as patch:
        for name, value in servers.environment.items():
            patch.setenv(name, value)
        record = send_load(folder, servers.main.url, PROFILE)
        result = json.loads((folder / "observed.json").read_text())
        return ClientRun(**result, received=servers.total, record=record)


@pytest.fixture(scope="module")
def locusts(tmp_path_factory: pytest.TempPathFactory) -> ClientRun:
    folder = tmp_path_factory.mktemp("locusts")
    with run_servers(folder) as servers:
        environment = {**os.environ, **servers.environment}
        subprocess.run(
            [sys.executable, "-m", "tests.loadtests.locust.client_locustfile", servers.main.url],
            check=True,
            capture_output=True,
            env=environment,
        )
        result = json.loads((folder / "observed.json").read_text())
        return ClientRun(**result, received=servers.total)


@pytest.mark.parametrize("sentence", OBSERVED)
def test_a_task_observes_the_expected_result(sentence: str, ours: ClientRun) -> None:
    assert ours.observed[sentence] == OBSERVED[sentence]


@pytest.mark.parametrize("sentence", OBSERVED)
def test_a_task_observes_the_same_in_locust(sentence: str, locusts: ClientRun) -> None:
    assert locusts.observed[sentence] == OBSERVED_IN_LOCUST.get(sentence, OBSERVED[sentence])


def test_every_case_has_an_expected_result(ours: ClientRun) -> None:
    assert set(ours.observed) == set(OBSERVED)
    assert set(OBSERVED_IN_LOCUST) | set(ERRORS) | set(REQUEST_COUNTS) <= set(OBSERVED)


@pytest.mark.parametrize("sentence", OBSERVED)
def test_each_request_is_recorded_and_reported_to_listeners_once(sentence: str, ours: ClientRun) -> None:
    assert ours.record
    recorded = ours.record.requests.get(sentence)
    expected_count = REQUEST_COUNTS.get(sentence, 1)
    events = ours.list_events(sentence)
    assert (recorded.sent if recorded else 0) == len(events) == expected_count
    if recorded:
        assert recorded.errors == ERRORS.get(sentence, {})
        assert recorded.failed == sum(event["error"] != "NoneType" for event in events)


def test_the_servers_received_the_recorded_requests(ours: ClientRun) -> None:
    assert ours.record
    assert ours.received == ours.record.total.sent - NOT_RECEIVED
    assert ours.record.total.dropped == 0
    assert ours.record.total.offered == ours.record.total.sent


def test_listeners_receive_the_same_keywords_as_in_locust(ours: ClientRun, locusts: ClientRun) -> None:
    assert len(ours.events) == ours.record.total.sent if ours.record else False
    for key in ("keys", "context"):
        keywords = [
            {tuple(event[key]) for event in run.events if event["name"] != "fired by the task"}
            for run in (ours, locusts)
        ]
        assert keywords[0] == keywords[1]


def test_requests_have_the_same_names_as_in_locust(ours: ClientRun, locusts: ClientRun) -> None:
    names = [{event["name"] for event in run.events} - set(OBSERVED) for run in (ours, locusts)]
    assert names[0] == names[1]
    assert ours.record
    assert set(ours.record.requests) - set(OBSERVED) == {
        "/echo", "/echo?_=...", "/echo?plain", "fired by the task", "changed", "renamed", "explicit",
    }  # fmt: skip
    assert ours.record.requests["explicit"].sent == 2
