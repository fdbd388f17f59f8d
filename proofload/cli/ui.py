"""``proofload ui``: the stack with Locust's web UI, until interrupted."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from loadtests.profile import load_profile
from proofload.cli.cli_validation import (
    USAGE_EXIT_CODE,
    exit_with_error,
    prepare_run_directory,
    read_or_exit,
    require_reference_service,
)
from proofload.cli.options import PROFILE
from proofload.output import print_status
from proofload.stack import LoadError, LoadParameters, LoadProcess, Stack, StackError, start_process_stack


@click.command("ui")
@PROFILE
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8089, show_default=True, help="Port of the web UI."
)
@click.option("--workers", type=click.IntRange(min=1), default=1, help="Worker processes of the target.")
def ui_command(profile: Path, port: int, workers: int) -> None:
    """Start the stack with Locust's web UI and wait until interrupted."""
    read_or_exit(partial(load_profile, profile))
    require_reference_service()
    run_directory = prepare_run_directory(None, writes_reports=False)
    try:
        stack = start_process_stack(
            run_directory / "logs",
            workers=workers,
            faults=workers == 1,  # a request that sets faults reaches only one of several workers
            load_port=port,
            report_status=print_status,
        )
        serve_web_ui(profile, port, stack, run_directory)
    except (StackError, LoadError) as error:
        exit_with_error(str(error), USAGE_EXIT_CODE)


def serve_web_ui(profile: Path, port: int, stack: Stack, run_directory: Path) -> None:
    """Start the stack and Locust's web UI, print their URLs, and wait until interrupted.

    Raises:
        StackError: the target or Prometheus did not start.
        LoadError: Locust's web UI did not start.
        KeyboardInterrupt: the user interrupted the command; all processes are stopped.
    """
    with stack as endpoints:
        mode = ["--host", endpoints.target_url, "--web-port", str(port)]
        parameters = LoadParameters(profile, run_directory)
        with LoadProcess(parameters, run_directory / "logs" / "load.log", mode) as locust:
            url = locust.await_event("web")["url"]
            click.echo(f"Locust      {url}\nTarget      {endpoints.target_url}/docs")
            click.echo(f"Prometheus  {endpoints.prometheus_url}\nCtrl-C stops all of it.")
            locust.wait()
