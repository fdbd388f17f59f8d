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

COMPOSE_FILE = Path(__file__).resolve().parents[2] / "docker-compose.yml"
SERVICE_PORTS = {"target": 8000, "prometheus": 9090, "alertmanager": 9093}
"""The services to start, with the port of each inside its container."""


@contextmanager
def start_compose_stack(
    logs: Path, *, workers: int, faults: bool, report_status: Callable[[str], None]
) -> Iterator[Endpoints]:
    """Run the reference service, Prometheus and Alertmanager in their own Compose project, on free ports.

    ``workers`` is the number of the service's processes; ``faults`` enables its fault endpoint. Missing
    images are built. The output of the containers goes to ``logs``; containers, network and volumes are
    deleted afterwards.

    Raises:
        StackError: there is no engine with Compose v2, or a container did not become healthy.
    """
    settings = {"TARGET_WORKERS": str(workers), "TARGET_FAULTS": str(int(faults))}
    project = _ComposeProject(f"proofload-run-{secrets.token_hex(4)}", settings)
    if not COMPOSE_FILE.is_file():
        raise StackError(f"--stack compose needs a checkout of Proofload: {COMPOSE_FILE} does not exist")
    project.check_engine()
    report_status("starting containers; missing images are built first")
    try:
        project.run_command("up", "--detach", "--wait", *SERVICE_PORTS)
        yield Endpoints(project.find_address("target"), project.find_address("prometheus"))
    finally:
        project.write_logs(logs)
        project.run_command("down", "--volumes", "--timeout", "5")


@dataclass(frozen=True, slots=True)
class _ComposeProject:
    """A Compose project with a name of its own."""

    name: str
    settings: dict[str, str]
    """Variables of the Compose file, added to the environment."""

    def check_engine(self) -> None:
        """Check that the engine responds, before anything is started.

        Raises:
            StackError: the engine does not respond, or there is no Compose v2.
        """
        try:
            self.run_command("ls", "--quiet")
        except StackError as error:
            raise StackError(f"--stack compose needs a running Docker with Compose v2: {error}") from None

    def run_command(self, *arguments: str) -> str:
        """Run a Compose command and return its standard output.

        Raises:
            StackError: there is no Compose, or the command failed; the message contains its last lines.
        """
        free_ports = {f"{service.upper()}_PORT": "0" for service in SERVICE_PORTS}
        environment = os.environ | free_ports | self.settings
        command = ["docker", "compose", "--file", str(COMPOSE_FILE), "--project-name", self.name, *arguments]
        try:
            done = subprocess.run(  # noqa: S603 - a list of trusted arguments
                command, env=environment, capture_output=True, text=True, check=False
            )
        except OSError as error:
            raise StackError(str(error)) from None
        if done.returncode:
            last_lines = done.stderr.strip().splitlines()[-5:]
            raise StackError("\n  ".join([f"docker compose {arguments[0]} failed:", *last_lines]))
        return done.stdout

    def find_address(self, service: str) -> str:
        """Return the URL of a service on this machine."""
        return f"http://{self.run_command('port', service, str(SERVICE_PORTS[service])).strip()}"

    def write_logs(self, directory: Path) -> None:
        """Write the output of each container to a file; a container without output available gets none."""
        for service in SERVICE_PORTS:
            try:
                text = self.run_command("logs", "--no-color", "--no-log-prefix", service)
            except StackError:
                continue
            (directory / f"{service}.log").write_text(text, encoding="utf-8")
