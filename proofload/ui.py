"""``proofload ui``: the stack with Locust's web UI, until interrupted."""

from __future__ import annotations

from pathlib import Path

import click

from proofload.load_process import LoadOrder, LoadProcess
from proofload.stack import Stack


def serve(profile: Path, port: int, stack: Stack, folder: Path) -> None:
    """Start the stack and Locust's web UI, print the addresses, and stay until interrupted.

    Raises:
        StackError: the target or Prometheus did not come up.
        LoadError: Locust's web UI did not come up.
        KeyboardInterrupt: the user ended it; everything is stopped.
    """
    with stack as endpoints:
        mode = ["--host", endpoints.target, "--web-port", str(port)]
        with LoadProcess(LoadOrder(profile, folder), folder / "logs" / "load.log", mode) as locust:
            address = locust.until("web")["url"]
            click.echo(f"Locust      {address}\nTarget      {endpoints.target}/docs")
            click.echo(f"Prometheus  {endpoints.prometheus}\nCtrl-C stops all of it.")
            locust.wait()
