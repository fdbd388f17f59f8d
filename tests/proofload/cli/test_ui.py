"""``proofload ui``: the stack with Locust's web UI, until interrupted."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import pytest
import requests

from tests.support.processes import RUN_SECONDS, process_family

pytestmark = [pytest.mark.slow, pytest.mark.timeout(RUN_SECONDS)]


def find_free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_the_ui_prints_its_urls_and_stops_all_processes(tmp_path: Path) -> None:
    with process_family() as family:
        process = family.start(["ui", "--port", str(find_free_port())], cwd=tmp_path)
        try:
            assert process.stdout is not None
            urls = dict(process.stdout.readline().split() for _ in range(3))
            assert list(urls) == ["Locust", "Target", "Prometheus"]
            urls["Prometheus"] += "/-/ready"  # the distribution's package has no web pages
            for url in urls.values():
                assert requests.get(url, timeout=10).ok
            family.find("proofload ui").send_signal(signal.SIGINT)
            assert process.wait(RUN_SECONDS) == 130
        finally:
            process.kill()
            _, errors = process.communicate()
        assert "Traceback" not in errors
        assert not family.list_processes()


def test_a_used_port_is_one_error(tmp_path: Path) -> None:
    with socket.socket() as listener, process_family() as family:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = str(listener.getsockname()[1])
        process = family.start(["ui", "--port", port], cwd=tmp_path)
        _, errors = process.communicate(timeout=RUN_SECONDS)
        assert process.returncode == 2
        assert f"port {port} can't be used" in errors
        assert "Traceback" not in errors
        assert not family.list_processes()
