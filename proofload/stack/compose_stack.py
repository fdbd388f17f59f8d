"""Target and Prometheus as containers of ``docker-compose.yml``, for ``--stack compose``."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from proofload.stack.stack import Endpoints, StackError

FILE = Path(__file__).resolve().parents[2] / "docker-compose.yml"
SERVICES = {"target": 8000, "prometheus": 9090, "alertmanager": 9093}
"""What is started, and the port of each inside its container."""


@contextmanager
def compose_stack(
    logs: Path, *, workers: int, faults: bool, say: Callable[[str], None]
) -> Iterator[Endpoints]:
    """Run the reference service, Prometheus and Alertmanager as a project of their own, on free ports.

    ``workers`` is the number of the service's processes; ``faults`` lets it take orders to fail. Images are
    built where they are not there yet. The containers' output goes to ``logs``; the containers, their
    network and their volumes are gone afterwards.

    Raises:
        StackError: there is no engine with Compose v2, or a container did not become healthy.
    """
    settings = {"TARGET_WORKERS": str(workers), "TARGET_FAULTS": str(int(faults))}
    project = _Project(f"proofload-run-{secrets.token_hex(4)}", settings)
    if not FILE.is_file():
        raise StackError(f"--stack compose needs a checkout of Proofload: there is no {FILE}")
    project.reach_engine()
    say("starting containers; the first time their images are made, too")
    try:
        project.run("up", "--detach", "--wait", *SERVICES)
        yield Endpoints(project.address("target"), project.address("prometheus"))
    finally:
        project.keep_logs(logs)
        project.run("down", "--volumes", "--timeout", "5")


@dataclass(frozen=True, slots=True)
class _Project:
    name: str
    settings: dict[str, str]
    """Variables of the file, beside those of the environment."""

    def reach_engine(self) -> None:
        """Ask the engine for anything, before something is started.

        Raises:
            StackError: it does not answer, or there is no Compose v2.
        """
        try:
            self.run("ls", "--quiet")
        except StackError as error:
            raise StackError(f"--stack compose needs a running Docker with Compose v2: {error}") from None

    def run(self, *arguments: str) -> str:
        """Run a command of Compose; give what it printed.

        Raises:
            StackError: there is no Compose, or it failed; with the last lines of what it said.
        """
        free_ports = {f"{service.upper()}_PORT": "0" for service in SERVICES}
        environment = os.environ | free_ports | self.settings
        command = ["docker", "compose", "--file", str(FILE), "--project-name", self.name, *arguments]
        try:
            done = subprocess.run(  # noqa: S603 - a list, and no word of it from outside
                command, env=environment, capture_output=True, text=True, check=False
            )
        except OSError as error:
            raise StackError(str(error)) from None
        if done.returncode:
            last = done.stderr.strip().splitlines()[-5:]
            raise StackError("\n  ".join([f"docker compose {arguments[0]} failed:", *last]))
        return done.stdout

    def address(self, service: str) -> str:
        """Say where the service is reached from this machine."""
        return f"http://{self.run('port', service, str(SERVICES[service])).strip()}"

    def keep_logs(self, folder: Path) -> None:
        """Write what each container printed; where nothing can be had, there is no file."""
        for service in SERVICES:
            try:
                text = self.run("logs", "--no-color", "--no-log-prefix", service)
            except StackError:
                continue
            (folder / f"{service}.log").write_text(text, encoding="utf-8")
