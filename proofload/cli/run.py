"""``proofload run``: put a service under load and evaluate its SLOs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import click

from loadtests.profile import parse_port_address
from proofload.cli.cli_validation import (
    USAGE_EXIT_CODE,
    collect_versions,
    exit_with_error,
    find_connection,
    prepare_run_directory,
    read_both_or_exit,
    read_spec,
    require_reference_service,
    validate_addresses,
)
from proofload.cli.exit_status import exit_for_failed_load, report_and_exit
from proofload.cli.option_types import Fault, FaultType
from proofload.cli.options import (
    METRICS_PORT,
    PROMETHEUS,
    RUN_DIRECTORY,
    SPEC,
    STACK,
    TARGET,
    LoadOptions,
    add_load_options,
    add_policy_options,
)
from proofload.history import REFERENCE_TARGET
from proofload.output import print_status, show_progress
from proofload.pipeline import (
    FaultsError,
    FinishedRun,
    Job,
    PreflightError,
    ReportMetadata,
    ResultsError,
    finish_run,
    run_job,
)
from proofload.stack import (
    LoadError,
    Stack,
    StackError,
    find_free_ports,
    start_compose_stack,
    start_process_stack,
    use_external_stack,
)
from slo.model import Policy
from slo.prometheus import read_connection_settings


@click.command("run")
@SPEC
@add_load_options
@STACK
@TARGET
@PROMETHEUS
@METRICS_PORT
@add_policy_options
@click.option("--workers", type=click.IntRange(min=1), default=1, help="Worker processes of the target.")
@click.option(
    "--fault",
    "faults",
    type=FaultType(),
    multiple=True,
    metavar="NAME=VALUE",
    help="Make the reference service fail, e.g. error_ratio=0.02 or latency_seconds=0.3.",
)
@RUN_DIRECTORY
def run_command(  # noqa: PLR0913, PLR0917 - one parameter for each option
    specs: tuple[Path, ...],
    load_options: LoadOptions,
    stack: str | None,
    target: str | None,
    prometheus: str | None,
    metrics_port: str | None,
    policy: Policy | None,
    workers: int,
    faults: tuple[Fault, ...],
    out: Path | None,
) -> None:
    """Put a service under load and evaluate its SLOs."""
    is_external = _is_external(stack, target, prometheus)
    _validate_metrics_port(stack, metrics_port, is_external=is_external)
    validate_addresses(target, prometheus)
    spec, _ = read_both_or_exit(partial(read_spec, specs), load_options.read_profile)
    connect = partial(read_connection_settings, os.environ)
    if is_external:
        connect = partial(find_connection, spec=spec)
        find_connection(prometheus, spec)
    elif stack != "compose":
        require_reference_service()
    run_directory = prepare_run_directory(out)
    logs = run_directory / "logs"
    chosen_stack: Stack
    if is_external:
        chosen_stack = use_external_stack(target or "", prometheus or "")
    elif stack == "compose":
        chosen_stack = start_compose_stack(
            logs, workers=workers, faults=bool(faults), report_status=print_status
        )
    else:
        metrics_port = metrics_port or str(find_free_ports(1)[0])
        _, load_port = parse_port_address(metrics_port)
        chosen_stack = start_process_stack(
            logs, workers=workers, faults=bool(faults), load_port=load_port, report_status=print_status
        )
    job = Job(
        spec=spec,
        load_parameters=load_options.build_parameters(run_directory),
        stack=chosen_stack,
        run_directory=run_directory,
        connect=connect,
        metrics_port=metrics_port,
        faults=dict(faults),
        policy=policy or Policy(),
        metadata=ReportMetadata(collect_versions(), _describe_settings(specs, load_options, faults)),
        needs_preflight=is_external,
    )
    finished = _run_or_exit(job, target or REFERENCE_TARGET)
    report_and_exit(finished, run_directory)


def _is_external(stack: str | None, target: str | None, prometheus: str | None) -> bool:
    """Return whether target and Prometheus already run, after checking that the options are consistent."""
    is_external = stack == "external" or (stack is None and bool(target or prometheus))
    if is_external and not (target and prometheus):
        raise click.UsageError("--stack external needs both --target URL and --prometheus URL")
    if not is_external and (target or prometheus):
        raise click.UsageError("--target and --prometheus need --stack external")
    return is_external


def _validate_metrics_port(stack: str | None, metrics_port: str | None, *, is_external: bool) -> None:
    if stack == "compose" and metrics_port:
        raise click.UsageError(
            "--metrics-port can't be used with --stack compose: its Prometheus does not scrape this machine"
        )
    if not is_external and metrics_port and ":" in metrics_port:
        raise click.UsageError("--metrics-port HOST:PORT needs --stack external; give only the port")


def _run_or_exit(job: Job, target: str) -> FinishedRun:
    """Run a job; without a verdict exit with the code of UNDECIDED, or of invalid usage for wrong faults."""
    with show_progress() as reporter:
        try:
            return finish_run(run_job(job, reporter), job.run_directory, target, os.environ)
        except (StackError, LoadError) as error:
            exit_for_failed_load(error, "no verdict: ")
        except PreflightError as error:
            exit_with_error(f"preflight: {error}", USAGE_EXIT_CODE)
        except FaultsError as error:
            exit_with_error(str(error), USAGE_EXIT_CODE)
        except ResultsError as error:
            return FinishedRun(error.proof, results_problem=str(error))


def _describe_settings(
    specs: tuple[Path, ...], load_options: LoadOptions, faults: tuple[Fault, ...]
) -> Mapping[str, str]:
    """Return the options that a report shows; options that were not given are left out."""
    processes = load_options.worker_options.processes
    settings = {
        "spec": ", ".join(map(str, specs)),
        "profile": str(load_options.profile),
        "duration": f"{load_options.duration:g} s" if load_options.duration else None,
        "rate": f"{load_options.rate:g}/s" if load_options.rate else None,
        "processes": str(processes) if processes > 1 else None,
        "faults": ", ".join(f"{name}={value}" for name, value in faults) or None,
    }
    return {name: value for name, value in settings.items() if value is not None}
