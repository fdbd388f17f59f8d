"""docker-compose.yml as a project with a random name, on free loopback ports."""

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
"""Without Grafana: its image is only in a registry, and its files are checked without it."""
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
"""Image names of the tests, so that no other images are replaced."""
CANARY = f"canary-{secrets.token_hex(8)}"
"""A secret of the machine that starts the project; it must not appear in any output."""
COMMAND_SECONDS = 300


@dataclass(frozen=True)
class Project:
    """A Compose project."""

    environment: dict[str, str]

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return docker("compose", *arguments, environment=self.environment)

    def run(self, *arguments: str) -> str:
        """Run a command that must succeed; return its standard output."""
        done = self(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def address(self, service: str, port: int) -> str:
        return f"http://{self.run('port', service, str(port)).strip()}"

    def inspect(self, service: str) -> dict[str, Any]:
        name = self.run("ps", "--quiet", service).strip()
        containers: list[dict[str, Any]] = json.loads(docker("inspect", name).stdout)
        return containers[0]

    def read_latest(self, name: str) -> dict[str, Any]:
        """Read a file of the latest run from the volume of the runs."""
        arguments = ("run", "--rm", "--no-deps", "-T", "--entrypoint", "cat", "check", f"runs/latest/{name}")
        data: dict[str, Any] = json.loads(self.run(*arguments))
        return data


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


def require_compose() -> None:
    """Skip the test without Compose v2."""
    try:
        done = docker("compose", "version", "--short")
    except OSError as error:
        pytest.skip(f"no container engine: {error}")
    if done.returncode:
        pytest.skip(f"no Compose v2: {done.stderr.strip()}")


def require_engine() -> None:
    """Skip the test without a container engine, or without a base image."""
    require_compose()
    done = docker("info", "--format", "{{.ServerVersion}}")
    if done.returncode:
        pytest.skip(f"no container engine: {done.stderr.strip()}")
    for variable, default in BASES.items():
        image = os.environ.get(variable, default)
        if docker("image", "inspect", image).returncode and (pulled := docker("pull", image)).returncode:
            cause = pulled.stderr.strip()
            pytest.skip(f"no image {image}: {cause}; build one with .ci/base-images and set {variable}")


@contextmanager
def run_project() -> Iterator[Project]:
    """Build and start the services; remove them and their volumes at the end."""
    project = Project(
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
        project.run("build", "--quiet", "target", "check")
        project.run("up", "--detach", "--wait", *SERVICES)
        yield project
    finally:
        profiles = ("--profile", "check", "--profile", "load")
        project.run(*profiles, "down", "--volumes", "--remove-orphans", "--timeout", "5")
