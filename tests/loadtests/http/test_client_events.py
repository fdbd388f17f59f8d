"""What listeners and Locust's own statistics say of a load: the same as in Locust as it comes."""

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

from tests.support.echo_server import echoing
from tests.support.generator import generator, send

pytestmark = pytest.mark.slow

LISTENING = """\
import json, os
from pathlib import Path
from locust import FastHttpUser, HttpUser, User, events, task

HEARD, FIRED = [], []

@events.request.add_listener
def hear(request_type, name, response_time, response_length, response, context, exception,
         start_time, url, **more):
    status = getattr(response, "status_code", None)
    HEARD.append([request_type, name, type(exception).__name__, response_length, context, status, bool(more)])

def shown(entry):
    return {"requests": entry.num_requests, "failures": entry.num_failures,
            "average_bytes": entry.avg_content_length, "median": entry.median_response_time,
            "p95": entry.get_response_time_percentile(0.95), "max": entry.max_response_time,
            "min": entry.min_response_time, "average": entry.avg_response_time,
            "times": sum(entry.response_times.values())}

@events.quitting.add_listener
def write(environment, **_):
    stats = environment.stats
    Path(os.environ["TEST_OUT"]).write_text(json.dumps({
        "heard": HEARD, "fired": FIRED, "total": shown(stats.total), "ratio": stats.total.fail_ratio,
        "entries": {f"{m} {n}": shown(one) for (n, m), one in stats.entries.items()},
        "errors": sum(one.occurrences for one in stats.errors.values()),
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


def written(folder: Path, text: str) -> Path:
    path = folder / "users.py"
    path.write_text(LISTENING + text)
    return path


def ran(folder: Path, url: str, text: str, monkeypatch: pytest.MonkeyPatch, profile: str = PROFILE) -> Any:
    """Send a load; give what the locustfile wrote down, and the record."""
    written(folder, text)
    monkeypatch.setenv("TEST_OUT", str(folder / "heard.json"))
    record = send(folder, url, profile)
    return json.loads((folder / "heard.json").read_text()), record


def test_statistics_are_those_of_locust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with echoing() as server:
        ours, record = ran(tmp_path, server.url, TASKS, monkeypatch)
        out = tmp_path / "stock.json"
        environment = {**os.environ, "TEST_OUT": str(out), "TEST_STOCK": "1"}
        subprocess.run(
            [sys.executable, str(tmp_path / "users.py"), server.url], check=True, env=environment, timeout=60
        )
    stock = json.loads(out.read_text())
    assert [event[:4] for event in ours["heard"]] == [event[:4] for event in stock["heard"]]
    assert ours["entries"].keys() == stock["entries"].keys() == {"GET cart", "POST order"}
    assert ours["ratio"] == stock["ratio"] == 10 / 60
    assert ours["errors"] == stock["errors"] == 10
    for mine, theirs in ((ours["total"], stock["total"]), *zip(*both(ours, stock), strict=True)):
        for key in ("requests", "failures", "average_bytes", "times"):
            assert mine[key] == theirs[key], key
        assert 0 < mine["min"] <= mine["average"] <= mine["max"]
    assert ours["total"]["max"] == pytest.approx((record.total.response_time.max or 0) * 1000)


def both(*seen: dict[str, Any]) -> list[list[Any]]:
    return [[one["entries"][name] for name in sorted(one["entries"])] for one in seen]


SAME_TIMES = """\
import json, random
from math import nan
from locust.stats import RequestStats
from loadtests.recorder import Books
from loadtests.statistics import LocustStatistics

ours, theirs, dice = RequestStats(), RequestStats(), random.Random(5)
books = Books(1000.0)
books.tell(LocustStatistics(ours).add)
for number in range(5000):
    seconds = dice.lognormvariate(-4, 1.5)
    error = "status 500" if number % 9 == 0 else None
    books.sent("cart", intended=None, began=1000.0, ended=1000.0 + seconds, status=200, error=error,
               method="GET", body_bytes=number)
    theirs.log_request("GET", "cart", seconds * 1000, number)
    if error:
        theirs.log_error("GET", "cart", error)
    if number % 700 == 0:
        books.reduce()
books.reduce()
ratios = (0.01, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0)
print(json.dumps([[
    [entry.num_requests, entry.num_failures, entry.avg_content_length, entry.fail_ratio],
    [entry.avg_response_time, entry.min_response_time, entry.max_response_time],
    [entry.get_response_time_percentile(ratio) for ratio in ratios] + [entry.median_response_time],
    [[error.method, error.name, error.error, error.occurrences] for error in stats.errors.values()],
] for stats in (ours, theirs) for entry in (stats.total, stats.get("cart", "GET"))]))
"""


def test_percentiles_are_those_that_locust_makes_of_the_same_times() -> None:
    done = subprocess.run([sys.executable, "-c", SAME_TIMES], check=True, capture_output=True, text=True)
    total, entry, their_total, their_entry = json.loads(done.stdout)
    for ours, theirs in ((total, their_total), (entry, their_entry)):
        assert ours[0] == theirs[0]
        assert ours[1] == pytest.approx(theirs[1], rel=1e-3, abs=1e-3)
        # Locust keeps two digits above 100 ms, and a value on the edge may fall on either side
        assert ours[2] == pytest.approx(theirs[2], rel=0.011, abs=1)
        assert ours[3] == theirs[3]


CLIENTS = {
    "raw connections": ("FastHttpUser", ""),
    "geventhttpclient, for a pool of its own": (
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
def test_listeners_hear_each_request_once_whatever_the_client(
    base: str, more: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with echoing() as server:
        text = ONE_TASK.format(base=base, more=more)
        heard, record = ran(tmp_path, server.url, text, monkeypatch)
    assert server.total == record.total.sent == record.total.offered == 90
    assert record.total.dropped == 0
    counts = Counter((event[1], event[5]) for event in heard["heard"])
    assert counts == {("cart", 200): 30, ("gone", 404): 30, ("broken", 500): 30}
    contexts = {json.dumps(event[4]) for event in heard["heard"]}
    assert contexts == {'{"shop": "north"}', '{"shop": "north", "a": 1}'}
    assert not any(event[6] for event in heard["heard"]), "a keyword that Locust does not have"
    assert record.total.errors == {"status 500": 30}
    assert heard["fired"] == ["init", "test_start", "test_stopping", "test_stop", "quitting"]


BY_HAND = """
import gevent

class Caller(User):
    turn = 0

    def call(self, name, error=None):
        events.request.fire(request_type="RPC", name=name, response_time=3, response_length=7, response=None,
                            context={}, exception=error, start_time=0.0, url=None)

    @task
    def work(self):
        Caller.turn += 1
        self.call("mine")
        gevent.spawn(self.call, "of a greenlet", KeyError("a")).join()
        if Caller.turn <= 20:
            gevent.spawn_later(0.05, self.call, "of a greenlet left behind")
"""


def test_requests_of_a_client_of_ones_own_belong_to_their_arrival(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, record = ran(tmp_path, "http://127.0.0.1:9", BY_HAND, monkeypatch)
    assert {name: one.sent for name, one in record.requests.items()} == {
        "mine": 30,
        "of a greenlet": 30,
        "of a greenlet left behind": 20,
    }
    assert record.total.offered == record.total.sent == 80
    assert record.total.errors == {"KeyError": 30}
    assert record.requests["mine"].lateness.p50 is not None
    assert heard["total"]["requests"] == 80


def test_a_closed_load_is_told_of_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = "name: closed\narrivals: closed\nstages: [{duration: 400ms, users: 3}]\nlocustfile: users.py\n"
    with echoing() as server:
        heard, record = ran(
            tmp_path, server.url, ONE_TASK.format(base="FastHttpUser", more=""), monkeypatch, profile
        )
    assert server.total == record.total.sent == len(heard["heard"]) == heard["total"]["requests"]
    assert heard["total"]["failures"] == record.total.failed


SECOND_STUCK = """
class Shop(FastHttpUser):
    network_timeout = 30.0

    @task
    def buy(self):
        self.client.get("/echo", name="cart")
        self.client.get("/never", name="stuck")
"""


@pytest.mark.parametrize("arrivals", ["constant", "closed"])
def test_what_is_under_way_at_an_interruption_is_booked(
    arrivals: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = "users: 3" if arrivals == "closed" else "rate: 30"
    profile = f"name: x\narrivals: {arrivals}\nstages: [{{duration: 30s, {stage}}}]\nlocustfile: users.py\n"
    written(tmp_path, SECOND_STUCK)
    monkeypatch.setenv("TEST_OUT", str(tmp_path / "heard.json"))
    with echoing() as server, generator(tmp_path, profile, "--host", server.url) as one:
        one.until("progress")
        one.process.send_signal(signal.SIGINT)
        assert one.end() == 130
        record = one.record
    assert server.paths == {
        name: record.requests[f].sent for name, f in (("/echo", "cart"), ("/never", "stuck"))
    }
    assert record.total.errors == {"no answer before the end": server.paths["/never"]}
