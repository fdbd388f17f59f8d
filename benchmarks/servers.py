"""The installed Prometheus-compatible servers, each started to scrape one target every second."""

from __future__ import annotations

import os
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
_SCRAPE_CONFIGURATION = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
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
    stack: ExitStack,
    binary: Path,
    folder: Path,
    job: str,
    target_address: str,
    *settings: str,
    more_jobs: str = "",
) -> str:
    """Start a server that scrapes a target (``host:port``), until ``stack`` is closed; return its URL.

    ``settings`` are additional lines of Prometheus's scrape configuration, ``more_jobs`` a further job.
    """
    configuration = folder / "scrapes.yml"
    text = _SCRAPE_CONFIGURATION.format(job=job, target=target_address)
    text += "".join(f"    {line}\n" for line in settings) + (f"  {more_jobs}\n" if more_jobs else "")
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
