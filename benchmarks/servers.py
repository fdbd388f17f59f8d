"""Servers that scrape one target every second: whichever of them this machine has."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from pathlib import Path

from proofload.stack.managed_process import Supervised
from proofload.stack.prometheus_binary import PrometheusNotFoundError, find_prometheus
from proofload.stack.stack import READY_SECONDS, free_ports

VICTORIA_METRICS = "victoria-metrics"
_SCRAPES = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: {job}
    static_configs: [{{targets: ["{target}"]}}]
"""


def known() -> dict[str, Path]:
    """Find the Prometheus that runs use, and the servers of the folder that ``PROOFLOAD_BACKENDS`` names."""
    found: dict[str, Path] = {}
    with suppress(PrometheusNotFoundError):
        found["Prometheus"] = find_prometheus(lambda _: None).path
    folder = Path(os.environ.get("PROOFLOAD_BACKENDS", "/nonexistent"))
    for place in sorted(folder.glob("*/usr/bin")):
        for name in ("prometheus", VICTORIA_METRICS):
            if (place / name).exists():
                found[place.parents[1].name] = place / name
    return found


def start(running: ExitStack, binary: Path, folder: Path, job: str, target: str, *settings: str) -> str:
    """Start a server that scrapes a target (``host:port``), until ``running`` ends; give its address.

    ``settings`` are further ones of Prometheus's scrapes, a line each.
    """
    configuration = folder / "scrapes.yml"
    text = _SCRAPES.format(job=job, target=target)
    configuration.write_text(text + "".join(f"    {line}\n" for line in settings), encoding="utf-8")
    (port,) = free_ports(1)
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
    process = Supervised(binary.name, [str(binary), *options], folder / "log")
    running.callback(process.stop)
    process.await_ready(f"http://{address}{ready}", READY_SECONDS)
    return f"http://{address}"
