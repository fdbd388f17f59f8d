"""The installed Prometheus-compatible servers, each started to scrape targets every second."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from proofload.stack import (
    READY_TIMEOUT_SECONDS,
    ManagedProcess,
    PrometheusNotFoundError,
    find_free_ports,
    find_prometheus,
)

VICTORIA_METRICS = "victoria-metrics"
_GLOBAL_CONFIGURATION = """\
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
"""
_JOB = """\
  - job_name: {job}
    static_configs: [{{targets: ["{target}"]}}]
"""


def find_servers() -> dict[str, Path]:
    """Return the binaries by name: the Prometheus of runs, and those in the folder ``PROOFLOAD_BACKENDS``."""
    found: dict[str, Path] = {}
    with suppress(PrometheusNotFoundError):
        found["Prometheus"] = find_prometheus(lambda _: None).path
    root = Path(os.environ.get("PROOFLOAD_BACKENDS", "/nonexistent"))
    for folder in sorted(root.glob("*/usr/bin")):
        for name in ("prometheus", VICTORIA_METRICS):
            if (folder / name).exists():
                found[folder.parents[1].name] = folder / name
    return found


def start_server(
    stack: ExitStack, binary: Path, folder: Path, targets: Mapping[str, str], *settings: str
) -> str:
    """Start a server that scrapes targets, until ``stack`` is closed; return its URL.

    ``targets`` are addresses (``host:port``) by the name of their job; ``settings`` are additional lines of
    Prometheus's scrape configuration for each job.
    """
    configuration = folder / "scrapes.yml"
    lines = "".join(f"    {line}\n" for line in settings)
    jobs = (_JOB.format(job=job, target=target) + lines for job, target in targets.items())
    text = _GLOBAL_CONFIGURATION + "".join(jobs)
    configuration.write_text(text, encoding="utf-8")
    (port,) = find_free_ports(1)
    address, data = f"127.0.0.1:{port}", folder / "data"
    if binary.name == VICTORIA_METRICS:
        options = [f"-storageDataPath={data}", f"-promscrape.config={configuration}"]
        options.append(f"-httpListenAddr={address}")
        ready = "/health"
    else:
        options = [
            f"--config.file={configuration}",
            f"--storage.tsdb.path={data}",
            f"--web.listen-address={address}",
            *(["--enable-feature=native-histograms"] if settings else []),
        ]
        ready = "/-/ready"
    process = ManagedProcess(binary.name, [str(binary), *options], folder / "log")
    stack.callback(process.stop)
    process.await_ready(f"http://{address}{ready}", READY_TIMEOUT_SECONDS)
    return f"http://{address}"
