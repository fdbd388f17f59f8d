"""What a task of a locustfile and its server see: the same as with Locust, but where it is said."""

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
from tests.loadtests.http.client_expected import DIFFERENT, ERRORS, SEEN, TIMES
from tests.support.echo_server import Echo, echoing
from tests.support.generator import send
from tests.support.tls import certificate, secured

pytestmark = pytest.mark.slow

TASKS = Path(__file__).parent / "client_tasks.py"
PROFILE = f"name: client\nstages: [{{duration: 1s, rate: 1}}]\nlocustfile: {TASKS}\n"
NEVER_SEEN = 4
"""Requests of the cases that reach no server of ours: refused, silent, unknown, fired by hand."""


@dataclass(frozen=True)
class Seen:
    """What one client did: what its cases saw, what listeners heard, how many requests the servers saw."""

    seen: dict[str, Any]
    heard: list[dict[str, Any]]
    at_servers: int
    record: RunRecord | None = None

    def events(self, sentence: str) -> list[dict[str, Any]]:
        return [one for one in self.heard if one["name"] == sentence]


@dataclass
class _Places:
    main: Echo
    others: list[Echo] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(one.total for one in (self.main, *self.others))


@contextmanager
def places(folder: Path) -> Iterator[_Places]:
    with ExitStack() as stack:
        main, other, ipv6 = (stack.enter_context(echoing(ipv6=ipv6)) for ipv6 in (False, False, True))
        tls = stack.enter_context(echoing(tls=secured(certificate(folder))))
        refused, silent = (stack.enter_context(socket.socket()) for _ in range(2))
        for one in (refused, silent):
            one.bind(("127.0.0.1", 0))
        silent.listen()
        urls = {name: f"http://127.0.0.1:{one.getsockname()[1]}" for name, one in
                (("refused", refused), ("silent", silent))}  # fmt: skip
        urls |= {"other": other.url, "ipv6": ipv6.url, "tls": tls.url}
        environment = {"TEST_PLACES": json.dumps(urls), "TEST_OUT": str(folder / "seen.json")}
        yield _Places(main, [other, ipv6, tls], environment)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    folder = tmp_path_factory.mktemp("ours")
    with places(folder) as there, pytest.MonkeyPatch.context() as patch:
        for name, value in there.environment.items():
            patch.setenv(name, value)
        record = send(folder, there.main.url, PROFILE)
        return Seen(**json.loads((folder / "seen.json").read_text()), at_servers=there.total, record=record)


@pytest.fixture(scope="module")
def locusts(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    folder = tmp_path_factory.mktemp("locusts")
    with places(folder) as there:
        environment = {**os.environ, **there.environment}
        subprocess.run(
            [sys.executable, "-m", "tests.loadtests.client_tasks", there.main.url],
            check=True,
            capture_output=True,
            env=environment,
        )
        return Seen(**json.loads((folder / "seen.json").read_text()), at_servers=there.total)


@pytest.mark.parametrize("sentence", SEEN)
def test_a_task_sees_what_it_expects(sentence: str, ours: Seen) -> None:
    assert ours.seen[sentence] == SEEN[sentence]


@pytest.mark.parametrize("sentence", SEEN)
def test_it_is_what_locust_shows_it(sentence: str, locusts: Seen) -> None:
    assert locusts.seen[sentence] == DIFFERENT.get(sentence, SEEN[sentence])


def test_every_case_is_looked_at(ours: Seen) -> None:
    assert set(ours.seen) == set(SEEN)
    assert set(DIFFERENT) | set(ERRORS) | set(TIMES) <= set(SEEN)


@pytest.mark.parametrize("sentence", SEEN)
def test_each_request_is_booked_and_told_once(sentence: str, ours: Seen) -> None:
    assert ours.record
    booked = ours.record.requests.get(sentence)
    number = TIMES.get(sentence, 1)
    assert (booked.sent if booked else 0) == len(ours.events(sentence)) == number
    if booked:
        assert booked.errors == ERRORS.get(sentence, {})
        assert booked.failed == sum(event["error"] != "NoneType" for event in ours.events(sentence))


def test_the_servers_saw_what_the_books_say(ours: Seen) -> None:
    assert ours.record
    assert ours.at_servers == ours.record.total.sent - NEVER_SEEN
    assert ours.record.total.dropped == 0
    assert ours.record.total.offered == ours.record.total.sent


def test_listeners_hear_the_same_keywords(ours: Seen, locusts: Seen) -> None:
    assert len(ours.heard) == ours.record.total.sent if ours.record else False
    for key in ("keys", "context"):
        kinds = [
            {tuple(event[key]) for event in one.heard if event["name"] != "by hand"}
            for one in (ours, locusts)
        ]
        assert kinds[0] == kinds[1]


def test_names_are_those_of_locust(ours: Seen, locusts: Seen) -> None:
    names = [{event["name"] for event in one.heard} - set(SEEN) for one in (ours, locusts)]
    assert names[0] == names[1]
    assert ours.record
    assert set(ours.record.requests) - set(SEEN) == {
        "/echo", "/echo?_=...", "/echo?plain", "by hand", "changed", "renamed", "said",
    }  # fmt: skip
    assert ours.record.requests["said"].sent == 2
