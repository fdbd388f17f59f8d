"""The whole of docker-compose.yml as one project of a random name, on any free loopback ports."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("target", "prometheus", "alertmanager")
"""Grafana is not among them: its image comes from a registry alone, and its files are checked without it."""
BASES = {
    "PROOFLOAD_PYTHON_IMAGE": "docker.io/library/python:3.13.7-slim-trixie",
    "PROOFLOAD_PROMETHEUS_IMAGE": "docker.io/prom/prometheus:v3.5.0",
    "PROOFLOAD_ALERTMANAGER_IMAGE": "docker.io/prom/alertmanager:v0.28.1",
}
BUILT = {
    "PROOFLOAD_IMAGE": "proofload:compose-test",
    "PROOFLOAD_TARGET_IMAGE": "proofload-target:compose-test",
    "PROOFLOAD_BUILD_NETWORK": "host",
}
"""Images of the tests' own, so that nobody else's are replaced."""
CANARY = f"canary-{secrets.token_hex(8)}"
"""A secret of the machine that starts the project; it must come out nowhere."""
COMMAND_SECONDS = 300


@dataclass(frozen=True)
class Project:
    """One project of Compose."""

    environment: dict[str, str]

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return docker("compose", *arguments, environment=self.environment)

    def well(self, *arguments: str) -> str:
        """Run what has to succeed; give what it printed."""
        done = self(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def address(self, service: str, port: int) -> str:
        return f"http://{self.well('port', service, str(port)).strip()}"

    def inspect(self, service: str) -> dict[str, Any]:
        name = self.well("ps", "--quiet", service).strip()
        found: list[dict[str, Any]] = json.loads(docker("inspect", name).stdout)
        return found[0]

    def newest(self, name: str) -> dict[str, Any]:
        """Read a file of the newest run from the volume that keeps them."""
        read = ("run", "--rm", "--no-deps", "-T", "--entrypoint", "cat", "check", f"runs/latest/{name}")
        found: dict[str, Any] = json.loads(self.well(*read))
        return found


def docker(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def need_compose() -> None:
    """Skip where Compose v2 is not there."""
    try:
        done = docker("compose", "version", "--short")
    except OSError as error:
        pytest.skip(f"no container engine: {error}")
    if done.returncode:
        pytest.skip(f"no Compose v2: {done.stderr.strip()}")


def need_engine() -> None:
    """Skip where no engine answers, or where an image to start from can't be had."""
    need_compose()
    done = docker("info", "--format", "{{.ServerVersion}}")
    if done.returncode:
        pytest.skip(f"no container engine: {done.stderr.strip()}")
    for variable, default in BASES.items():
        image = os.environ.get(variable, default)
        if docker("image", "inspect", image).returncode and (pulled := docker("pull", image)).returncode:
            why = pulled.stderr.strip()
            pytest.skip(f"no image {image}: {why}; make one by .ci/base-images and name it by {variable}")


@contextmanager
def project() -> Iterator[Project]:
    """Build and start the services; take everything down at the end, volumes too."""
    made = Project(
        os.environ
        | BUILT
        | {
            "COMPOSE_PROJECT_NAME": f"proofload-test-{secrets.token_hex(4)}",
            "COMPOSE_PROFILES": "",
            "PROOFLOAD_DURATION": "10s",
            "PROOFLOAD_WORKERS": "4",
            "PROOFLOAD_PROMETHEUS_BEARER_TOKEN": CANARY,
            "GF_SECURITY_ADMIN_PASSWORD": CANARY,
            "TARGET_FAULTS": "1",
            "TARGET_SIGNING_KEY": CANARY,
        }
        | dict.fromkeys(("TARGET_PORT", "PROMETHEUS_PORT", "ALERTMANAGER_PORT"), "0")
    )
    try:
        made.well("build", "--quiet", "target", "check")
        made.well("up", "--detach", "--wait", *SERVICES)
        yield made
    finally:
        everything = ("--profile", "check", "--profile", "load")
        made.well(*everything, "down", "--volumes", "--remove-orphans", "--timeout", "5")
