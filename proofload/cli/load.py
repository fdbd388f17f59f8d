"""``proofload load`` and ``proofload worker``: send load without a verdict."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from proofload.cli.cli_validation import (
    prepare_run_directory,
    read_or_exit,
    validate_addresses,
)
from proofload.cli.exit_status import exit_for_failed_load
from proofload.cli.option_types import UrlType
from proofload.cli.options import METRICS_PORT, RUN_DIRECTORY, LoadOptions, add_load_options
from proofload.output import print_load_summary, show_progress
from proofload.pipeline import send_load
from proofload.stack import LoadError, run_worker


@click.command("load")
@add_load_options
@click.option("--target", type=UrlType(), metavar="URL", required=True, help="Service to load.")
@METRICS_PORT
@RUN_DIRECTORY
def load_command(load_options: LoadOptions, target: str, metrics_port: str | None, out: Path | None) -> None:
    """Send load to a service and report what was sent; nothing is evaluated."""
    validate_addresses(target, None)
    read_or_exit(load_options.read_profile)
    run_directory = prepare_run_directory(out, writes_reports=False)
    parameters = load_options.build_parameters(run_directory)
    with show_progress() as reporter:
        try:
            record = send_load(parameters, target, reporter, metrics_port=metrics_port)
        except LoadError as error:
            exit_for_failed_load(error)
    print_load_summary(record, run_directory)


@click.command("worker")
@click.argument("master", metavar="HOST:PORT")
def worker_command(master: str) -> None:
    """Send a share of the load for the `run` or `load` that listens at HOST:PORT."""
    sys.exit(run_worker(master))
