"""``proofload ui``: the stack with Locust's web UI, until interrupted."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from loadtests.profile.profile_reader import load_profile
from proofload.cli.cli_validation import (
    USAGE,
    fail,
    or_usage,
    run_folder,
)
from proofload.cli.options import PROFILE
from proofload.output import terminal
from proofload.stack.load_process import LoadError, LoadOrder, LoadProcess
from proofload.stack.stack import Stack, StackError, process_stack


@click.command("ui")
@PROFILE
@click.option("--port", type=click.IntRange(1, 65535), default=8089, show_default=True, help="Of the web UI.")
@click.option("--workers", type=click.IntRange(min=1), default=1, help="Worker processes of the target.")
def ui_command(profile: Path, port: int, workers: int) -> None:
    """Start the stack with Locust's web UI and wait until interrupted."""
    or_usage(partial(load_profile, profile))
    folder = run_folder(None)
    try:
        # Several workers can't share the faults that one of them is told of.
        stack = process_stack(
            folder / "logs", workers=workers, faults=workers == 1, load_port=port, say=terminal.say
        )
        serve(profile, port, stack, folder)
    except (StackError, LoadError) as error:
        fail(str(error), USAGE)


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
