"""A Prometheus server with generated samples."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from proofload.stack import ManagedProcess, find_free_ports, find_prometheus

READY_TIMEOUT_SECONDS = 120.0


@contextmanager
def serve_samples(folder: Path, samples: Iterable[str]) -> Iterator[str]:
    """Serve samples (OpenMetrics lines with timestamps) from Prometheus blocks; yield the server's URL."""
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
    [port] = find_free_ports(1)
    server = ManagedProcess(
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
        server.await_ready(f"http://127.0.0.1:{port}/-/ready", READY_TIMEOUT_SECONDS)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()
