"""``proofload load`` and ``proofload worker``: send load, judge nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from proofload.cli.cli_validation import (
    check_addresses,
    fail,
    or_usage,
    run_folder,
)
from proofload.cli.exit_status import EXIT_CODES
from proofload.cli.options import METRICS_PORT, Sending, sending
from proofload.output import terminal
from proofload.pipeline import send
from proofload.stack.load_process import LoadError, serve_master
from slo.model import Outcome


@click.command("load")
@sending
@click.option("--target", metavar="URL", required=True, help="Service to load.")
@METRICS_PORT
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder of the run, instead of a new one in runs/."
)
def load_command(sending: Sending, target: str, metrics_port: str | None, out: Path | None) -> None:
    """Send load to a service and report what was sent; nothing is judged."""
    check_addresses(target, None)
    or_usage(sending.read)
    folder = run_folder(out)
    with terminal.narrate() as narrator:
        try:
            record = send(sending.order(folder), target, narrator, metrics_port=metrics_port)
        except LoadError as error:
            fail(str(error), EXIT_CODES[Outcome.UNDECIDED])
    terminal.summarize_load(record, folder)


@click.command("worker")
@click.argument("master", metavar="HOST:PORT")
def worker_command(master: str) -> None:
    """Send a share of the load for the `run` or `load` that listens at HOST:PORT."""
    sys.exit(serve_master(master))
