"""The real generator against a real server: the record agrees with what the server received."""

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

from loadtests.profile.profile_models import PROFILE_SCHEMA_FILE as PROFILE_SCHEMA
from loadtests.recording.run_json import RUN_SCHEMA_FILE as RUN_SCHEMA
from tests.support.generator import send_load, start_generator
from tests.support.http_server import ReceivedRequests, serve_http

pytestmark = pytest.mark.slow

PROFILES = Path(__file__).resolve().parents[3] / "loadtests" / "profiles"


@pytest.fixture
def server() -> Iterator[ReceivedRequests]:
    with serve_http() as received:
        yield received


@dataclass(frozen=True)
class Source:
    """One of the two sources of requests, each with its own engine."""

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
        """Return a profile with one request; ``request`` adds fields to it, ``status`` is expected."""
        if self.locustfile:
            (self.folder / "users.py").write_text(USERS.format(path=path, status=status))
            requests = "locustfile: users.py"
        else:
            expect = "" if status is None else f", expect: {{status: {status}}}"
            requests = f"requests: [{{path: {path}{request}{expect}}}]"
        return f"name: test\nstages: [{{duration: {seconds}s, rate: {rate}}}]\n{requests}\n{more}\n"


USERS = """\
from locust import FastHttpUser, task

class Visitor(FastHttpUser):
    @task
    def visit(self):
        with self.client.get("{path}", catch_response=True) as response:
            if {status} is not None and response.status_code == {status}:
                response.success()
            elif {status} is not None and response.status_code:
                response.failure("another status")
"""


@pytest.fixture(params=[False, True], ids=["declared", "locustfile"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    return Source(tmp_path, locustfile=request.param)


@pytest.fixture
def declared(tmp_path: Path) -> Source:
    return Source(tmp_path, locustfile=False)


def test_every_request_sent_reaches_the_server_once(
    source: Source, server: ReceivedRequests, tmp_path: Path
) -> None:
    record = send_load(tmp_path, server.url, source.profile(more="warmup: 1s"))
    assert (record.total.offered, record.total.sent, record.total.completed) == (50, 50, 50)
    assert record.warmup.sent == 50
    assert server.total == record.total.sent + record.warmup.sent
    assert record.total.failed == record.total.dropped == 0
    assert record.window.seconds == pytest.approx(1, abs=0.2)
    assert len(server.connections) < 25, "connections are not reused"


def test_an_idle_connection_is_not_used_again(
    source: Source, server: ReceivedRequests, tmp_path: Path
) -> None:
    """The server may be closing it at the same moment: the request would have no response."""
    stage = "{duration: 1s, rate: 10}"
    text = source.profile(rate=10).replace(stage, f"{stage}, {{duration: 5s, rate: 0}}, {stage}")
    record = send_load(tmp_path, server.url, text)
    assert (record.total.sent, record.total.completed) == (20, 20)
    assert len(server.connections) >= 2


def test_the_files_are_valid_by_their_schemas(
    declared: Source, server: ReceivedRequests, tmp_path: Path
) -> None:
    record = send_load(tmp_path, server.url, declared.profile(seconds=3))
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
class Response:
    path: str
    completed: bool
    errors: set[str]
    """Allowed error classes: the parsers of the engines name some failures differently."""
    status: int | None = None
    statuses: set[str] = field(default_factory=set)


RESPONSES = {
    "status 200 is good": Response("/", completed=True, errors=set(), statuses={"200"}),
    "status 500 is a failure": Response("/status/500", True, {"status 500"}, statuses={"500"}),
    "status 404 is a failure": Response("/status/404", True, {"status 404"}, statuses={"404"}),
    "an expected status 404 is good": Response("/status/404", True, set(), 404, statuses={"404"}),
    "status 200 is a failure when 201 is expected": Response(
        "/", True, {"unexpected answer", "unexpected answer: another status"}, 201, statuses={"200"}
    ),
    "a redirect is a response and is not followed": Response("/moved", True, set(), statuses={"302"}),
    "the connection is closed without a response": Response("/close", False, {"connection closed"}),
    "half a response": Response("/half", True, {"malformed answer", "answer cut short"}, statuses={"200"}),
}


@pytest.mark.parametrize("response", RESPONSES.values(), ids=RESPONSES)
def test_each_response_is_recorded_with_its_error_class(
    source: Source, response: Response, server: ReceivedRequests, tmp_path: Path
) -> None:
    total = send_load(tmp_path, server.url, source.profile(response.path, status=response.status)).total
    assert server.paths == {response.path: 50}
    assert total.sent == 50
    assert total.completed == (50 if response.completed else 0)
    assert total.failed == (50 if response.errors else 0)
    assert set(total.errors) <= response.errors
    assert sum(total.errors.values()) == total.failed
    assert set(total.statuses) == response.statuses


def test_declared_requests_are_sent_as_declared(server: ReceivedRequests, tmp_path: Path) -> None:
    text = """\
name: declared
stages: [{duration: 2s, rate: 50}]
requests:
  - {name: read, path: /read, weight: 3}
  - {name: write, method: POST, path: /write, json: {a: [1, 2.5]}, headers: {X-Team: blue}}
  - {method: PUT, path: /raw, body: plain text}
"""
    record = send_load(tmp_path, server.url, text)
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


def test_a_password_in_the_target_url_is_sent_and_never_written(
    source: Source, server: ReceivedRequests, tmp_path: Path
) -> None:
    record = send_load(tmp_path, server.url.replace("//", "//ann:s%40cret@"), source.profile())
    assert record.total.failed == 0
    assert {headers["Authorization"] for headers in server.headers} == {"Basic YW5uOnNAY3JldA=="}
    assert record.target == server.url
    written = "".join(path.read_text() for path in (tmp_path / "out").iterdir())
    assert "cret" not in written + (tmp_path / "errors.txt").read_text()


def test_the_same_seed_sends_the_same_requests(
    declared: Source, server: ReceivedRequests, tmp_path: Path
) -> None:
    text = declared.profile(more="arrivals: poisson\nseed: 7", request="}, {path: /other")
    counts = []
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        record = send_load(folder, server.url, text)
        counts.append({name: part.sent for name, part in record.requests.items()})
    assert counts[0] == counts[1]


def test_a_stall_delays_requests_but_drops_none(
    source: Source, server: ReceivedRequests, tmp_path: Path
) -> None:
    """Five requests in flight, all stalled: the requests that are due meanwhile are sent late."""
    with start_generator(
        tmp_path, source.profile("/stall", seconds=2, more="max_in_flight: 5"), "--gate"
    ) as generator:
        generator.read_until("ready")
        generator.open_gate(server.url)
        generator.read_until("warmed_up")
        generator.open_gate()
        server.first_received.wait(10)
        while generator.read_until("progress")["elapsed_seconds"] < 1:
            pass
        server.released.set()
        assert generator.wait_for_exit() == 0
    total = generator.record.total
    assert total.offered == total.sent == total.completed == server.total == 100
    assert total.service_time.p50 is not None
    assert total.service_time.p50 < 0.2
    assert (total.response_time.p90 or 0) > 0.5, "the response times do not show the stall"
    assert (total.lateness.max or 0) > 0.5


def test_a_service_that_never_responds_causes_timeouts(
    source: Source, server: ReceivedRequests, tmp_path: Path
) -> None:
    total = send_load(tmp_path, server.url, source.profile("/stall", rate=10, more="timeout: 1s")).total
    assert (total.sent, total.completed, total.failed) == (10, 0, 10)
    assert total.errors == {"timed out": 10}
    assert total.service_time.p50 == pytest.approx(1, abs=0.5)


def test_arrivals_beyond_max_in_flight_are_dropped_and_counted(
    source: Source, server: ReceivedRequests, tmp_path: Path
) -> None:
    total = send_load(tmp_path, server.url, source.profile("/stall", rate=10, more="max_in_flight: 2")).total
    assert (total.offered, total.sent, total.dropped) == (10, 2, 8)
    assert total.offered == total.sent + total.dropped


def test_every_request_fails_when_the_service_is_down(source: Source, tmp_path: Path) -> None:
    with socket.socket() as blocker:  # bound, but not listening
        blocker.bind(("127.0.0.1", 0))
        total = send_load(tmp_path, f"http://127.0.0.1:{blocker.getsockname()[1]}", source.profile()).total
    assert (total.offered, total.sent, total.completed, total.failed) == (50, 50, 0, 50)
    assert total.errors == {"connection refused": 50}


def test_an_unknown_host_is_reported(declared: Source, tmp_path: Path) -> None:
    with start_generator(tmp_path, declared.profile(), "--host", "http://nowhere.invalid") as generator:
        assert "http://nowhere.invalid can't be loaded" in generator.read_until("error")["message"]
        assert generator.wait_for_exit() == 1


def test_no_request_is_sent_before_its_gate_opens(
    source: Source, server: ReceivedRequests, tmp_path: Path
) -> None:
    with start_generator(tmp_path, source.profile(more="warmup: 1s"), "--gate") as generator:
        generator.read_until("ready")
        assert server.total == 0
        generator.open_gate(server.url)
        generator.read_until("warmed_up")
        assert server.total == 50
        generator.open_gate()
        started = generator.read_until("started")["time"]
        assert generator.wait_for_exit() == 0
    assert generator.record.window.start == pytest.approx(started, abs=0.1)
    assert [event["event"] for event in generator.events if event["event"] != "progress"] == [
        "ready",
        "warmed_up",
        "started",
        "done",
    ]


def test_progress_events_report_rates_and_percentiles(
    source: Source, server: ReceivedRequests, tmp_path: Path
) -> None:
    with start_generator(tmp_path, source.profile(seconds=2), "--host", server.url) as generator:
        progress = generator.read_until("progress")
        generator.read_until("done")
    assert progress["duration_seconds"] == 2
    assert progress["rate_offered"] == pytest.approx(50, rel=0.05)
    assert progress["rate_sent"] == pytest.approx(50, rel=0.5), "a busy machine may send late"
    assert progress["failed"] == 0
    assert progress["p95_seconds"] > 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_an_interrupted_load_is_recorded(
    source: Source, number: signal.Signals, server: ReceivedRequests, tmp_path: Path
) -> None:
    with start_generator(tmp_path, source.profile(seconds=30), "--host", server.url) as generator:
        generator.read_until("progress")
        generator.process.send_signal(number)
        assert generator.wait_for_exit() == 130
    assert generator.record.interrupted
    assert generator.record.total.sent == generator.record.total.offered == server.total > 0


def test_requests_in_flight_at_an_interruption_are_recorded_without_a_response(
    source: Source, server: ReceivedRequests, tmp_path: Path
) -> None:
    with start_generator(
        tmp_path, source.profile("/stall", rate=10, seconds=30), "--host", server.url
    ) as generator:
        generator.read_until("progress")
        generator.process.send_signal(signal.SIGINT)
        assert generator.wait_for_exit() == 130
    assert generator.record.total.sent == server.total > 0
    assert generator.record.total.completed == 0


def test_the_load_ends_when_the_process_that_started_it_has_ended(
    declared: Source, server: ReceivedRequests, tmp_path: Path
) -> None:
    with start_generator(tmp_path, declared.profile(seconds=30), "--gate") as generator:
        generator.read_until("ready")
        generator.open_gate(server.url)
        generator.read_until("warmed_up")
        generator.open_gate()
        generator.read_until("progress")
        assert generator.process.stdin is not None
        generator.process.stdin.close()
        assert generator.wait_for_exit() == 130
    assert generator.record.interrupted


def test_an_interruption_before_the_load_writes_no_file(declared: Source, tmp_path: Path) -> None:
    with start_generator(tmp_path, declared.profile(), "--gate") as generator:
        generator.read_until("ready")
        generator.process.send_signal(signal.SIGINT)
        assert generator.wait_for_exit() == 130
    assert not list(generator.out.iterdir())


def test_a_closed_load_waits_for_its_responses(server: ReceivedRequests, tmp_path: Path) -> None:
    text = """\
name: closed
arrivals: closed
warmup: 1s
stages: [{duration: 1s, users: 2}, {duration: 1s, users: 4}]
requests: [{path: /}]
"""
    record = send_load(tmp_path, server.url, text)
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


def locustfile_profile(folder: Path, text: str, more: str = "") -> str:
    (folder / "users.py").write_text(text)
    return f"name: locustfile\nstages: [{{duration: 1s, rate: 20}}]\nlocustfile: users.py\n{more}"


def test_every_request_of_a_locustfile_is_recorded(server: ReceivedRequests, tmp_path: Path) -> None:
    text = locustfile_profile(tmp_path, LOCUSTFILE, "max_in_flight: 5")
    record = send_load(tmp_path, server.url, text)
    assert {name: part.sent for name, part in record.requests.items()} == {"cart": 20, "order": 20}
    assert server.paths == {"/login": 5, "/cart": 20, "/order": 20}
    assert record.warmup.sent == 5, "five users for 0.25 s of arrivals start before the measured load"
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
    text: str, reason: str, server: ReceivedRequests, tmp_path: Path
) -> None:
    total = send_load(tmp_path, server.url, locustfile_profile(tmp_path, text)).total
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


def test_an_error_is_reported_when_no_user_starts(server: ReceivedRequests, tmp_path: Path) -> None:
    with start_generator(
        tmp_path, locustfile_profile(tmp_path, FAILING_START), "--host", server.url
    ) as generator:
        assert "on_start" in generator.read_until("error")["message"]
        assert generator.wait_for_exit() == 1
    assert server.total == 0


INVALID_LOCUSTFILES = {
    "a file that is not Python": ("def f(:\n", ["users.py:1", "SyntaxError"]),
    "a file that raises on import": ("import os\nos.environ['NOT_SET']\n", ["users.py:2", "KeyError"]),
    "a file without users": ("x = 1\n", ["defines no user class"]),
    "user classes that no arrival may choose": (
        LOCUSTFILE + "    weight = 0\n",
        ["no user class has a weight above 0"],
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
    "two load shapes": (
        LOCUSTFILE
        + "\nfrom locust import LoadTestShape\nclass Wave(LoadTestShape):\n    def tick(self): return None\n"
        + "class Step(Wave):\n    pass\n",
        ["defines 2 load shapes (", "a load has one"],
    ),
}


@pytest.mark.parametrize(("text", "messages"), INVALID_LOCUSTFILES.values(), ids=INVALID_LOCUSTFILES)
def test_an_invalid_locustfile_is_rejected_with_its_line(
    text: str, messages: list[str], tmp_path: Path
) -> None:
    with start_generator(
        tmp_path, locustfile_profile(tmp_path, text), "--host", "http://127.0.0.1:9"
    ) as generator:
        assert generator.wait_for_exit() == 2
        errors = generator.read_errors()
    assert all(message in errors for message in messages), errors
    assert "Traceback" not in errors
    assert not generator.events


def test_the_web_ui_responds_and_ends_on_interrupt(
    declared: Source, server: ReceivedRequests, tmp_path: Path
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with start_generator(
        tmp_path, declared.profile(), "--host", server.url, "--web-port", str(port)
    ) as generator:
        assert generator.read_until("web")["url"] == f"http://127.0.0.1:{port}"
        with socket.create_connection(("127.0.0.1", port), timeout=10) as web:
            web.sendall(b"GET / HTTP/1.0\r\n\r\n")
            response = b"".join(iter(lambda: web.recv(65536), b""))
        assert b"200 OK" in response.split(b"\r\n")[0]
        assert b"Locust" in response
        generator.process.send_signal(signal.SIGINT)
        assert generator.wait_for_exit() == 130


def test_a_port_in_use_is_reported_by_the_web_ui(
    declared: Source, server: ReceivedRequests, tmp_path: Path
) -> None:
    with socket.socket() as blocker:
        blocker.bind(("127.0.0.1", 0))
        blocker.listen()
        port = str(blocker.getsockname()[1])
        with start_generator(
            tmp_path, declared.profile(), "--host", server.url, "--web-port", port
        ) as generator:
            assert port in generator.read_until("error")["message"]
            assert generator.wait_for_exit() == 1


def test_the_built_in_profiles_are_valid_by_the_schema() -> None:
    from ruamel.yaml import YAML  # noqa: PLC0415 - only here

    schema = json.loads(PROFILE_SCHEMA.read_text())
    paths = sorted(PROFILES.glob("*.yaml"))
    assert {path.stem for path in paths} >= {"smoke", "steady", "spike", "soak", "declared"}
    for path in paths:
        jsonschema.validate(YAML(typ="safe").load(path), schema)
