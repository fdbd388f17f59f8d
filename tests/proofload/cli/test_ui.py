"""``proofload ui``: the stack with Locust's web UI, until interrupted."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import pytest
import requests

from tests.support.processes import RUN_SECONDS, marked

pytestmark = [pytest.mark.slow, pytest.mark.timeout(RUN_SECONDS)]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_the_ui_prints_its_addresses_and_takes_everything_down_with_it(tmp_path: Path) -> None:
    with marked() as family:
        process = family.start(["ui", "--port", str(free_port())], cwd=tmp_path)
        try:
            assert process.stdout is not None
            addresses = dict(process.stdout.readline().split() for _ in range(3))
            assert list(addresses) == ["Locust", "Target", "Prometheus"]
            addresses["Prometheus"] += "/-/ready"  # the distribution's package has no pages, unpacked
            for address in addresses.values():
                assert requests.get(address, timeout=10).ok
            family.named("proofload ui").send_signal(signal.SIGINT)
            assert process.wait(RUN_SECONDS) == 130
        finally:
            process.kill()
            _, errors = process.communicate()
        assert "Traceback" not in errors
        assert not family.family()


def test_a_taken_port_is_one_clear_error(tmp_path: Path) -> None:
    with socket.socket() as taken, marked() as family:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        process = family.start(["ui", "--port", port], cwd=tmp_path)
        _, errors = process.communicate(timeout=RUN_SECONDS)
        assert process.returncode == 2
        assert f"port {port} can't be had" in errors
        assert "Traceback" not in errors
        assert not family.family()
