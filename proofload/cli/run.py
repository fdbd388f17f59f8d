"""``proofload run``: load the service and judge it."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import click

from loadtests.profile.target_url import parse_port
from proofload.cli.cli_validation import (
    USAGE,
    check_addresses,
    connection,
    fail,
    or_usage,
    read_spec,
    run_folder,
    settings,
    versions,
)
from proofload.cli.exit_status import EXIT_CODES, conclude
from proofload.cli.faults import FAULT, Fault
from proofload.cli.options import METRICS_PORT, PROMETHEUS, SPEC, STACK, TARGET, Sending, sending
from proofload.history.history import add_run
from proofload.history.run_entry import OWN_TARGET
from proofload.output import terminal
from proofload.output.grafana_annotations import mark_run
from proofload.pipeline import Appendix, FaultsError, Job, run
from proofload.runs.policy_file import policy_options
from proofload.runs.run_directory import point_latest
from proofload.stack.compose_stack import compose_stack
from proofload.stack.load_process import LoadError
from proofload.stack.stack import Stack, StackError, external_stack, free_ports, process_stack
from slo.model import Outcome, Policy, Spec
from slo.prometheus.connection import connection_from


@click.command("run")
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
