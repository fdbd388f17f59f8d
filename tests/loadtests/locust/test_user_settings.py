"""User classes with their own settings, and hosts with unusual addresses or limits."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.echo_server import run_echo_server
from tests.support.generator import send_load
from tests.support.tls import create_certificate, create_server_context

pytestmark = pytest.mark.slow

DECLARED = "requests: [{path: /echo}]"
LOCUSTFILE = "locustfile: users.py"
USER = """\
{before}
from locust import FastHttpUser, HttpUser, task

class Shop({base}):
    {settings}

    @task
    def buy(self):
        {task}
"""
ECHO = 'self.client.get("/echo")'


def build_profile(folder: Path, source: str, *, rate: int = 50, **parts: str) -> str:
    """Write a locustfile; return a profile with this locustfile or with declared requests."""
    all_parts = {"before": "", "base": "FastHttpUser", "settings": "pass", "task": ECHO} | parts
    (folder / "users.py").write_text(USER.format(**all_parts))
    return f"name: users\nstages: [{{duration: 400ms, rate: {rate}}}]\n{source}\n"


TRUST = {
    "declared requests verify the certificate": (DECLARED, {}, False, {"TLS failed": 20}),
    "declared requests accept a trusted certificate": (DECLARED, {}, True, {}),
    "declared requests accept any certificate if the profile is insecure": (
        DECLARED + "\ninsecure: true", {}, False, {},
    ),
    "tasks with insecure = False verify the certificate": (
        LOCUSTFILE, {"settings": "insecure = False"}, False, {"TLS failed": 20},
    ),
    "tasks with insecure = False accept a trusted certificate": (
        LOCUSTFILE, {"settings": "insecure = False"}, True, {},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("source", "parts", "trusted", "errors"), TRUST.values(), ids=TRUST)
def test_certificates_are_verified_if_the_settings_ask_for_it(
    source: str,
    parts: dict[str, str],
    trusted: bool,
    errors: dict[str, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    certificate_files = create_certificate(tmp_path)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate_files[0]))
    with run_echo_server(tls=create_server_context(certificate_files)) as server:
        total = send_load(tmp_path, server.url, build_profile(tmp_path, source, rate=50, **parts)).total
    assert total.errors == errors
    assert (total.sent, total.completed) == (20, 0 if errors else 20)
    assert server.total == total.completed


def test_the_credentials_in_the_host_are_sent(tmp_path: Path) -> None:
    task = 'assert self.client.get("/echo").json()["headers"]["authorization"] == ["Basic bWU6cEBzcw=="]'
    with run_echo_server() as server:
        host = server.url.replace("//", "//me:p%40ss@")
        total = send_load(
            tmp_path,
            host,
            build_profile(tmp_path, LOCUSTFILE, task=task + "\n        self.client.get('/echo')"),
        ).total
    assert total.sent == server.total == 40, "a task that raises sends only its first request"


def test_geventhttpclient_sends_through_a_proxy(tmp_path: Path) -> None:
    with run_echo_server() as proxy:
        port = proxy.url.rpartition(":")[2]
        settings = f"proxy_host, proxy_port = '127.0.0.1', {port}"
        total = send_load(
            tmp_path, "http://shop.invalid", build_profile(tmp_path, LOCUSTFILE, settings=settings)
        ).total
    assert total.sent == total.completed == proxy.total == 20
    assert set(proxy.request_counts) == {"http://shop.invalid:80/echo"}


TWO_ADDRESSES = """\
from gevent import socket

def resolve_to_both(host, port, *_):
    assert host == "localhost"
    return [(socket.AF_INET6, 1, 6, "", ("::1", port, 0, 0)), (socket.AF_INET, 1, 6, "", ("127.0.0.1", port))]

socket.getaddrinfo = resolve_to_both
"""


@pytest.mark.parametrize("source", [LOCUSTFILE, DECLARED], ids=["tasks", "declared"])
def test_each_address_of_a_host_name_is_tried(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On many machines ``localhost`` is ``::1`` first, while the service listens on ``127.0.0.1`` only."""
    (tmp_path / "sitecustomize.py").write_text(TWO_ADDRESSES)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    with run_echo_server() as server:
        text = build_profile(tmp_path, source)
        total = send_load(tmp_path, server.url.replace("127.0.0.1", "localhost"), text).total
    assert (total.sent, total.completed, total.failed) == (20, 20, 0)


FEW_FILES = """\
import os, resource
_free = os.dup(0)
os.close(_free)
resource.setrlimit(resource.RLIMIT_NOFILE, (_free + 12, _free + 12))
"""


def test_requests_fail_with_their_own_error_class_when_no_file_descriptor_is_left(tmp_path: Path) -> None:
    with run_echo_server() as server:
        text = build_profile(
            tmp_path,
            LOCUSTFILE,
            rate=150,
            before=FEW_FILES,
            settings="network_timeout = 1.0",
            task='self.client.get("/never")',
        )
        total = send_load(tmp_path, server.url, text).total
    assert total.sent == 60
    assert set(total.errors) == {"too many open files", "timed out"}
    assert server.total == total.errors["timed out"] < 15
