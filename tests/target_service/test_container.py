"""The image of the reference service, built and run by a real container engine."""

from __future__ import annotations

import csv
import gc
import os
import time
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import docker
import pytest
import requests
from docker.errors import DockerException
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.image import DockerImage
from testcontainers.core.wait_strategies import HttpWaitStrategy

pytestmark = [pytest.mark.slow, pytest.mark.containers, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]
BASE = os.environ.get("PROOFLOAD_PYTHON_IMAGE", "python:3.13-slim")
"""Any image with Python 3.11 or newer and venv works; the Dockerfile's default needs a registry."""
PORT = 8000
HEALTHY_SECONDS, POLL_SECONDS = 60, 0.2


@pytest.fixture(scope="module")
def client() -> Iterator[docker.DockerClient]:
    try:
        engine = docker.from_env()
        engine.ping()
    except DockerException as error:
        reason = str(error)
    else:
        reason = ""
    if reason:
        _collect_unfinished_clients()
        pytest.skip(f"no container engine: {reason}")
    with closing(engine):
        yield engine


def _collect_unfinished_clients() -> None:
    """Collect the connections that a failed ``from_env`` leaves open, without their warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="module")
def container(client: docker.DockerClient) -> Iterator[DockerContainer]:
    try:
        client.images.get(BASE)
    except DockerException:
        try:
            client.images.pull(BASE)
        except DockerException as error:
            pytest.skip(f"no base image {BASE}: {error}; set another with PROOFLOAD_PYTHON_IMAGE")
    testcontainers_config.ryuk_disabled = True  # it needs another image; the fixture cleans up itself
    build = DockerImage(
        ROOT,
        dockerfile_path="target_service/Dockerfile",
        tag="proofload-target:test",
        buildargs={"PYTHON_IMAGE": BASE},
        network_mode="host",
        clean_up=False,  # the image that Compose builds may be based on this one
    )
    with build as image:
        ready = HttpWaitStrategy(PORT, "/ready").with_startup_timeout(60)
        with DockerContainer(str(image)).with_exposed_ports(PORT).waiting_for(ready) as running:
            yield running


def get_address(container: DockerContainer) -> str:
    return f"http://{container.get_container_host_ip()}:{container.get_exposed_port(PORT)}"


def test_it_predicts(container: DockerContainer) -> None:
    with (ROOT / "loadtests" / "data" / "rows.csv").open(newline="") as file:
        row = list(csv.reader(file))[1]
    body = {"instances": [[float(cell) for cell in row[:-1]]]}
    response = requests.post(f"{get_address(container)}/predict", json=body, timeout=10)
    assert response.json()["predictions"][0]["class"] == row[-1]
    metrics = requests.get(f"{get_address(container)}/metrics", timeout=10).text
    assert 'http_requests_total{handler="/predict"' in metrics


def test_it_runs_without_root(container: DockerContainer) -> None:
    assert container.exec(["id", "-u"]).output.strip() == b"10001"


def test_its_health_check_succeeds(container: DockerContainer) -> None:
    wrapped = container.get_wrapped_container()
    deadline = time.monotonic() + HEALTHY_SECONDS
    while wrapped.attrs["State"]["Health"]["Status"] != "healthy" and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)  # the engine has no event for this
        wrapped.reload()
    assert wrapped.attrs["State"]["Health"]["Status"] == "healthy"


def test_it_stops_on_sigterm(container: DockerContainer) -> None:
    wrapped = container.get_wrapped_container()
    wrapped.kill("SIGTERM")
    assert wrapped.wait(timeout=20)["StatusCode"] in {0, 143}
