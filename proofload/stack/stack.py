"""Where target and Prometheus come from: started here as processes, or already there."""

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

from proofload.stack.managed_process import Supervised, SupervisedError
from proofload.stack.prometheus_binary import PrometheusNotFoundError, find_prometheus

READY_SECONDS = 60.0
"""How long target and Prometheus may take to answer that they are ready."""
ATTEMPTS = 3
"""A free port may be taken by another program before ours listens on it."""

_CONFIGURATION = Path(__file__).resolve().parents[2] / "monitoring" / "prometheus" / "prometheus.yml"
_JOBS = ("target", "proofload-load")
"""Jobs of that file; their places there are those of containers."""


class StackError(Exception):
    """Target or Prometheus did not come up; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Addresses of the service under test and of the Prometheus that scrapes it."""

    target: str
    prometheus: str


Stack = AbstractContextManager[Endpoints]
"""Brings target and Prometheus up on entry, and down whatever it started on exit."""


@contextmanager
def external_stack(target: str, prometheus: str) -> Iterator[Endpoints]:
    """Take target and Prometheus that are already there; nothing is started or stopped."""
    yield Endpoints(target.rstrip("/"), prometheus.rstrip("/"))


@contextmanager
def process_stack(
    logs: Path, *, workers: int, faults: bool, load_port: int, say: Callable[[str], None]
) -> Iterator[Endpoints]:
    """Run the reference service and a real Prometheus on free loopback ports.

    ``workers`` is the number of the service's processes; ``faults`` lets it take orders to fail.
    Prometheus scrapes the load generator, too, on ``load_port`` of loopback, whenever it is there. Their
    output goes to ``logs``; Prometheus's data is gone afterwards.

    Raises:
        StackError: one of them did not come up.
    """
    try:
        binary = find_prometheus(say).path
    except PrometheusNotFoundError as error:
        raise StackError(str(error)) from None
    with tempfile.TemporaryDirectory(prefix="proofload-") as data, ExitStack() as running:
        yield _start(
            running,
            binary,
            Path(data),
            logs,
            {"workers": workers, "faults": int(faults), "load_port": load_port},
        )


def _start(running: ExitStack, binary: Path, data: Path, logs: Path, settings: dict[str, int]) -> Endpoints:
    for attempt in range(1, ATTEMPTS + 1):
        target_port, prometheus_port = free_ports(2)
        processes = [
            _target(target_port, logs, settings),
            _prometheus(binary, prometheus_port, (target_port, settings["load_port"]), data, logs),
        ]
        for process in processes:
            running.callback(process.stop)
        endpoints = Endpoints(f"http://127.0.0.1:{target_port}", f"http://127.0.0.1:{prometheus_port}")
        try:
            processes[0].await_ready(f"{endpoints.target}/ready", READY_SECONDS)
            processes[1].await_ready(f"{endpoints.prometheus}/-/ready", READY_SECONDS)
        except SupervisedError as error:
            running.close()
            if attempt == ATTEMPTS or "address already in use" not in str(error).lower():
                raise StackError(str(error)) from None
        else:
            return endpoints
    raise AssertionError("the last attempt returns or raises")


def _target(port: int, logs: Path, settings: dict[str, int]) -> Supervised:
    environment = os.environ | {
        "TARGET_PORT": str(port),
        "TARGET_WORKERS": str(settings["workers"]),
        "TARGET_FAULTS": str(settings["faults"]),
    }
    return Supervised(
        "the target", [sys.executable, "-P", "-m", "target_service"], logs / "target.log", environment
    )


def _prometheus(binary: Path, port: int, scraped: tuple[int, int], data: Path, logs: Path) -> Supervised:
    configuration = data / "prometheus.yml"
    configuration.write_text(json.dumps(scraping(dict(zip(_JOBS, scraped, strict=True)))), encoding="utf-8")
    command = [
        str(binary),
        f"--config.file={configuration}",
        f"--storage.tsdb.path={data / f'tsdb-{port}'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    return Supervised("Prometheus", command, logs / "prometheus.log")


def scraping(ports: Mapping[str, int]) -> dict[str, Any]:
    """Give the project's configuration of Prometheus with its jobs scraped at ports of loopback."""
    written: dict[str, Any] = YAML(typ="safe").load(_CONFIGURATION)
    jobs = [
        {
            "job_name": job["job_name"],
            "static_configs": [{"targets": [f"127.0.0.1:{ports[job['job_name']]}"]}],
        }
        for job in written["scrape_configs"]
    ]
    return written | {"scrape_configs": jobs}


def free_ports(number: int) -> list[int]:
    """Find free loopback ports, different ones; another program may take one before ours does."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
