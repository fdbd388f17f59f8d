"""Listeners and Locust's own statistics receive the same data as in unmodified Locust."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.support.echo_server import run_echo_server
from tests.support.generator import send_load, start_generator

pytestmark = pytest.mark.slow

LISTENERS = """\
import json, os
from pathlib import Path
from locust import FastHttpUser, HttpUser, User, events, task

REQUESTS, FIRED = [], []

@events.request.add_listener
def store_request(request_type, name, response_time, response_length, response, context, exception,
                  start_time, url, **more):
    status = getattr(response, "status_code", None)
    error = type(exception).__name__
    REQUESTS.append([request_type, name, error, response_length, context, status, bool(more)])

def summarize(entry):
    return {"requests": entry.num_requests, "failures": entry.num_failures,
            "average_bytes": entry.avg_content_length, "median": entry.median_response_time,
            "p95": entry.get_response_time_percentile(0.95), "max": entry.max_response_time,
            "min": entry.min_response_time, "average": entry.avg_response_time,
            "times": sum(entry.response_times.values())}

@events.quitting.add_listener
def write(environment, **_):
    stats = environment.stats
    Path(os.environ["TEST_OUT"]).write_text(json.dumps({
        "requests": REQUESTS, "fired": FIRED, "total": summarize(stats.total),
        "ratio": stats.total.fail_ratio,
        "entries": {f"{method} {name}": summarize(entry) for (name, method), entry in stats.entries.items()},
        "errors": sum(error.occurrences for error in stats.errors.values()),
    }))

for _name in ("init", "test_start", "test_stopping", "test_stop", "quitting", "user_error"):
    getattr(events, _name).add_listener(lambda name=_name, **_: FIRED.append(name))
"""
TASKS = """
class Shop(FastHttpUser):
    fixed_count = 1
    turn = 0

    @task
    def buy(self):
        Shop.turn += 1
        if Shop.turn > 30:
            return
        self.client.get("/echo", name="cart", headers={"X-Pad": "x" * Shop.turn})
        self.client.post("/500" if Shop.turn % 3 == 0 else "/login", name="order")
        if Shop.turn == 30:
            self.environment.runner.stop() if os.environ.get("TEST_STOCK") else None

def main(host):
    import gevent
    from locust.env import Environment
    environment = Environment(user_classes=[Shop], events=events, host=host)
    runner = environment.create_local_runner()
    events.init.fire(environment=environment, runner=runner, web_ui=None)
    runner.start(1, 1)
    while Shop.turn < 30 or runner.user_count:
        gevent.sleep(0.05)
    events.quitting.fire(environment=environment, reverse=True)
    runner.quit()

if __name__ == "__main__":
    import sys
    main(sys.argv[1])
"""
PROFILE = "name: events\nstages: [{duration: 400ms, rate: 75}]\nmax_in_flight: 3\nlocustfile: users.py\n"


def write_locustfile(folder: Path, text: str) -> None:
    (folder / "users.py").write_text(LISTENERS + text)


def run_locustfile(
    folder: Path, url: str, text: str, monkeypatch: pytest.MonkeyPatch, profile: str = PROFILE
) -> Any:
    """Send a load; return what the locustfile's listeners stored, and the record."""
    write_locustfile(folder, text)
    monkeypatch.setenv("TEST_OUT", str(folder / "stored.json"))
    record = send_load(folder, url, profile)
    return json.loads((folder / "stored.json").read_text()), record


def test_statistics_equal_those_of_locust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with run_echo_server() as server:
        ours, record = run_locustfile(tmp_path, server.url, TASKS, monkeypatch)
        out = tmp_path / "stock.json"
        environment = {**os.environ, "TEST_OUT": str(out), "TEST_STOCK": "1"}
        subprocess.run(
            [sys.executable, str(tmp_path / "users.py"), server.url], check=True, env=environment, timeout=60
        )
    stock = json.loads(out.read_text())
    assert [event[:4] for event in ours["requests"]] == [event[:4] for event in stock["requests"]]
    assert ours["entries"].keys() == stock["entries"].keys() == {"GET cart", "POST order"}
    assert ours["ratio"] == stock["ratio"] == 10 / 60
    assert ours["errors"] == stock["errors"] == 10
    for mine, theirs in ((ours["total"], stock["total"]), *zip(*list_entries(ours, stock), strict=True)):
        for key in ("requests", "failures", "average_bytes", "times"):
            assert mine[key] == theirs[key], key
        assert 0 < mine["min"] <= mine["average"] <= mine["max"]
    assert ours["total"]["max"] == pytest.approx((record.total.response_time.max or 0) * 1000)


def list_entries(*runs: dict[str, Any]) -> list[list[Any]]:
    return [[run["entries"][name] for name in sorted(run["entries"])] for run in runs]


SAME_TIMES = """\
import json, random
from math import nan
from locust.stats import RequestStats
from loadtests.locust.locust_statistics import LocustStatistics
from loadtests.recording import Recorder

ours, theirs, dice = RequestStats(), RequestStats(), random.Random(5)
recorder = Recorder(1000.0)
recorder.add_listener(LocustStatistics(ours).add)
for number in range(5000):
    seconds = dice.lognormvariate(-4, 1.5)
    error = "status 500" if number % 9 == 0 else None
    recorder.record_request("cart", intended_start=None, sent_at=1000.0, ended_at=1000.0 + seconds,
                            status=200, error=error, method="GET", body_bytes=number)
    theirs.log_request("GET", "cart", seconds * 1000, number)
    if error:
        theirs.log_error("GET", "cart", error)
    if number % 700 == 0:
        recorder.reduce_rows()
recorder.reduce_rows()
ratios = (0.01, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0)
print(json.dumps([[
    [entry.num_requests, entry.num_failures, entry.avg_content_length, entry.fail_ratio],
    [entry.avg_response_time, entry.min_response_time, entry.max_response_time],
    [entry.get_response_time_percentile(ratio) for ratio in ratios] + [entry.median_response_time],
    [[error.method, error.name, error.error, error.occurrences] for error in stats.errors.values()],
] for stats in (ours, theirs) for entry in (stats.total, stats.get("cart", "GET"))]))
"""


def test_percentiles_equal_those_of_locust_for_the_same_times() -> None:
    done = subprocess.run([sys.executable, "-c", SAME_TIMES], check=True, capture_output=True, text=True)
    total, entry, their_total, their_entry = json.loads(done.stdout)
    for ours, theirs in ((total, their_total), (entry, their_entry)):
        assert ours[0] == theirs[0]
        assert ours[1] == pytest.approx(theirs[1], rel=1e-3, abs=1e-3)
        # Locust rounds to two digits above 100 ms; a value at an edge may be rounded either way
        assert ours[2] == pytest.approx(theirs[2], rel=0.011, abs=1)
        assert ours[3] == theirs[3]


CLIENTS = {
    "raw connections": ("FastHttpUser", ""),
    "geventhttpclient, because the class sets client_pool": (
        "FastHttpUser",
        "from geventhttpclient.client import HTTPClientPool\n    client_pool = HTTPClientPool(concurrency=5)",
    ),
    "requests": ("HttpUser", ""),
}
ONE_TASK = """
class Shop({base}):
    {more}

    def context(self):
        return {{"shop": "north"}}

    @task
    def buy(self):
        self.client.get("/echo", name="cart")
        with self.client.get("/404", name="gone", catch_response=True, context={{"a": 1}}) as response:
            response.success()
        self.client.get("/500", name="broken")
"""


@pytest.mark.parametrize(("base", "more"), CLIENTS.values(), ids=CLIENTS)
def test_listeners_receive_each_request_once_from_any_client(
    base: str, more: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with run_echo_server() as server:
        text = ONE_TASK.format(base=base, more=more)
        stored, record = run_locustfile(tmp_path, server.url, text, monkeypatch)
    assert server.total == record.total.sent == record.total.offered == 90
    assert record.total.dropped == 0
    counts = Counter((event[1], event[5]) for event in stored["requests"])
    assert counts == {("cart", 200): 30, ("gone", 404): 30, ("broken", 500): 30}
    contexts = {json.dumps(event[4]) for event in stored["requests"]}
    assert contexts == {'{"shop": "north"}', '{"shop": "north", "a": 1}'}
    assert not any(event[6] for event in stored["requests"]), "a keyword that Locust does not have"
    assert record.total.errors == {"status 500": 30}
    assert stored["fired"] == ["init", "test_start", "test_stopping", "test_stop", "quitting"]


OWN_CLIENT = """
import gevent

class Caller(User):
    turn = 0

    def call(self, name, error=None):
        events.request.fire(request_type="RPC", name=name, response_time=3, response_length=7, response=None,
                            context={}, exception=error, start_time=0.0, url=None)

    @task
    def work(self):
        Caller.turn += 1
        self.call("task")
        gevent.spawn(self.call, "greenlet", KeyError("a")).join()
        if Caller.turn <= 20:
            gevent.spawn_later(0.05, self.call, "greenlet that outlives its task")
"""


def test_requests_of_the_users_own_client_belong_to_their_arrival(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored, record = run_locustfile(tmp_path, "http://127.0.0.1:9", OWN_CLIENT, monkeypatch)
    assert {name: counts.sent for name, counts in record.requests.items()} == {
        "task": 30,
        "greenlet": 30,
        "greenlet that outlives its task": 20,
    }
    assert record.total.offered == record.total.sent == 80
    assert record.total.errors == {"KeyError: 'a'": 30}
    assert record.requests["task"].lateness.p50 is not None
    assert stored["total"]["requests"] == 80


def test_listeners_receive_the_requests_of_a_closed_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = "name: closed\narrivals: closed\nstages: [{duration: 400ms, users: 3}]\nlocustfile: users.py\n"
    with run_echo_server() as server:
        text = ONE_TASK.format(base="FastHttpUser", more="")
        stored, record = run_locustfile(tmp_path, server.url, text, monkeypatch, profile)
    assert server.total == record.total.sent == len(stored["requests"]) == stored["total"]["requests"]
    assert stored["total"]["failures"] == record.total.failed


SECOND_REQUEST_HANGS = """
class Shop(FastHttpUser):
    network_timeout = 30.0

    @task
    def buy(self):
        self.client.get("/echo", name="cart")
        self.client.get("/never", name="hanging")
"""


@pytest.mark.parametrize("arrivals", ["constant", "closed"])
def test_requests_in_flight_at_an_interruption_are_recorded(
    arrivals: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = "users: 3" if arrivals == "closed" else "rate: 30"
    profile = f"name: x\narrivals: {arrivals}\nstages: [{{duration: 30s, {stage}}}]\nlocustfile: users.py\n"
    write_locustfile(tmp_path, SECOND_REQUEST_HANGS)
    monkeypatch.setenv("TEST_OUT", str(tmp_path / "stored.json"))
    with run_echo_server() as server, start_generator(tmp_path, profile, "--host", server.url) as generator:
        generator.read_until("progress")
        generator.process.send_signal(signal.SIGINT)
        assert generator.wait_for_exit() == 130
        record = generator.record
    assert server.request_counts == {
        path: record.requests[name].sent for path, name in (("/echo", "cart"), ("/never", "hanging"))
    }
    assert record.total.errors == {"no answer before the end": server.request_counts["/never"]}
