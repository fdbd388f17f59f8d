"""The real generator against a real server: what it says it sent is what the server saw."""

from __future__ import annotations

import csv
import json
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import jsonschema
import pytest

from loadtests.profile.profile_models import SCHEMA_FILE as PROFILE_SCHEMA
from loadtests.recording.run_json import SCHEMA_FILE as RUN_SCHEMA
from tests.support.generator import generator, send
from tests.support.http_server import Counted, serving

pytestmark = pytest.mark.slow

PROFILES = Path(__file__).resolve().parents[3] / "loadtests" / "profiles"


@pytest.fixture
def server() -> Iterator[Counted]:
    with serving() as counted:
        yield counted


@dataclass(frozen=True)
class Way:
    """One of the two ways to write traffic, each with an engine of its own."""

    folder: Path
    locustfile: bool

    def profile(
        self,
        path: str = "/",
        *,
        rate: float = 50,
        seconds: float = 1,
        more: str = "",
        request: str = "",
        status: int | None = None,
    ) -> str:
        """Write a profile of one request; ``request`` adds fields to it, ``status`` is expected."""
        if self.locustfile:
            (self.folder / "users.py").write_text(USERS.format(path=path, status=status))
            source = "locustfile: users.py"
        else:
            expect = "" if status is None else f", expect: {{status: {status}}}"
            source = f"requests: [{{path: {path}{request}{expect}}}]"
        return f"name: test\nstages: [{{duration: {seconds}s, rate: {rate}}}]\n{source}\n{more}\n"


USERS = """\
from locust import FastHttpUser, task

class Visitor(FastHttpUser):
    @task
    def visit(self):
        with self.client.get("{path}", catch_response=True) as answer:
            if {status} is not None and answer.status_code == {status}:
                answer.success()
            elif {status} is not None and answer.status_code:
                answer.failure("another status")
"""


@pytest.fixture(params=[False, True], ids=["declared", "locustfile"])
def way(request: pytest.FixtureRequest, tmp_path: Path) -> Way:
    return Way(tmp_path, locustfile=request.param)


@pytest.fixture
def declared(tmp_path: Path) -> Way:
    return Way(tmp_path, locustfile=False)


def test_every_request_sent_reaches_the_server_once(way: Way, server: Counted, tmp_path: Path) -> None:
    record = send(tmp_path, server.url, way.profile(more="warmup: 1s"))
    assert (record.total.offered, record.total.sent, record.total.completed) == (50, 50, 50)
    assert record.warmup.sent == 50
    assert server.total == record.total.sent + record.warmup.sent
    assert record.total.failed == record.total.dropped == 0
    assert record.window.seconds == pytest.approx(1, abs=0.2)
    assert len(server.connections) < 25, "connections are not kept"


def test_a_connection_that_idled_is_not_used_again(way: Way, server: Counted, tmp_path: Path) -> None:
    """A server may be closing it at that very moment: the request would have no answer."""
    stage = "{duration: 1s, rate: 10}"
    text = way.profile(rate=10).replace(stage, f"{stage}, {{duration: 5s, rate: 0}}, {stage}")
    record = send(tmp_path, server.url, text)
    assert (record.total.sent, record.total.completed) == (20, 20)
    assert len(server.connections) >= 2


def test_files_follow_their_schemas(declared: Way, server: Counted, tmp_path: Path) -> None:
    record = send(tmp_path, server.url, declared.profile(seconds=3))
    written = json.loads((tmp_path / "out" / "run.json").read_text())
    jsonschema.validate(written, json.loads(RUN_SCHEMA.read_text()))
    assert written["schema"] == 1
    with (tmp_path / "out" / "requests.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(record.series)
    for column in ("offered", "sent", "completed", "failed"):
        assert sum(int(row[column]) for row in rows) == getattr(record.total, column)
    assert record.total.lateness.p50 is not None
    assert "NaN" not in (tmp_path / "out" / "run.json").read_text()


@dataclass(frozen=True)
class Answer:
    path: str
    completed: bool
    errors: set[str]
    """By class; either of two where the engines' parsers call it differently."""
    status: int | None = None
    statuses: set[str] = field(default_factory=set)


ANSWERS = {
    "an answer of 200 is good": Answer("/", completed=True, errors=set(), statuses={"200"}),
    "an answer of 500 has failed": Answer("/status/500", True, {"status 500"}, statuses={"500"}),
    "an answer of 404 has failed": Answer("/status/404", True, {"status 404"}, statuses={"404"}),
    "an expected 404 is good": Answer("/status/404", True, set(), 404, statuses={"404"}),
    "a 200 where 201 is expected has failed": Answer("/", True, {"unexpected answer"}, 201, statuses={"200"}),
    "a redirect is an answer, and is not followed": Answer("/moved", True, set(), statuses={"302"}),
    "a connection closed without an answer": Answer("/close", False, {"connection closed"}),
    "half an answer": Answer("/half", True, {"malformed answer", "answer cut short"}, statuses={"200"}),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_answers_are_booked_for_what_they_are(
    way: Way, answer: Answer, server: Counted, tmp_path: Path
) -> None:
    total = send(tmp_path, server.url, way.profile(answer.path, status=answer.status)).total
    assert server.paths == {answer.path: 50}
    assert total.sent == 50
    assert total.completed == (50 if answer.completed else 0)
    assert total.failed == (50 if answer.errors else 0)
    assert set(total.errors) <= answer.errors
    assert sum(total.errors.values()) == total.failed
    assert set(total.statuses) == answer.statuses


def test_declared_requests_are_sent_as_declared(server: Counted, tmp_path: Path) -> None:
    text = """\
name: declared
stages: [{duration: 2s, rate: 50}]
requests:
  - {name: read, path: /read, weight: 3}
  - {name: write, method: POST, path: /write, json: {a: [1, 2.5]}, headers: {X-Team: blue}}
  - {method: PUT, path: /raw, body: plain text}
"""
    record = send(tmp_path, server.url, text)
    assert {name: part.sent for name, part in record.requests.items()} == {
        "read": server.paths["/read"],
        "write": server.paths["/write"],
        "PUT /raw": server.paths["/raw"],
    }
    assert server.total == 100
    assert server.paths["/read"] == pytest.approx(60, abs=20)
    assert json.loads(next(body for body in server.bodies if body.startswith(b"{"))) == {"a": [1, 2.5]}
    assert b"plain text" in server.bodies
    assert sum(headers.get("X-Team") == "blue" for headers in server.headers) == server.paths["/write"]


def test_a_password_in_the_address_is_sent_and_written_nowhere(
    way: Way, server: Counted, tmp_path: Path
) -> None:
    record = send(tmp_path, server.url.replace("//", "//ann:s%40cret@"), way.profile())
    assert record.total.failed == 0
    assert {headers["Authorization"] for headers in server.headers} == {"Basic YW5uOnNAY3JldA=="}
    assert record.target == server.url
    written = "".join(path.read_text() for path in (tmp_path / "out").iterdir())
    assert "cret" not in written + (tmp_path / "errors.txt").read_text()


def test_the_same_seed_sends_the_same(declared: Way, server: Counted, tmp_path: Path) -> None:
    text = declared.profile(more="arrivals: poisson\nseed: 7", request="}, {path: /other")
    seen = []
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        record = send(folder, server.url, text)
        seen.append({name: part.sent for name, part in record.requests.items()})
    assert seen[0] == seen[1]


def test_a_stall_is_late_and_long_but_never_missing(way: Way, server: Counted, tmp_path: Path) -> None:
    """Five users, all stuck in the stall: what should have been sent meanwhile is sent late."""
    with generator(tmp_path, way.profile("/stall", seconds=2, more="max_in_flight: 5"), "--gate") as one:
        one.until("ready")
        one.go(server.url)
        one.until("warmed_up")
        one.go()
        server.first.wait(10)
        while one.until("progress")["elapsed_seconds"] < 1:
            pass
        server.released.set()
        assert one.end() == 0
    total = one.record.total
    assert total.offered == total.sent == total.completed == server.total == 100
    assert total.service_time.p50 is not None
    assert total.service_time.p50 < 0.2
    assert (total.response_time.p90 or 0) > 0.5, "the stall is hidden"
    assert (total.lateness.max or 0) > 0.5


def test_a_service_that_never_answers_ends_in_timeouts(way: Way, server: Counted, tmp_path: Path) -> None:
    total = send(tmp_path, server.url, way.profile("/stall", rate=10, more="timeout: 1s")).total
    assert (total.sent, total.completed, total.failed) == (10, 0, 10)
    assert total.errors == {"timed out": 10}
    assert total.service_time.p50 == pytest.approx(1, abs=0.5)


def test_what_no_user_is_free_for_is_dropped_and_counted(way: Way, server: Counted, tmp_path: Path) -> None:
    total = send(tmp_path, server.url, way.profile("/stall", rate=10, more="max_in_flight: 2")).total
    assert (total.offered, total.sent, total.dropped) == (10, 2, 8)
    assert total.offered == total.sent + total.dropped


def test_a_service_that_is_down_fails_every_request(way: Way, tmp_path: Path) -> None:
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        total = send(tmp_path, f"http://127.0.0.1:{taken.getsockname()[1]}", way.profile()).total
    assert (total.offered, total.sent, total.completed, total.failed) == (50, 50, 0, 50)
    assert total.errors == {"connection refused": 50}


def test_an_unknown_host_is_an_error(declared: Way, tmp_path: Path) -> None:
    with generator(tmp_path, declared.profile(), "--host", "http://nowhere.invalid") as one:
        assert "http://nowhere.invalid can't be loaded" in one.until("error")["message"]
        assert one.end() == 1


def test_gates_hold_back_every_request(way: Way, server: Counted, tmp_path: Path) -> None:
    with generator(tmp_path, way.profile(more="warmup: 1s"), "--gate") as one:
        one.until("ready")
        assert server.total == 0
        one.go(server.url)
        one.until("warmed_up")
        assert server.total == 50
        one.go()
        started = one.until("started")["time"]
        assert one.end() == 0
    assert one.record.window.start == pytest.approx(started, abs=0.1)
    assert [event["event"] for event in one.events if event["event"] != "progress"] == [
        "ready",
        "warmed_up",
        "started",
        "done",
    ]


def test_progress_tells_rates_and_what_is_in_flight(way: Way, server: Counted, tmp_path: Path) -> None:
    with generator(tmp_path, way.profile(seconds=2), "--host", server.url) as one:
        told = one.until("progress")
        one.until("done")
    assert told["duration_seconds"] == 2
    assert told["rate_offered"] == pytest.approx(50, rel=0.05)
    assert told["rate_sent"] == pytest.approx(50, rel=0.5), "a loaded machine may send late"
    assert told["failed"] == 0
    assert told["p95_seconds"] > 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_an_interrupted_load_keeps_its_books(
    way: Way, number: signal.Signals, server: Counted, tmp_path: Path
) -> None:
    with generator(tmp_path, way.profile(seconds=30), "--host", server.url) as one:
        one.until("progress")
        one.process.send_signal(number)
        assert one.end() == 130
    assert one.record.interrupted
    assert one.record.total.sent == one.record.total.offered == server.total > 0


def test_what_is_under_way_at_an_interruption_is_booked_as_unanswered(
    way: Way, server: Counted, tmp_path: Path
) -> None:
    with generator(tmp_path, way.profile("/stall", rate=10, seconds=30), "--host", server.url) as one:
        one.until("progress")
        one.process.send_signal(signal.SIGINT)
        assert one.end() == 130
    assert one.record.total.sent == server.total > 0
    assert one.record.total.completed == 0


def test_the_load_ends_when_whoever_started_it_is_gone(
    declared: Way, server: Counted, tmp_path: Path
) -> None:
    with generator(tmp_path, declared.profile(seconds=30), "--gate") as one:
        one.until("ready")
        one.go(server.url)
        one.until("warmed_up")
        one.go()
        one.until("progress")
        assert one.process.stdin is not None
        one.process.stdin.close()
        assert one.end() == 130
    assert one.record.interrupted


def test_an_interruption_before_the_load_writes_nothing(declared: Way, tmp_path: Path) -> None:
    with generator(tmp_path, declared.profile(), "--gate") as one:
        one.until("ready")
        one.process.send_signal(signal.SIGINT)
        assert one.end() == 130
    assert not list(one.out.iterdir())


def test_closed_load_waits_for_its_answers(server: Counted, tmp_path: Path) -> None:
    text = """\
name: closed
arrivals: closed
warmup: 1s
stages: [{duration: 1s, users: 2}, {duration: 1s, users: 4}]
requests: [{path: /}]
"""
    record = send(tmp_path, server.url, text)
    assert record.total.offered == record.total.sent == record.total.completed > 100
    assert server.total == record.total.sent + record.warmup.sent
    assert record.total.lateness.p50 is None, "nothing was scheduled, so nothing is late"


LOCUSTFILE = """\
from locust import FastHttpUser, task

class Shop(FastHttpUser):
    def on_start(self):
        self.client.get("/login", name="login")

    @task
    def buy(self):
        self.client.get("/cart", name="cart")
        self.client.post("/order", name="order")
"""


def foreign(folder: Path, text: str, more: str = "") -> str:
    (folder / "users.py").write_text(text)
    return f"name: foreign\nstages: [{{duration: 1s, rate: 20}}]\nlocustfile: users.py\n{more}"


def test_a_locustfile_of_others_is_booked_to_the_request(server: Counted, tmp_path: Path) -> None:
    text = foreign(tmp_path, LOCUSTFILE, "max_in_flight: 5")
    record = send(tmp_path, server.url, text)
    assert {name: part.sent for name, part in record.requests.items()} == {"cart": 20, "order": 20}
    assert server.paths == {"/login": 5, "/cart": 20, "/order": 20}
    assert record.warmup.sent == 5, "what on_start sends comes before the measured load"
    assert record.total.lateness.p50 is not None


BROKEN_TASK = """\
from locust import FastHttpUser, task

class Shop(FastHttpUser):
    @task
    def buy(self):
        raise KeyError("basket")
"""
IDLE_TASK = BROKEN_TASK.replace('raise KeyError("basket")', "pass")


@pytest.mark.parametrize(
    ("text", "reason"),
    [(BROKEN_TASK, "task buy raised KeyError"), (IDLE_TASK, "task buy sent no request")],
    ids=["a task that raises", "a task that sends nothing"],
)
def test_an_arrival_without_a_request_is_dropped_with_its_reason(
    text: str, reason: str, server: Counted, tmp_path: Path
) -> None:
    total = send(tmp_path, server.url, foreign(tmp_path, text)).total
    assert (total.offered, total.sent, total.dropped) == (20, 0, 20)
    assert total.errors == {reason: 20}


FAILING_START = """\
from locust import FastHttpUser, task

class Shop(FastHttpUser):
    def on_start(self):
        raise RuntimeError("no account")

    @task
    def buy(self):
        self.client.get("/")
"""


def test_users_that_all_fail_to_start_are_an_error(server: Counted, tmp_path: Path) -> None:
    with generator(tmp_path, foreign(tmp_path, FAILING_START), "--host", server.url) as one:
        assert "on_start" in one.until("error")["message"]
        assert one.end() == 1
    assert server.total == 0


BAD_LOCUSTFILES = {
    "one that isn't Python": ("def f(:\n", ["users.py:1", "SyntaxError"]),
    "one that raises on import": ("import os\nos.environ['NOT_SET']\n", ["users.py:2", "KeyError"]),
    "one without users": ("x = 1\n", ["defines no user class"]),
    "two user classes": (
        LOCUSTFILE + "\nclass Other(Shop):\n    pass\n",
        ["defines 2 user classes (Shop, Other)", "take one"],
    ),
    "a user without tasks": (
        "from locust import User\nclass Empty(User):\n    pass\n",
        ["Empty has no task"],
    ),
    "a task set": (
        (
            "from locust import *\nclass Flow(TaskSet):\n    @task\n    def a(self): pass\n"
            "class Shop(User):\n    tasks = [Flow]\n"
        ),
        ["Shop has the task sets Flow", "closed"],
    ),
    "a load shape": (
        LOCUSTFILE
        + "\nfrom locust import LoadTestShape\nclass Wave(LoadTestShape):\n    def tick(self): return None\n",
        ["load shape Wave", "stages"],
    ),
}


@pytest.mark.parametrize(("text", "said"), BAD_LOCUSTFILES.values(), ids=BAD_LOCUSTFILES)
def test_a_bad_locustfile_is_refused_with_its_place(text: str, said: list[str], tmp_path: Path) -> None:
    with generator(tmp_path, foreign(tmp_path, text), "--host", "http://127.0.0.1:9") as one:
        assert one.end() == 2
        errors = one.errors()
    assert all(part in errors for part in said), errors
    assert "Traceback" not in errors
    assert not one.events


def test_the_web_ui_answers_and_ends_on_interrupt(declared: Way, server: Counted, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with generator(tmp_path, declared.profile(), "--host", server.url, "--web-port", str(port)) as one:
        assert one.until("web")["url"] == f"http://127.0.0.1:{port}"
        with socket.create_connection(("127.0.0.1", port), timeout=10) as web:
            web.sendall(b"GET / HTTP/1.0\r\n\r\n")
            answer = b"".join(iter(lambda: web.recv(65536), b""))
        assert b"200 OK" in answer.split(b"\r\n")[0]
        assert b"Locust" in answer
        one.process.send_signal(signal.SIGINT)
        assert one.end() == 130


def test_a_taken_port_of_the_web_ui_is_one_clear_error(
    declared: Way, server: Counted, tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with generator(tmp_path, declared.profile(), "--host", server.url, "--web-port", port) as one:
            assert port in one.until("error")["message"]
            assert one.end() == 1


def test_profiles_that_come_with_us_follow_the_schema() -> None:
    from ruamel.yaml import YAML  # noqa: PLC0415 - only here

    schema = json.loads(PROFILE_SCHEMA.read_text())
    found = sorted(PROFILES.glob("*.yaml"))
    assert {path.stem for path in found} >= {"smoke", "steady", "spike", "soak", "declared"}
    for path in found:
        jsonschema.validate(YAML(typ="safe").load(path), schema)
