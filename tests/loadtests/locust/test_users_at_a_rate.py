"""Users of a locustfile: started as needed and chosen by weight at a rate, or driven by a load shape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtests.schedule import create_class_selector
from tests.support.generator import send_load
from tests.support.http_server import ReceivedRequests, serve_http

HEAD = "from locust import FastHttpUser, LoadTestShape, task\nimport gevent\n"
LOGIN = """
class {name}(FastHttpUser):
    weight = {weight}

    def on_start(self):
        self.client.get("/login", name="login")

    @task
    def buy(self):
        self.client.get("/{name}", name="{name}")
        gevent.sleep({seconds})
"""


@pytest.fixture
def server() -> Iterator[ReceivedRequests]:
    with serve_http() as received:
        yield received


def profile_of(folder: Path, locustfile: str, load: str) -> str:
    (folder / "users.py").write_text(HEAD + locustfile)
    return f"name: p\nlocustfile: users.py\n{load}\n"


def test_a_rate_of_30_needs_few_logins(server: ReceivedRequests, tmp_path: Path) -> None:
    locustfile = LOGIN.format(name="A", weight=1, seconds=0)
    record = send_load(
        tmp_path, server.url, profile_of(tmp_path, locustfile, "stages: [{duration: 2s, rate: 30}]")
    )
    assert record.requests["A"].sent == 60
    assert 8 <= server.paths["/login"] <= 12
    assert record.total.dropped == 0


def test_more_users_start_when_tasks_take_long(server: ReceivedRequests, tmp_path: Path) -> None:
    locustfile = LOGIN.format(name="A", weight=1, seconds=1)
    record = send_load(
        tmp_path, server.url, profile_of(tmp_path, locustfile, "stages: [{duration: 3s, rate: 30}]")
    )
    assert record.requests["A"].sent == 90
    assert record.total.dropped == 0
    assert record.total.lateness.p95 is not None
    assert record.total.lateness.p95 < 0.5
    assert 28 <= server.paths["/login"] <= 60


def test_no_more_users_than_may_be_in_flight(server: ReceivedRequests, tmp_path: Path) -> None:
    locustfile = LOGIN.format(name="A", weight=1, seconds=1)
    load = "stages: [{duration: 2s, rate: 30}]\nmax_in_flight: 10"
    send_load(tmp_path, server.url, profile_of(tmp_path, locustfile, load))
    assert server.paths["/login"] == 10


def test_no_more_users_than_the_fixed_count_of_their_class(server: ReceivedRequests, tmp_path: Path) -> None:
    locustfile = LOGIN.format(name="A", weight=1, seconds=0.5) + "    fixed_count = 2\n"
    send_load(tmp_path, server.url, profile_of(tmp_path, locustfile, "stages: [{duration: 1s, rate: 30}]"))
    assert server.paths["/login"] == 2


def test_an_arrival_chooses_its_user_class_by_weight(server: ReceivedRequests, tmp_path: Path) -> None:
    classes = (("A", 60), ("B", 39), ("C", 1))
    locustfile = "".join(LOGIN.format(name=name, weight=weight, seconds=0) for name, weight in classes)
    record = send_load(
        tmp_path, server.url, profile_of(tmp_path, locustfile, "stages: [{duration: 2s, rate: 200}]\nseed: 7")
    )
    select = create_class_selector([weight for _, weight in classes], 7)
    expected = Counter(classes[select(number)][0] for number in range(400))
    sent = {name: record.requests[name].sent for name in expected}
    assert sent == expected
    assert record.total.dropped == 0


def test_a_class_is_chosen_as_often_as_its_weight_says() -> None:
    select = create_class_selector([3, 1], 1)
    counts = Counter(map(select, range(10_000)))
    assert counts[0] / 10_000 == pytest.approx(0.75, abs=0.02)


def test_a_load_shape_sets_the_users_of_a_closed_load(server: ReceivedRequests, tmp_path: Path) -> None:
    shape = """
class Steps(LoadTestShape):
    def tick(self):
        seconds = self.get_run_time()
        return None if seconds > 2.5 else (2 if seconds < 0.9 else 6, 100, [A])
"""
    classes = "".join(LOGIN.format(name=name, weight=1, seconds=0.1) for name in ("A", "B"))
    load = "arrivals: closed\nstages: [{duration: 30s, users: 1}]"
    record = send_load(tmp_path, server.url, profile_of(tmp_path, classes + shape, load))
    assert server.paths["/login"] == 6
    assert "/B" not in server.paths
    assert record.window.end - record.window.start < 10


def test_a_load_shape_is_not_used_at_a_rate(server: ReceivedRequests, tmp_path: Path) -> None:
    shape = "\nclass Steps(LoadTestShape):\n    def tick(self):\n        return None\n"
    locustfile = LOGIN.format(name="A", weight=1, seconds=0) + shape
    record = send_load(
        tmp_path, server.url, profile_of(tmp_path, locustfile, "stages: [{duration: 1s, rate: 20}]")
    )
    assert record.requests["A"].sent == 20
