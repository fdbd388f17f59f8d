"""The real web UI answers its own pages, and refuses requests of other sites and load for another host."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest
import requests

from proofload.stack import find_free_ports
from tests.support.generator import start_generator
from tests.support.http_server import ReceivedRequests, serve_http

pytestmark = pytest.mark.slow

PROFILE = """\
name: test
stages: [{duration: 1s, rate: 5}]
requests: [{path: /}]
"""
EVIL = "http://evil.example"


@dataclass(frozen=True)
class WebUi:
    port: int
    target: ReceivedRequests

    def send(self, case: Case) -> requests.Response:
        """Send the request of a case; ``PORT`` and ``TARGET`` stand for those of the web UI."""

        def fill(text: str) -> str:
            return text.replace("PORT", str(self.port)).replace("TARGET", self.target.url)

        session = requests.Session()
        session.trust_env = False
        headers = {name: fill(value) for name, value in case.headers.items()}
        data = {name: fill(value) for name, value in case.form.items()}
        body = fill(json.dumps(case.json)) if case.json is not None else data or None
        url = f"http://127.0.0.1:{self.port}{case.path}"
        return session.request(case.method, url, headers=headers, data=body, timeout=10)


@dataclass(frozen=True)
class Case:
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    json: object = None


@pytest.fixture(scope="module")
def web_ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebUi]:
    [port] = find_free_ports(1)
    arguments = ("--web-port", str(port))
    folder = tmp_path_factory.mktemp("web")
    with (
        serve_http() as target,
        serve_http() as other,
        start_generator(folder, PROFILE, "--host", target.url, *arguments) as generator,
    ):
        generator.read_until("web")
        yield WebUi(port, target)
        assert other.total == 0


def swarm(**form: str) -> dict[str, str]:
    return {"user_count": "1", "spawn_rate": "1", **form}


REFUSED: dict[str, Case] = {
    "the page under a foreign Host": Case("GET", "/", {"Host": "evil.example:PORT"}),
    "a foreign Host without a port": Case("GET", "/", {"Host": "evil.example"}),
    "loopback at another port": Case("GET", "/", {"Host": "127.0.0.1:1"}),
    "a name that begins like loopback": Case("GET", "/", {"Host": "localhost.evil.example:PORT"}),
    "statistics under a foreign Host": Case("GET", "/stats/requests", {"Host": "evil.example:PORT"}),
    "metrics under a foreign Host": Case("GET", "/metrics", {"Host": "evil.example:PORT"}),
    "assets under a foreign Host": Case("GET", "/assets/x.js", {"Host": "evil.example:PORT"}),
    "a start from a foreign Origin": Case("POST", "/swarm", {"Origin": EVIL}, swarm()),
    "a start from another port": Case("POST", "/swarm", {"Origin": "http://localhost:3000"}, swarm()),
    "a start from a sandboxed page": Case("POST", "/swarm", {"Origin": "null"}, swarm()),
    "a start from the name over TLS": Case("POST", "/swarm", {"Origin": "https://127.0.0.1:PORT"}, swarm()),
    "a start from an Origin that is no URL": Case("POST", "/swarm", {"Origin": "http://[bad"}, swarm()),
    "a start from a foreign Referer": Case("POST", "/swarm", {"Referer": f"{EVIL}/x"}, swarm()),
    "a start with a foreign Host": Case("POST", "/swarm", {"Host": "evil.example:PORT"}, swarm()),
    "a stop from a foreign Origin": Case("POST", "/stop", {"Origin": EVIL}),
    "a reset from another site": Case("POST", "/stats/reset", {"Sec-Fetch-Site": "cross-site"}),
    "statistics for another site": Case("GET", "/stats/requests", {"Sec-Fetch-Site": "same-site"}),
    "a page in a frame of another site": Case(
        "GET", "/stats/report", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    ),
    "a start for another host": Case("POST", "/swarm", {}, swarm(host="http://127.0.0.1:1")),
    "a start for no host": Case("POST", "/swarm", {}, swarm(host="")),
    "a start for another path of the host": Case("POST", "/swarm", {}, swarm(host="TARGET/admin")),
    "a start for a host with a user": Case("POST", "/swarm", {}, swarm(host="http://a@127.0.0.1:1")),
    "another host for a user class": Case(
        "POST", "/user", json={"user_class_name": "DeclaredUser", "host": "http://127.0.0.1:1"}
    ),
    "another attribute of a user class": Case(
        "POST", "/user", json={"user_class_name": "DeclaredUser", "wait_time": 0}
    ),
    "no settings of a user class": Case("POST", "/user", json=[1]),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_foreign_request_is_refused(case: str, web_ui: WebUi) -> None:
    before = web_ui.target.total
    response = web_ui.send(REFUSED[case])
    assert response.status_code == 403, response.text
    answer = response.json()
    assert answer["success"] is False
    assert answer["message"]
    assert web_ui.send(Case("GET", "/stats/requests")).json()["state"] in {"ready", "stopped"}
    assert web_ui.target.total == before


ANSWERED: dict[str, Case] = {
    "the page by address": Case("GET", "/", {"Host": "127.0.0.1:PORT"}),
    "the page by name": Case("GET", "/", {"Host": "localhost:PORT"}),
    "the page by a name in capitals": Case("GET", "/", {"Host": "LOCALHOST:PORT"}),
    "the page by IPv6": Case("GET", "/", {"Host": "[::1]:PORT"}),
    "a link of another site to the page": Case(
        "GET", "/", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Referer": EVIL}
    ),
    "statistics for the page": Case(
        "GET", "/stats/requests", {"Origin": "http://127.0.0.1:PORT", "Sec-Fetch-Site": "same-origin"}
    ),
    "a scrape of Prometheus": Case("GET", "/metrics", {"User-Agent": "Prometheus/2.42.0"}),
    "a stop of the page": Case(
        "POST", "/stop", {"Origin": "http://localhost:PORT", "Host": "localhost:PORT", "Referer": "http://localhost:PORT/"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ANSWERED)
def test_a_request_of_the_own_page_or_of_a_program_is_answered(case: str, web_ui: WebUi) -> None:
    response = web_ui.send(ANSWERED[case])
    assert response.status_code == 200, response.text


@pytest.mark.parametrize("host", ["TARGET", "TARGET/", None])
def test_the_own_page_starts_load_for_its_host(host: str | None, web_ui: WebUi) -> None:
    web_ui.target.first_received.clear()
    form = swarm() if host is None else swarm(host=host)
    origin = {"Origin": "http://127.0.0.1:PORT", "Sec-Fetch-Site": "same-origin"}
    try:
        assert web_ui.send(Case("POST", "/swarm", origin, form)).json()["success"]
        assert web_ui.target.first_received.wait(10)
    finally:
        assert web_ui.send(Case("POST", "/stop", origin)).ok
