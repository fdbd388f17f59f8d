"""The command line. Exit codes: 0 MET, 1 MISSED, 2 bad usage or input, 3 UNDECIDED, 130 interrupted."""

from __future__ import annotations

import os
import signal
import sys
from functools import partial
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from loadtests.fleet.messages import parse_port
from loadtests.profile_file import load_profile
from proofload import terminal
from proofload.annotations import mark_run
from proofload.check_command import check_command
from proofload.compare_commands import compare_command, history_command
from proofload.compose_stack import compose_stack
from proofload.conclusion import EXIT_CODES, conclude
from proofload.faults import FAULT, Fault
from proofload.folder import point_latest
from proofload.history import add_run
from proofload.import_command import import_command
from proofload.inputs import (
    USAGE,
    check_addresses,
    connection,
    fail,
    or_usage,
    proofload_version,
    read_spec,
    run_folder,
    settings,
    versions,
)
from proofload.lint_command import lint_command
from proofload.load_process import LoadError, serve_master
from proofload.options import METRICS_PORT, PROFILE, PROMETHEUS, SPEC, STACK, TARGET, Sending, sending
from proofload.pipeline import Appendix, FaultsError, Job, run, send
from proofload.policy import policy_options
from proofload.profile_commands import profile_group
from proofload.rules import rules_command
from proofload.run_entry import OWN_TARGET
from proofload.stack import Stack, StackError, external_stack, free_ports, process_stack
from slo.connection import connection_from
from slo.model import Outcome, Policy, Spec

INTERRUPTED = 130
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(proofload_version(), prog_name="proofload")
def cli() -> None:
    """Put a service under a known load; prove from its Prometheus metrics whether it meets its SLOs.

    Exit codes: 0 MET, 1 MISSED, 2 bad usage or input, 3 UNDECIDED, 130 interrupted.
    """


@cli.command("run")
@SPEC
@sending
@STACK
@TARGET
@PROMETHEUS
@METRICS_PORT
@policy_options
@click.option("--workers", type=click.IntRange(min=1), default=1, help="Worker processes of the target.")
@click.option(
    "--fault",
    "faults",
    type=FAULT,
    multiple=True,
    metavar="NAME=VALUE",
    help="Make the reference service fail, e.g. error_ratio=0.02 or latency_seconds=0.3.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder of the run, instead of a new one in runs/."
)
def run_command(  # noqa: PLR0913, PLR0917 - one parameter an option
    specs: tuple[Path, ...],
    sending: Sending,
    stack: str | None,
    target: str | None,
    prometheus: str | None,
    metrics_port: str | None,
    policy: Policy | None,
    workers: int,
    faults: tuple[Fault, ...],
    out: Path | None,
) -> None:
    """Load the service and judge it: the main job."""
    external = _is_external(stack, target, prometheus)
    if stack == "compose" and metrics_port:
        raise click.UsageError(
            "--metrics-port is of this machine, where the Prometheus of --stack compose does not scrape"
        )
    if not external and metrics_port and ":" in metrics_port:
        raise click.UsageError("--metrics-port HOST:PORT goes with --stack external; write the port alone")
    check_addresses(target, prometheus)
    read: list[Spec] = []
    or_usage(lambda: read.append(read_spec(specs)), sending.read)
    if external:
        connection(prometheus, read[0])
    folder = run_folder(out)
    chosen: Stack
    if external:
        chosen = external_stack(target or "", prometheus or "")
    elif stack == "compose":
        chosen = compose_stack(folder / "logs", workers=workers, faults=bool(faults), say=terminal.say)
    else:
        metrics_port = metrics_port or str(free_ports(1)[0])
        load_port = parse_port(metrics_port)[1]
        chosen = _processes(folder, workers=workers, faults=bool(faults), load_port=load_port)
    job = Job(
        spec=read[0],
        order=sending.order(folder),
        stack=chosen,
        folder=folder,
        connect=partial(connection, spec=read[0]) if external else partial(connection_from, os.environ),
        metrics_port=metrics_port,
        faults=dict(faults),
        policy=policy or Policy(),
        appendix=Appendix(versions(), settings(specs, sending, faults)),
    )
    with terminal.narrate() as narrator:
        try:
            proof = run(job, narrator)
        except (StackError, LoadError) as error:
            fail(f"no verdict: {error}", EXIT_CODES[Outcome.UNDECIDED])
        except FaultsError as error:
            fail(str(error), USAGE)
    point_latest(folder)
    told = (add_run(proof, folder, target or OWN_TARGET), mark_run(os.environ, proof, folder.resolve().name))
    for warning in filter(None, told):
        terminal.say(warning)
    conclude(proof, folder)


def _is_external(stack: str | None, target: str | None, prometheus: str | None) -> bool:
    """Tell whether target and Prometheus are there already, and that the options fit together."""
    external = stack == "external" or (stack is None and bool(target or prometheus))
    if external and not (target and prometheus):
        raise click.UsageError("--stack external needs both --target URL and --prometheus URL")
    if not external and (target or prometheus):
        raise click.UsageError("--target and --prometheus go with --stack external")
    return external


def _processes(folder: Path, *, workers: int, faults: bool, load_port: int) -> Stack:
    return process_stack(
        folder / "logs", workers=workers, faults=faults, load_port=load_port, say=terminal.say
    )


@cli.command("load")
@sending
@click.option("--target", metavar="URL", required=True, help="Service to load.")
@METRICS_PORT
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder of the run, instead of a new one in runs/."
)
def load_command(sending: Sending, target: str, metrics_port: str | None, out: Path | None) -> None:
    """Send load to any service, and say what was sent; nothing is judged."""
    check_addresses(target, None)
    or_usage(sending.read)
    folder = run_folder(out)
    with terminal.narrate() as narrator:
        try:
            record = send(sending.order(folder), target, narrator, metrics_port=metrics_port)
        except LoadError as error:
            fail(str(error), EXIT_CODES[Outcome.UNDECIDED])
    terminal.summarize_load(record, folder)


@cli.command("worker")
@click.argument("master", metavar="HOST:PORT")
def worker_command(master: str) -> None:
    """Send a share of a load for the `run` or `load` that listens at HOST:PORT, until that ends."""
    sys.exit(serve_master(master))


@cli.command("ui")
@PROFILE
@click.option("--port", type=click.IntRange(1, 65535), default=8089, show_default=True, help="Of the web UI.")
@click.option("--workers", type=click.IntRange(min=1), default=1, help="Worker processes of the target.")
def ui_command(profile: Path, port: int, workers: int) -> None:
    """Bring the stack up with Locust's web UI, and stay until interrupted."""
    from proofload.ui import serve  # noqa: PLC0415 - needs the stack only here

    or_usage(partial(load_profile, profile))
    folder = run_folder(None)
    try:
        # Several workers can't share the faults that one of them is told of.
        stack = _processes(folder, workers=workers, faults=workers == 1, load_port=port)
        serve(profile, port, stack, folder)
    except (StackError, LoadError) as error:
        fail(str(error), USAGE)


cli.add_command(check_command)
cli.add_command(lint_command)
cli.add_command(rules_command)
cli.add_command(import_command)
cli.add_command(compare_command)
cli.add_command(history_command)
cli.add_command(profile_group)


def _terminated(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _reach_loopback_directly() -> None:
    """Keep a proxy of the environment away from what runs on this machine; what we start inherits it."""
    for name in ("no_proxy", "NO_PROXY"):
        given = os.environ.get(name)
        os.environ[name] = ",".join([*([given] if given else []), *LOOPBACK])


def main() -> None:
    """Run the command line."""
    signal.signal(signal.SIGTERM, _terminated)  # a cancelled CI job cleans up as Ctrl-C does
    _reach_loopback_directly()
    try:
        cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(INTERRUPTED)
