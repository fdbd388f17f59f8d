"""``proofload lint``: what is wrong with a spec, by itself, in a live Prometheus, and for a planned load."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import click

from loadtests.profile.profile_models import ClosedProfile, Profile, seconds_of
from loadtests.profile.profile_reader import load_profile
from loadtests.schedule.pacing import offered
from proofload.cli.cli_validation import USAGE, connection, fail, or_usage, read_spec
from proofload.cli.options import PROMETHEUS, SPEC, Duration, Rate
from proofload.runs.policy_file import policy_options
from slo.documents.yaml_source import Problem
from slo.lint.live_lint import lint, traffic_problems
from slo.model import Policy, Spec
from slo.openslo.spec_warnings import advice
from slo.prometheus.client import Prometheus, PrometheusError


@click.command("lint")
@SPEC
@PROMETHEUS
@policy_options
@click.option("--profile", type=click.Path(path_type=Path), help="Load profile: can it show the targets?")
@click.option("--duration", type=Duration(), help="Stretch the profile's stages to this length.")
@click.option("--rate", type=Rate(), help="Scale the profile to this rate.")
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
        raise click.UsageError("--duration and --rate go with --profile")
    [spec] = or_usage(partial(read_spec, specs))
    for doubt in advice(spec):
        click.echo(f"warning: {doubt}", err=True)
    problems: list[Problem] = []
    if prometheus:
        problems += _found_there(spec, prometheus)
    if profile is not None:
        [planned] = or_usage(partial(load_profile, profile, duration=duration, rate=rate))
        problems += _planned(spec, planned, policy or Policy())
    if problems:
        fail("\n".join(map(str, problems)), USAGE)
    objectives = sum(len(slo.objectives) for slo in spec.slos)
    click.echo(f"{len({slo.name for slo in spec.slos})} SLOs with {objectives} objectives: no problem found")


def _found_there(spec: Spec, prometheus: str) -> list[Problem]:
    try:
        with Prometheus(connection(prometheus, spec)) as server:
            server.version()  # learns the backend
            return lint(spec, server, time.time())
    except PrometheusError as error:
        fail(str(error), USAGE)


def _planned(spec: Spec, profile: Profile, policy: Policy) -> list[Problem]:
    """Judge a schedule by the requests it offers; what users of a closed load will send nobody knows."""
    if isinstance(profile, ClosedProfile):
        return []
    return traffic_problems(spec, offered(profile.schedule, seconds_of(profile)), policy)
