"""``proofload load`` and ``proofload worker``: send load without a verdict."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from proofload.cli.cli_validation import (
    exit_with_error,
    prepare_run_directory,
    read_or_exit,
    validate_addresses,
)
from proofload.cli.exit_status import VERDICT_EXIT_CODES, exit_for_failed_load
from proofload.cli.option_types import UrlType
from proofload.cli.options import (
    METRICS_PORT,
    RUN_DIRECTORY,
    LoadOptions,
    add_load_options,
    read_default_policy,
)
from proofload.output import print_load_summary, show_progress
from proofload.pipeline import send_load
from proofload.stack import LoadError, run_worker
from slo.evaluation import check_load_delivered, exceeds_limit
from slo.model import CheckStatus, Outcome, Policy, RunRecord

LOAD_FAILED_EXIT_CODE = VERDICT_EXIT_CODES[Outcome.UNDECIDED]
"""The same as for a verdict without sufficient evidence: the service was not put under the load asked for."""


@click.command("load")
@add_load_options
@click.option("--target", type=UrlType(), metavar="URL", required=True, help="Service to load.")
@METRICS_PORT
@RUN_DIRECTORY
def load_command(load_options: LoadOptions, target: str, metrics_port: str | None, out: Path | None) -> None:
    """Send load to a service and report what was sent; nothing is evaluated.

    The exit code is 3 if the load was aborted or not delivered, or if more requests failed than may.
    """
    policy = read_default_policy()
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
    if problems := find_load_problems(record, policy):
        exit_with_error("\n".join(problems), LOAD_FAILED_EXIT_CODE)


def find_load_problems(record: RunRecord, policy: Policy) -> list[str]:
    """Return why a load was not the load that was asked for; empty if it was."""
    problems = [f"the load was aborted: {record.aborted}"] if record.aborted else []
    delivered = check_load_delivered(record)
    if delivered.status is CheckStatus.FAIL and not record.aborted:
        problems.append(f"the load was not delivered: {delivered.detail}")
    if exceeds_limit(record.total.failed, record.total, policy):
        problems.append(
            f"the load failed: {record.total.failed:,} of {record.total.sent:,} requests failed; "
            f"at most {100 * policy.failed_requests:.6g} % may (policy.failed_requests)"
        )
    return problems


@click.command("worker")
@click.argument("master", metavar="HOST:PORT")
def worker_command(master: str) -> None:
    """Send a share of the load for the `run` or `load` that listens at HOST:PORT."""
    sys.exit(run_worker(master))
