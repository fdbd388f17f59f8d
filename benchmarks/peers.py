"""nginx as the server, and load generators as peers, each pinned to a core of its own."""

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
START_SECONDS = 30
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


class BenchError(RuntimeError):
    """The measurement can't be made; the text says why."""


@dataclass(frozen=True)
class Server:
    """A running nginx."""

    url: str
    process: subprocess.Popen[bytes]

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Have it stand still."""
        workers = psutil.Process(self.process.pid).children()
        for worker in workers:
            worker.suspend()
        try:
            yield
        finally:
            for worker in workers:
                worker.resume()

    def count(self) -> int:
        """Requests it has answered, by its own count; asking counts itself."""
        with urlopen(f"{self.url}/count", timeout=10) as answer:  # noqa: S310 - our own server
            return int(answer.read().split()[9])


def need(*tools: str) -> None:
    """Ask for programs.

    Raises:
        BenchError: one is missing.
    """
    for tool in tools:
        if shutil.which(tool) is None:
            raise BenchError(f"{tool} is not on PATH; on Debian: apt-get install {tool}")


@contextmanager
def nginx(core: int | None = SERVER_CORE) -> Iterator[Server]:
    """Serve a tiny JSON answer on a free port, on a core of its own or on any."""
    need("nginx", "taskset")
    with tempfile.TemporaryDirectory(prefix="load-bench-") as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        path = Path(folder) / "nginx.conf"
        path.write_text(_CONFIGURATION.format(folder=folder, port=port))
        command = [*_pinned(core), "nginx", "-c", str(path)]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            await_listening(port)
            yield Server(f"http://127.0.0.1:{port}", process)
        finally:
            process.terminate()
            process.wait()


def await_listening(port: int) -> None:
    """Wait until something listens on a loopback port.

    Raises:
        BenchError: nothing does in time.
    """
    give_up = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > give_up:
                raise BenchError(f"nothing listens on port {port}") from None
            time.sleep(0.05)
        else:
            return


def wrk(url: str, seconds: float) -> float:
    """Requests per second of wrk with one thread."""
    said = client("wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", f"{url}/")
    return _figure(r"Requests/sec:\s+([\d.]+)", said)


def hey(url: str, seconds: float) -> float:
    """Requests per second of hey on one core."""
    said = client("hey", "-cpus", "1", "-c", str(CONNECTIONS), "-z", f"{seconds:g}s", f"{url}/")
    return _figure(r"Requests/sec:\s+([\d.]+)", said)


def k6(url: str, seconds: float, folder: Path) -> float:
    """Requests per second of k6 on one core."""
    script, summary = folder / "k6.js", folder / "k6.json"
    script.write_text(f"import http from 'k6/http'; export default () => {{ http.get('{url}/'); }}")
    client(
        "k6", "run", "--quiet", "--no-usage-report", "--vus", str(CONNECTIONS), "--duration", f"{seconds:g}s",
        "--summary-export", str(summary), str(script),
    )  # fmt: skip
    return float(json.loads(summary.read_text())["metrics"]["http_reqs"]["rate"])


def locust(url: str, locustfile: Path, seconds: float) -> float:
    """Requests per second of Locust as it is, by its own statistics."""
    entries = locust_entries(url, locustfile, CONNECTIONS, seconds)
    requests = sum(entry["num_requests"] for entry in entries)
    began = min(entry["start_time"] for entry in entries)
    return float(requests / (max(entry["last_request_timestamp"] for entry in entries) - began))


def locust_entries(url: str, locustfile: Path, users: int, seconds: float) -> list[dict[str, Any]]:
    """Run Locust as it is, and give the entries of its statistics."""
    said = client(
        sys.executable, "-m", "locust", "-f", str(locustfile), "--host", url, "--headless", "--json",
        "--users", str(users), "--spawn-rate", str(users), "--run-time", f"{seconds:g}s",
        "--loglevel", "ERROR",
    )  # fmt: skip
    entries: list[dict[str, Any]] = json.loads(said)
    return entries


def loadtests(
    url: str, profile: dict[str, Any], folder: Path, *options: str, core: int | None = CLIENT_CORE
) -> dict[str, Any]:
    """Run our generator with a profile; give its ``run.json``."""
    path = folder / "profile.yaml"
    path.write_text(json.dumps(profile))  # JSON is YAML
    client(
        sys.executable,
        "-m",
        "loadtests",
        "--profile",
        str(path),
        "--host",
        url,
        "--out",
        str(folder),
        *options,
        core=core,
    )
    record: dict[str, Any] = json.loads((folder / "run.json").read_text())
    return record


def rate(record: dict[str, Any]) -> float:
    """Answers per second of a ``run.json``."""
    window = record["window"]
    return float(record["total"]["completed"] / (window["end"] - window["start"]))


def client(*command: str, core: int | None = CLIENT_CORE) -> str:
    """Run a load generator on its core (or on any), and give what it prints.

    Raises:
        BenchError: it fails.
    """
    done = subprocess.run([*_pinned(core), *command], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{' '.join(command[:4])}: {done.stderr[-500:]}")
    return done.stdout


def _pinned(core: int | None) -> list[str]:
    return [] if core is None else ["taskset", "-c", str(core)]


def _figure(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    if found is None:
        raise BenchError(f"no {pattern!r} in {text[:200]!r}")
    return float(found[1])
