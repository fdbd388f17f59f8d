"""A real Prometheus that holds samples which nobody scraped."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from proofload.stack.managed_process import Supervised
from proofload.stack.prometheus_binary import find_prometheus
from proofload.stack.stack import free_ports

READY_SECONDS = 120.0


@contextmanager
def kept(folder: Path, samples: Iterable[str]) -> Iterator[str]:
    """Write samples (lines of OpenMetrics with times) into blocks, serve them, give the server's address."""
    binary = find_prometheus(print).path
    text, tsdb = folder / "samples.txt", folder / "tsdb"
    with text.open("w", encoding="utf-8") as file:
        file.writelines(samples)
        file.write("# EOF\n")
    promtool = str(binary.with_name("promtool"))
    command = [promtool, "tsdb", "create-blocks-from", "openmetrics", str(text), str(tsdb)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    text.unlink()
    (folder / "prometheus.yml").write_text("global: {}\n", encoding="utf-8")
    [port] = free_ports(1)
    server = Supervised(
        "Prometheus",
        [
            str(binary),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={tsdb}",
            "--storage.tsdb.retention.time=100y",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        folder / "prometheus.log",
    )
    try:
        server.await_ready(f"http://127.0.0.1:{port}/-/ready", READY_SECONDS)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()
