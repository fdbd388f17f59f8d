"""Target and Prometheus: started here as processes, or already running elsewhere."""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from proofload.stack.managed_process import ManagedProcess, ManagedProcessError
from proofload.stack.prometheus_binary import PrometheusNotFoundError, find_prometheus

READY_TIMEOUT_SECONDS = 60.0
"""Maximum time until target and Prometheus report that they are ready."""
MAX_START_ATTEMPTS = 3
"""Another program can take a free port before ours listens on it."""

_PROMETHEUS_CONFIGURATION = (
    Path(__file__).resolve().parents[2] / "monitoring" / "prometheus" / "prometheus.yml"
)
_JOBS = ("target", "proofload-load")
"""Jobs of that file, whose targets are container names; they are replaced with loopback ports."""


class StackError(Exception):
    """Target or Prometheus did not start; the message states which and why."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """URLs of the service under test and of the Prometheus that scrapes it."""

    target_url: str
    prometheus_url: str


Stack = AbstractContextManager[Endpoints]
"""Starts target and Prometheus on entry, and stops what it started on exit."""


@contextmanager
def use_external_stack(target: str, prometheus: str) -> Iterator[Endpoints]:
    """Use a target and a Prometheus that already run; nothing is started or stopped."""
    yield Endpoints(target.rstrip("/"), prometheus.rstrip("/"))


@contextmanager
def start_process_stack(
    logs: Path, *, workers: int, faults: bool, load_port: int, report_status: Callable[[str], None]
) -> Iterator[Endpoints]:
    """Run the reference service and a real Prometheus on free loopback ports.

    ``workers`` is the number of the service's processes; ``faults`` enables its fault endpoint. Prometheus
    also scrapes the load generator at ``load_port`` on loopback. The output of the processes goes to
    ``logs``; Prometheus's data is deleted afterwards.

    Raises:
        StackError: the target or Prometheus did not start.
    """
    try:
        binary = find_prometheus(report_status).path
    except PrometheusNotFoundError as error:
        raise StackError(str(error)) from None
    settings = {"workers": workers, "faults": int(faults), "load_port": load_port}
    with tempfile.TemporaryDirectory(prefix="proofload-") as data, ExitStack() as exit_stack:
        yield _start_processes(exit_stack, binary, Path(data), logs, settings)


def _start_processes(
    exit_stack: ExitStack, binary: Path, data: Path, logs: Path, settings: dict[str, int]
) -> Endpoints:
    for attempt in range(1, MAX_START_ATTEMPTS + 1):
        target_port, prometheus_port = find_free_ports(2)
        target = _start_target(target_port, logs, settings)
        exit_stack.callback(target.stop)
        scraped_ports = dict(zip(_JOBS, (target_port, settings["load_port"]), strict=True))
        prometheus = _start_prometheus(binary, prometheus_port, scraped_ports, data, logs)
        exit_stack.callback(prometheus.stop)
        endpoints = Endpoints(f"http://127.0.0.1:{target_port}", f"http://127.0.0.1:{prometheus_port}")
        try:
            target.await_ready(f"{endpoints.target_url}/ready", READY_TIMEOUT_SECONDS)
            prometheus.await_ready(f"{endpoints.prometheus_url}/-/ready", READY_TIMEOUT_SECONDS)
        except ManagedProcessError as error:
            exit_stack.close()
            if attempt == MAX_START_ATTEMPTS or "address already in use" not in str(error).lower():
                raise StackError(str(error)) from None
        else:
            return endpoints
    raise AssertionError("the last attempt returns or raises")


def _start_target(port: int, logs: Path, settings: dict[str, int]) -> ManagedProcess:
    environment = os.environ | {
        "TARGET_PORT": str(port),
        "TARGET_WORKERS": str(settings["workers"]),
        "TARGET_FAULTS": str(settings["faults"]),
    }
    return ManagedProcess(
        "the target", [sys.executable, "-P", "-m", "target_service"], logs / "target.log", environment
    )


def _start_prometheus(
    binary: Path, port: int, scraped_ports: Mapping[str, int], data: Path, logs: Path
) -> ManagedProcess:
    configuration = data / "prometheus.yml"
    configuration.write_text(json.dumps(build_scrape_configuration(scraped_ports)), encoding="utf-8")
    command = [
        str(binary),
        f"--config.file={configuration}",
        f"--storage.tsdb.path={data / f'tsdb-{port}'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    return ManagedProcess("Prometheus", command, logs / "prometheus.log")


def build_scrape_configuration(ports: Mapping[str, int]) -> dict[str, Any]:
    """Return the project's Prometheus configuration, with each job scraped at a loopback port."""
    configuration: dict[str, Any] = YAML(typ="safe").load(_PROMETHEUS_CONFIGURATION)
    jobs = [
        {
            "job_name": job["job_name"],
            "static_configs": [{"targets": [f"127.0.0.1:{ports[job['job_name']]}"]}],
        }
        for job in configuration["scrape_configs"]
    ]
    return configuration | {"scrape_configs": jobs}


def find_free_ports(number: int) -> list[int]:
    """Return different free loopback ports; another program can take one before it is used."""
    with ExitStack() as exit_stack:
        listeners = [exit_stack.enter_context(socket.socket()) for _ in range(number)]
        for listener in listeners:
            listener.bind(("127.0.0.1", 0))
        return [int(listener.getsockname()[1]) for listener in listeners]
