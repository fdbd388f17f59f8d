"""The real generator, scraped while it sends load to a real server."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from loadtests.recording import OTHER_REASON
from proofload.stack import find_free_ports
from tests.support.generator import LoadGenerator, start_generator
from tests.support.http_server import ReceivedRequests, serve_http

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
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ReceivedRequests]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serve_http() as counted:
        yield counted


@pytest.fixture(params=[DECLARED, BY_LOCUST], ids=["declared", "locustfile"])
def profile(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    (tmp_path / "users.py").write_text(USERS)
    return str(request.param)


def scrape(url: str) -> dict[tuple[str, str, str], float]:
    """Return the samples by their name and their labels ``name`` and ``reason``, without buckets."""
    response = requests.get(url, timeout=10)
    response.raise_for_status()
    return {
        (sample.name, sample.labels.get("name", ""), sample.labels.get("reason", "")): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
        if sample.name.startswith("proofload_") and "le" not in sample.labels
    }


def test_the_metrics_after_the_load_equal_its_record(
    profile: str, server: ReceivedRequests, tmp_path: Path
) -> None:
    [port] = find_free_ports(1)
    url = f"http://127.0.0.1:{port}/metrics"
    with start_generator(tmp_path, profile, "--gate", "--hold", "--metrics-port", str(port)) as generator:
        generator.read_until("ready")
        generator.open_gate(server.url)
        generator.read_until("warmed_up")
        before = scrape(url)
        generator.open_gate()
        generator.read_until("done")
        after = scrape(url)
        generator.open_gate()
        assert generator.wait_for_exit() == 0, generator.read_errors()
    record = generator.record
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


def close_standard_input(generator: LoadGenerator) -> None:
    assert generator.process.stdin is not None
    generator.process.stdin.close()


def interrupt(generator: LoadGenerator) -> None:
    generator.process.send_signal(signal.SIGINT)


ENDS = {
    "the process that started it has ended": close_standard_input,
    "it is interrupted": interrupt,
    "a line": LoadGenerator.open_gate,
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
def test_a_generator_that_holds_ends(
    end: Callable[[LoadGenerator], None], server: ReceivedRequests, tmp_path: Path
) -> None:
    [port] = find_free_ports(1)
    with start_generator(tmp_path, DECLARED, "--gate", "--hold", "--metrics-port", str(port)) as generator:
        generator.read_until("ready")
        generator.open_gate(server.url)
        generator.read_until("warmed_up")
        generator.open_gate()
        generator.read_until("done")
        assert generator.process.poll() is None
        end(generator)
        assert generator.wait_for_exit() == 0, generator.read_errors()
    assert not generator.record.interrupted


def test_an_interrupted_load_does_not_hold(server: ReceivedRequests, tmp_path: Path) -> None:
    with start_generator(tmp_path, DECLARED, "--gate", "--hold") as generator:
        generator.read_until("ready")
        generator.open_gate(server.url)
        generator.read_until("warmed_up")
        generator.open_gate()
        generator.read_until("started")
        close_standard_input(generator)
        assert generator.wait_for_exit() == 130, generator.read_errors()
    assert generator.record.interrupted


def test_a_port_in_use_is_reported_without_a_traceback(server: ReceivedRequests, tmp_path: Path) -> None:
    with socket.socket() as blocker:
        blocker.bind(("127.0.0.1", 0))
        blocker.listen()
        port = blocker.getsockname()[1]
        with start_generator(
            tmp_path, DECLARED, "--host", server.url, "--metrics-port", str(port)
        ) as generator:
            assert generator.wait_for_exit() == 1
    message = f"port {port} of 127.0.0.1 can't be used for the metrics: Address already in use"
    assert generator.events == [{"event": "error", "message": message}]
    assert "Traceback" not in generator.read_errors()
    assert server.total == 0


def test_an_address_of_another_machine_is_reported_without_a_traceback(
    server: ReceivedRequests, tmp_path: Path
) -> None:
    documentation = "192.0.2.1:9646"  # RFC 5737: an address that no machine has
    with start_generator(
        tmp_path, DECLARED, "--host", server.url, "--metrics-port", documentation
    ) as generator:
        assert generator.wait_for_exit() == 1
    [event] = generator.events
    assert event["message"].startswith("port 9646 of 192.0.2.1 can't be used for the metrics: ")
    assert "Traceback" not in generator.read_errors()


def test_the_metrics_are_served_at_any_address_of_the_machine(
    server: ReceivedRequests, tmp_path: Path
) -> None:
    [port] = find_free_ports(1)
    address = f"0.0.0.0:{port}"
    with start_generator(tmp_path, DECLARED, "--host", server.url, "--metrics-port", address) as generator:
        assert generator.read_until("metrics")["url"] == f"http://{address}/metrics"
        generator.read_until("warmed_up")
        assert scrape(f"http://127.0.0.1:{port}/metrics")
        assert generator.wait_for_exit() == 0


USAGE = {
    "--hold without --gate": (["--host", "http://127.0.0.1:1", "--hold"], "--hold needs --gate"),
    "--metrics-port with --web-port": (
        ["--host", "http://127.0.0.1:1", "--metrics-port", "9646", "--web-port", "8089"],
        "--metrics-port excludes --web-port",
    ),
}


@pytest.mark.parametrize(("options", "message"), USAGE.values(), ids=USAGE.keys())
def test_options_that_exclude_each_other_are_rejected(
    options: list[str], message: str, tmp_path: Path
) -> None:
    with start_generator(tmp_path, DECLARED, *options) as generator:
        assert generator.wait_for_exit() == 2
    assert message in generator.read_errors()
    assert "Traceback" not in generator.read_errors()


def test_the_web_ui_serves_metrics_that_no_reset_decreases(server: ReceivedRequests, tmp_path: Path) -> None:
    [port] = find_free_ports(1)
    url = f"http://127.0.0.1:{port}"
    with start_generator(tmp_path, DECLARED, "--host", server.url, "--web-port", str(port)) as generator:
        generator.read_until("web")
        sent = "proofload_requests_sent_total", "good", ""
        assert scrape(f"{url}/metrics")[sent] == 0
        swarm = {"user_count": 3, "spawn_rate": 3, "host": server.url}
        assert requests.post(f"{url}/swarm", data=swarm, timeout=10).ok
        assert server.first_received.wait(10)
        assert requests.post(f"{url}/stop", timeout=10).ok
        counts = scrape(f"{url}/metrics")
        counted = sum(number for (of, _, _), number in counts.items() if of == sent[0])
        assert counted > 0
        assert server.total - 3 <= counted <= server.total, (
            "stopping interrupts at most one request of each user"
        )
        assert requests.post(f"{url}/stats/reset", timeout=10).ok
        assert scrape(f"{url}/metrics") == counts
        interrupt(generator)
        assert generator.wait_for_exit() == 130
    assert "Traceback" not in generator.read_errors()
