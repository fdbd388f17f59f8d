"""The real generator, scraped while it loads a real server."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from loadtests.session.exporter import OTHER_REASON
from proofload.stack.stack import free_ports
from tests.support.generator import Generator, generator
from tests.support.http_server import Counted, serving

pytestmark = pytest.mark.slow

DECLARED = """\
name: test
warmup: 1s
stages: [{duration: 1s, rate: 60}]
requests:
  - {name: good, path: /, weight: 2}
  - {name: bad, path: /status/503}
"""
BY_LOCUST = """\
name: test
warmup: 1s
stages: [{duration: 1s, rate: 60}]
locustfile: users.py
"""
USERS = """\
from locust import FastHttpUser, task

class Visitor(FastHttpUser):
    @task(2)
    def good(self):
        self.client.get("/", name="good")

    @task
    def bad(self):
        self.client.get("/status/503", name="bad")
"""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counted]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving() as counted:
        yield counted


@pytest.fixture(params=[DECLARED, BY_LOCUST], ids=["declared", "locustfile"])
def profile(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    (tmp_path / "users.py").write_text(USERS)
    return str(request.param)


def scrape(url: str) -> dict[tuple[str, str, str], float]:
    """Read the samples by name, and the labels ``name`` and ``reason``; no buckets."""
    answer = requests.get(url, timeout=10)
    answer.raise_for_status()
    return {
        (sample.name, sample.labels.get("name", ""), sample.labels.get("reason", "")): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name.startswith("proofload_") and "le" not in sample.labels
    }


def test_what_is_scraped_after_the_load_is_its_record(profile: str, server: Counted, tmp_path: Path) -> None:
    [port] = free_ports(1)
    url = f"http://127.0.0.1:{port}/metrics"
    with generator(tmp_path, profile, "--gate", "--hold", "--metrics-port", str(port)) as one:
        one.until("ready")
        one.go(server.url)
        one.until("warmed_up")
        before = scrape(url)
        one.go()
        one.until("done")
        after = scrape(url)
        one.go()
        assert one.end() == 0, one.errors()
    record = one.record
    assert record.warmup.sent == record.total.sent == 60
    for name in ("good", "bad"):
        counts = record.requests[name]
        for word in ("offered", "sent", "completed", "dropped"):
            key = f"proofload_requests_{word}_total", name, ""
            assert before[key] == 0, "the warm-up was counted"
            assert after[key] == getattr(counts, word)
        assert after["proofload_response_time_seconds_count", name, ""] == counts.sent
        failed = {
            reason: number
            for (of, request, reason), number in after.items()
            if (of, request) == ("proofload_requests_failed_total", name) and number
        }
        assert failed == ({"status 5xx": counts.failed} if name == "bad" else {})
    assert OTHER_REASON in {reason for _, _, reason in before}


def left_by_its_starter(one: Generator) -> None:
    assert one.process.stdin is not None
    one.process.stdin.close()


def interrupted(one: Generator) -> None:
    one.process.send_signal(signal.SIGINT)


ENDS = {"its starter is gone": left_by_its_starter, "it is interrupted": interrupted, "a line": Generator.go}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
def test_a_generator_that_holds_ends_whatever_happens(
    end: Callable[[Generator], None], server: Counted, tmp_path: Path
) -> None:
    [port] = free_ports(1)
    with generator(tmp_path, DECLARED, "--gate", "--hold", "--metrics-port", str(port)) as one:
        one.until("ready")
        one.go(server.url)
        one.until("warmed_up")
        one.go()
        one.until("done")
        assert one.process.poll() is None
        end(one)
        assert one.end() == 0, one.errors()
    assert not one.record.interrupted


def test_an_interrupted_load_is_not_held(server: Counted, tmp_path: Path) -> None:
    with generator(tmp_path, DECLARED, "--gate", "--hold") as one:
        one.until("ready")
        one.go(server.url)
        one.until("warmed_up")
        one.go()
        one.until("started")
        left_by_its_starter(one)
        assert one.end() == 130, one.errors()
    assert one.record.interrupted


def test_a_taken_port_is_one_clear_error(server: Counted, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with generator(tmp_path, DECLARED, "--host", server.url, "--metrics-port", str(port)) as one:
            assert one.end() == 1
    says = f"port {port} of 127.0.0.1 can't be had for the metrics: Address already in use"
    assert one.events == [{"event": "error", "message": says}]
    assert "Traceback" not in one.errors()
    assert server.total == 0


def test_an_address_that_is_not_ours_is_one_clear_error(server: Counted, tmp_path: Path) -> None:
    documentation = "192.0.2.1:9646"  # RFC 5737: nobody's
    with generator(tmp_path, DECLARED, "--host", server.url, "--metrics-port", documentation) as one:
        assert one.end() == 1
    [event] = one.events
    assert event["message"].startswith("port 9646 of 192.0.2.1 can't be had for the metrics: ")
    assert "Traceback" not in one.errors()


def test_a_load_is_scraped_at_any_address_of_the_machine(server: Counted, tmp_path: Path) -> None:
    [port] = free_ports(1)
    at = f"0.0.0.0:{port}"
    with generator(tmp_path, DECLARED, "--host", server.url, "--metrics-port", at) as one:
        assert one.until("metrics")["url"] == f"http://{at}/metrics"
        one.until("warmed_up")
        assert scrape(f"http://127.0.0.1:{port}/metrics")
        assert one.end() == 0


USAGE = {
    "--hold without gates": (["--host", "http://127.0.0.1:1", "--hold"], "--hold goes with --gate"),
    "a port beside the web UI's": (
        ["--host", "http://127.0.0.1:1", "--metrics-port", "9646", "--web-port", "8089"],
        "--metrics-port goes without --web-port",
    ),
}


@pytest.mark.parametrize(("options", "says"), USAGE.values(), ids=USAGE.keys())
def test_options_that_do_not_fit_are_refused(options: list[str], says: str, tmp_path: Path) -> None:
    with generator(tmp_path, DECLARED, *options) as one:
        assert one.end() == 2
    assert says in one.errors()
    assert "Traceback" not in one.errors()


def test_the_web_ui_answers_scrapes_and_no_reset_makes_them_fall(server: Counted, tmp_path: Path) -> None:
    [port] = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    with generator(tmp_path, DECLARED, "--host", server.url, "--web-port", str(port)) as one:
        one.until("web")
        sent = "proofload_requests_sent_total", "good", ""
        assert scrape(f"{url}/metrics")[sent] == 0
        swarm = {"user_count": 3, "spawn_rate": 3, "host": server.url}
        assert requests.post(f"{url}/swarm", data=swarm, timeout=10).ok
        assert server.first.wait(10)
        assert requests.post(f"{url}/stop", timeout=10).ok
        counts = scrape(f"{url}/metrics")
        counted = sum(number for (of, _, _), number in counts.items() if of == sent[0])
        assert counted > 0
        assert server.total - 3 <= counted <= server.total, "stopping cuts off at most a request a user"
        assert requests.post(f"{url}/stats/reset", timeout=10).ok
        assert scrape(f"{url}/metrics") == counts
        interrupted(one)
        assert one.end() == 130
    assert "Traceback" not in one.errors()
