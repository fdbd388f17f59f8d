"""``proofload lint``: problems of a spec, in itself, in a live Prometheus, and for a planned load."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import click

from loadtests.profile import ClosedProfile, Profile, compute_load_seconds, load_profile
from loadtests.schedule import count_expected_arrivals
from proofload.cli.cli_validation import (
    USAGE_EXIT_CODE,
    exit_with_error,
    find_connection,
    read_or_exit,
    read_spec,
)
from proofload.cli.option_types import DurationType, PathType, RateType
from proofload.cli.options import PROMETHEUS, SPEC, add_policy_options
from proofload.output import echo
from proofload.stack import LoadError, check_locustfile
from slo.documents import Problem
from slo.lint import find_traffic_problems, lint_spec
from slo.model import Policy, Spec
from slo.openslo import find_spec_warnings
from slo.prometheus import PrometheusClient, PrometheusError


@click.command("lint")
@SPEC
@PROMETHEUS
@add_policy_options
@click.option(
    "--profile",
    type=PathType(),
    help="Load profile: does it send enough requests to decide the objectives?",
)
@click.option("--duration", type=DurationType(), help="Stretch the profile's stages to this length.")
@click.option("--rate", type=RateType(), help="Scale the profile to this rate.")
def lint_command(
    specs: tuple[Path, ...],
    prometheus: str | None,
    policy: Policy | None,
    profile: Path | None,
    duration: float | None,
    rate: float | None,
) -> None:
    """Check a spec, also against live data (--prometheus) or a planned load (--profile)."""
    if profile is None and (duration or rate):
        raise click.UsageError("--duration and --rate need --profile")
    spec = read_or_exit(partial(read_spec, specs))
    for warning in find_spec_warnings(spec):
        echo(f"warning: {warning}", err=True)
    problems: list[Problem] = []
    if prometheus:
        problems += _find_live_problems(spec, prometheus)
    if profile is not None:
        planned_load = read_or_exit(partial(load_profile, profile, duration=duration, rate=rate))
        problems += _find_traffic_problems(spec, planned_load, policy or Policy())
        problems += _find_locustfile_problems(profile, planned_load)
    if problems:
        exit_with_error("\n".join(map(str, problems)), USAGE_EXIT_CODE)
    objectives = sum(len(slo.objectives) for slo in spec.slos)
    click.echo(f"{len({slo.name for slo in spec.slos})} SLOs with {objectives} objectives: no problem found")


def _find_live_problems(spec: Spec, url: str) -> list[Problem]:
    try:
        with PrometheusClient(find_connection(url, spec)) as client:
            client.fetch_version()  # detects the backend
            return lint_spec(spec, client, time.time())
    except PrometheusError as error:
        exit_with_error(str(error), USAGE_EXIT_CODE)


def _find_locustfile_problems(path: Path, profile: Profile) -> list[Problem]:
    if profile.locustfile is None:
        return []
    try:
        check_locustfile(path)
    except LoadError as error:
        return [Problem("", None, "", str(error))]
    return []


def _find_traffic_problems(spec: Spec, profile: Profile, policy: Policy) -> list[Problem]:
    """Check whether a schedule offers enough requests; for a closed load the number is unknown."""
    if isinstance(profile, ClosedProfile):
        return []
    planned_requests = count_expected_arrivals(profile.schedule, compute_load_seconds(profile))
    return find_traffic_problems(spec, planned_requests, policy)
