"""``proofload check``: evaluate a past window, or the stored evidence of a run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NoReturn

import click

from proofload.artifacts import Integrity, read_run_artifacts
from proofload.cli.cli_validation import (
    collect_versions,
    find_connection,
    prepare_run_directory,
    read_both_or_exit,
    read_or_exit,
    read_spec,
)
from proofload.cli.exit_status import report_and_exit
from proofload.cli.option_types import PathType, TimeType
from proofload.cli.options import PROMETHEUS, SPEC, add_policy_options
from proofload.output import print_status
from proofload.pipeline import FinishedRun, ReportMetadata, ResultsError, check_window, replay_run
from proofload.stack import await_closing_scrape
from slo.model import SECONDS_PER_DAY, Policy, Proof, Window
from slo.prometheus import PrometheusClient

CLOSING_SCRAPE_SECONDS = 65.0
"""Maximum wait for the scrape that closes a window that ends now."""

MAX_WINDOW_DAYS = 400
"""Maximum length of a window: a year and some margin. Longer windows are mistakes such as ``--start 0``, and
would need so many queries that ``check`` would seem to hang."""


@click.command("check")
@SPEC
@PROMETHEUS
@add_policy_options
@click.option("--start", type=TimeType(), help="Start of the window: Unix seconds, RFC 3339, or -10m.")
@click.option("--end", type=TimeType(), help="End of the window; by default now.")
@click.option(
    "--replay",
    type=PathType(),
    help="Run directory: evaluate its stored evidence again, without a query.",
)
@click.option(
    "--trust-evidence",
    is_flag=True,
    help="With --replay: accept a run directory whose files were edited after the run.",
)
@click.option("--out", type=PathType(), help="Directory for the reports; by default none are written.")
def check_command(
    specs: tuple[Path, ...],
    prometheus: str | None,
    policy: Policy | None,
    start: float | None,
    end: float | None,
    replay: Path | None,
    trust_evidence: bool,
    out: Path | None,
) -> None:
    """Evaluate SLOs for a past window, whatever generated its load."""
    if policy and policy.baseline:
        print_status("policy.baseline is ignored: only the figures of a run can be compared with a baseline")
        policy = replace(policy, baseline=None)
    if replay is not None:
        if prometheus or start is not None or end is not None:
            raise click.UsageError("--replay can't be combined with --prometheus, --start or --end")
        _replay_run(specs, replay, policy, out, trust_evidence=trust_evidence)
    if trust_evidence:
        raise click.UsageError("--trust-evidence needs --replay")
    if start is None:
        raise click.UsageError("Missing option '--start'")
    end = time.time() if end is None else end
    if end <= start:
        raise click.UsageError(f"--end ({end:.3f}) is not after --start ({start:.3f})")
    if end > time.time() + 1:
        raise click.UsageError("--end is in the future")
    if end - start > MAX_WINDOW_DAYS * SECONDS_PER_DAY:
        days = (end - start) / SECONDS_PER_DAY
        raise click.UsageError(f"the window is {days:,.0f} days long; the maximum is {MAX_WINDOW_DAYS} days")
    spec = read_or_exit(partial(read_spec, specs))
    connection = find_connection(prometheus, spec)
    run_directory = prepare_run_directory(out) if out else None
    window = Window(start, end)
    settings = {"spec": ", ".join(map(str, specs)), "window": f"{start:.3f} to {end:.3f} (Unix seconds)"}
    metadata = ReportMetadata(collect_versions(), settings)
    with PrometheusClient(connection) as client:
        await_closing_scrape(client, spec, end, CLOSING_SCRAPE_SECONDS, print_status)
        finished = _finish(
            partial(check_window, spec, client, window, policy or Policy(), run_directory, metadata)
        )
    report_and_exit(finished, run_directory)


def _replay_run(
    specs: tuple[Path, ...], replayed: Path, policy: Policy | None, out: Path | None, *, trust_evidence: bool
) -> NoReturn:
    """Evaluate the evidence in the run directory ``replayed``, and exit with the verdict's code.

    Without ``policy``, the policy of that run applies, except its baseline: a replay is not compared.
    """
    read_artifacts = partial(read_run_artifacts, replayed, trust_evidence=trust_evidence)
    spec, artifacts = read_both_or_exit(partial(read_spec, specs), read_artifacts)
    run_directory = prepare_run_directory(out) if out else None
    settings = {"spec": ", ".join(map(str, specs)), "replay of": str(replayed)}
    if artifacts.integrity is not Integrity.VERIFIED:
        print_status(f"the evidence of {replayed} is not verified: {artifacts.integrity}")
        settings["evidence"] = str(artifacts.integrity)
    metadata = ReportMetadata(collect_versions(), settings)
    policy = policy or replace(artifacts.policy, baseline=None)
    finished = _finish(partial(replay_run, spec, artifacts, policy, run_directory, metadata))
    report_and_exit(finished, run_directory)


def _finish(evaluate: Callable[[], Proof]) -> FinishedRun:
    """Return the verdict, also where its reports can't be written."""
    try:
        return FinishedRun(evaluate())
    except ResultsError as error:
        return FinishedRun(error.proof, results_problem=str(error))
