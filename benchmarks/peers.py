"""nginx as the server and other load generators as clients, each pinned to a core."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil

ROOT = Path(__file__).parents[1]
SERVER_CORE, CLIENT_CORE = 1, 0
CONNECTIONS = 50
START_TIMEOUT_SECONDS = 30
_CONFIGURATION = """\
worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_rlimit_nofile 20000;
events {{ worker_connections 8192; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location /count {{ stub_status; }}
    location / {{ default_type application/json; return 200 '{{"ok":true}}'; }}
  }}
}}
"""


class BenchmarkError(RuntimeError):
    """The measurement is not possible; the text says why."""


@dataclass(frozen=True)
class Server:
    """A running nginx."""

    url: str
    process: subprocess.Popen[bytes]

    @contextmanager
    def suspend(self) -> Iterator[None]:
        """Suspend the worker processes for the duration of the block."""
        workers = psutil.Process(self.process.pid).children()
        for worker in workers:
            worker.suspend()
        try:
            yield
        finally:
            for worker in workers:
                worker.resume()

    def count_requests(self) -> int:
        """Return the number of requests that nginx has counted, including this one."""
        with urlopen(f"{self.url}/count", timeout=10) as response:  # noqa: S310 - our own server
            return int(response.read().split()[9])


def require_programs(*programs: str) -> None:
    """Check that programs are installed.

    Raises:
        BenchmarkError: a program is missing.
    """
    for program in programs:
        if shutil.which(program) is None:
            raise BenchmarkError(f"{program} is not on PATH; on Debian: apt-get install {program}")


@contextmanager
def run_nginx(core: int | None = SERVER_CORE) -> Iterator[Server]:
    """Serve a small JSON response on a free port; ``core`` None allows any core."""
    require_programs("nginx", "taskset")
    with tempfile.TemporaryDirectory(prefix="load-bench-") as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        path = Path(folder) / "nginx.conf"
        path.write_text(_CONFIGURATION.format(folder=folder, port=port))
        command = [*_pin_command(core), "nginx", "-c", str(path)]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            await_listening(port)
            yield Server(f"http://127.0.0.1:{port}", process)
        finally:
            process.terminate()
            process.wait()


def await_listening(port: int) -> None:
    """Wait until a server listens on a loopback port.

    Raises:
        BenchmarkError: no server listens within :data:`START_TIMEOUT_SECONDS`.
    """
    give_up_at = time.monotonic() + START_TIMEOUT_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > give_up_at:
                raise BenchmarkError(f"nothing listens on port {port}") from None
            time.sleep(0.05)
        else:
            return


def measure_wrk(url: str, seconds: float) -> float:
    """Return the requests per second of wrk with one thread."""
    output = run_client("wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", f"{url}/")
    return _find_number(r"Requests/sec:\s+([\d.]+)", output)


def measure_hey(url: str, seconds: float) -> float:
    """Return the requests per second of hey on one core."""
    output = run_client("hey", "-cpus", "1", "-c", str(CONNECTIONS), "-z", f"{seconds:g}s", f"{url}/")
    return _find_number(r"Requests/sec:\s+([\d.]+)", output)


def measure_k6(url: str, seconds: float, folder: Path) -> float:
    """Return the requests per second of k6 on one core."""
    script, summary = folder / "k6.js", folder / "k6.json"
    script.write_text(f"import http from 'k6/http'; export default () => {{ http.get('{url}/'); }}")
    run_client(
        "k6", "run", "--quiet", "--no-usage-report", "--vus", str(CONNECTIONS), "--duration", f"{seconds:g}s",
        "--summary-export", str(summary), str(script),
    )  # fmt: skip
    return float(json.loads(summary.read_text())["metrics"]["http_reqs"]["rate"])


def measure_locust(url: str, locustfile: Path, seconds: float) -> float:
    """Return the requests per second of unmodified Locust, by its own statistics."""
    entries = run_locust(url, locustfile, CONNECTIONS, seconds)
    requests = sum(entry["num_requests"] for entry in entries)
    start = min(entry["start_time"] for entry in entries)
    return float(requests / (max(entry["last_request_timestamp"] for entry in entries) - start))


def run_locust(url: str, locustfile: Path, users: int, seconds: float) -> list[dict[str, Any]]:
    """Run unmodified Locust; return the entries of its statistics."""
    output = run_client(
        sys.executable, "-m", "locust", "-f", str(locustfile), "--host", url, "--headless", "--json",
        "--users", str(users), "--spawn-rate", str(users), "--run-time", f"{seconds:g}s",
        "--loglevel", "ERROR",
    )  # fmt: skip
    entries: list[dict[str, Any]] = json.loads(output)
    return entries


def run_loadtests(
    url: str, profile: dict[str, Any], folder: Path, *options: str, core: int | None = CLIENT_CORE
) -> dict[str, Any]:
    """Run Proofload's load generator with a profile; return its ``run.json``."""
    path = folder / "profile.yaml"
    path.write_text(json.dumps(profile))  # JSON is YAML
    files = ("--profile", str(path), "--host", url, "--out", str(folder))
    run_client(sys.executable, "-m", "loadtests", *files, *options, core=core)
    record: dict[str, Any] = json.loads((folder / "run.json").read_text())
    return record


def compute_rate(run: dict[str, Any]) -> float:
    """Return the responses per second of a ``run.json``."""
    window = run["window"]
    return float(run["total"]["completed"] / (window["end"] - window["start"]))


def run_client(*command: str, core: int | None = CLIENT_CORE) -> str:
    """Run a load generator on a core (``None``: any); return its standard output.

    Raises:
        BenchmarkError: it exits with an error.
    """
    done = subprocess.run(
        [*_pin_command(core), *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchmarkError(f"{' '.join(command[:4])}: {done.stderr[-500:]}")
    return done.stdout


def _pin_command(core: int | None) -> list[str]:
    return [] if core is None else ["taskset", "-c", str(core)]


def _find_number(pattern: str, text: str) -> float:
    match = re.search(pattern, text)
    if match is None:
        raise BenchmarkError(f"no match of {pattern!r} in {text[:200]!r}")
    return float(match[1])
