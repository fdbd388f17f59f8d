"""Classes of users with settings of their own, and machines that have run out of something."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.echo_server import echoing
from tests.support.generator import send
from tests.support.tls import certificate, secured

pytestmark = pytest.mark.slow

DECLARED = "requests: [{path: /echo}]"
WRITTEN = "locustfile: users.py"
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


def profile(folder: Path, source: str, *, rate: int = 50, **parts: str) -> str:
    """Write a locustfile, and give a profile of it (or of declared requests)."""
    fitting = {"before": "", "base": "FastHttpUser", "settings": "pass", "task": ECHO} | parts
    (folder / "users.py").write_text(USER.format(**fitting))
    return f"name: users\nstages: [{{duration: 400ms, rate: {rate}}}]\n{source}\n"


TRUST = {
    "declared requests verify the certificate": (DECLARED, {}, False, {"TLS failed": 20}),
    "declared requests take a certificate that is trusted": (DECLARED, {}, True, {}),
    "declared requests take any certificate where the profile says so": (
        DECLARED + "\ninsecure: true", {}, False, {},
    ),
    "tasks that want to verify the certificate": (
        WRITTEN, {"settings": "insecure = False"}, False, {"TLS failed": 20},
    ),
    "tasks that verify one that is trusted": (WRITTEN, {"settings": "insecure = False"}, True, {}),
}  # fmt: skip


@pytest.mark.parametrize(("source", "parts", "trusted", "errors"), TRUST.values(), ids=TRUST)
def test_certificates_are_verified_where_that_is_wanted(
    source: str,
    parts: dict[str, str],
    trusted: bool,
    errors: dict[str, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = certificate(tmp_path)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(made[0]))
    with echoing(tls=secured(made)) as server:
        total = send(tmp_path, server.url, profile(tmp_path, source, rate=50, **parts)).total
    assert total.errors == errors
    assert (total.sent, total.completed) == (20, 0 if errors else 20)
    assert server.total == total.completed


def test_the_password_of_the_host_is_sent(tmp_path: Path) -> None:
    task = 'assert self.client.get("/echo").json()["headers"]["authorization"] == ["Basic bWU6cEBzcw=="]'
    with echoing() as server:
        host = server.url.replace("//", "//me:p%40ss@")
        total = send(
            tmp_path, host, profile(tmp_path, WRITTEN, task=task + "\n        self.client.get('/echo')")
        ).total
    assert total.sent == server.total == 40, "a task that raises sends one request alone"


def test_a_proxy_is_left_to_geventhttpclient(tmp_path: Path) -> None:
    with echoing() as proxy:
        port = proxy.url.rpartition(":")[2]
        settings = f"proxy_host, proxy_port = '127.0.0.1', {port}"
        total = send(tmp_path, "http://shop.invalid", profile(tmp_path, WRITTEN, settings=settings)).total
    assert total.sent == total.completed == proxy.total == 20
    assert set(proxy.paths) == {"http://shop.invalid:80/echo"}


TWO_ADDRESSES = """\
from gevent import socket

def both(host, port, *_):
    assert host == "localhost"
    return [(socket.AF_INET6, 1, 6, "", ("::1", port, 0, 0)), (socket.AF_INET, 1, 6, "", ("127.0.0.1", port))]

socket.getaddrinfo = both
"""


@pytest.mark.parametrize("source", [WRITTEN, DECLARED], ids=["tasks", "declared"])
def test_a_name_is_asked_at_each_of_its_addresses(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``localhost`` is ``::1`` first on many machines, while the service listens on ``127.0.0.1`` alone."""
    (tmp_path / "sitecustomize.py").write_text(TWO_ADDRESSES)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    with echoing() as server:
        text = profile(tmp_path, source)
        total = send(tmp_path, server.url.replace("127.0.0.1", "localhost"), text).total
    assert (total.sent, total.completed, total.failed) == (20, 20, 0)


FEW_FILES = """\
import os, resource
_free = os.dup(0)
os.close(_free)
resource.setrlimit(resource.RLIMIT_NOFILE, (_free + 12, _free + 12))
"""


def test_a_full_table_of_files_fails_requests_with_that_reason(tmp_path: Path) -> None:
    with echoing() as server:
        text = profile(
            tmp_path,
            WRITTEN,
            rate=150,
            before=FEW_FILES,
            settings="network_timeout = 1.0",
            task='self.client.get("/never")',
        )
        total = send(tmp_path, server.url, text).total
    assert total.sent == 60
    assert set(total.errors) == {"too many open files", "timed out"}
    assert server.total == total.errors["timed out"] < 15
