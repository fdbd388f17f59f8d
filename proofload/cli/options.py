"""Options that several commands share: spec, profile, stack, load, policy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from pathlib import Path
from typing import Any

import click

from loadtests.profile import Profile, load_profile, parse_address, parse_port_address
from proofload.artifacts import read_configuration
from proofload.cli.cli_validation import read_or_exit
from proofload.cli.option_types import DurationType, FiniteRange, PathType, RateType, UrlType
from proofload.stack import LoadParameters, WorkerOptions
from slo.model import Policy

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION_FILE = Path("proofload.yaml")
"""Default configuration file, in the working directory."""


def _validate_with(
    parse: Callable[[str], object], _context: click.Context, _option: click.Parameter, value: str | None
) -> str | None:
    """Return a text unchanged if it can be parsed: the load generator parses it again."""
    try:
        if value is not None:
            parse(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return value


SPEC = click.option(
    "--spec",
    "specs",
    multiple=True,
    type=PathType(),
    default=[ROOT / "slo" / "objectives.yaml"],
    show_default="slo/objectives.yaml",
    help="OpenSLO file or directory; can be given several times.",
)
PROFILE = click.option(
    "--profile",
    type=PathType(),
    default=ROOT / "loadtests" / "profiles" / "steady.yaml",
    show_default="loadtests/profiles/steady.yaml",
    help="Load profile.",
)
STACK = click.option(
    "--stack",
    type=click.Choice(["processes", "compose", "external"]),
    help="Where target and Prometheus run: in processes started here (default), in containers of "
    "docker-compose.yml, or already elsewhere.",
)
TARGET = click.option(
    "--target", type=UrlType(), metavar="URL", help="Service under test, for --stack external."
)
METRICS_PORT = click.option(
    "--metrics-port",
    metavar="[HOST:]PORT",
    callback=partial(_validate_with, parse_port_address),
    help="Port where the load generator serves metrics to Prometheus; without HOST on loopback.",
)
PROMETHEUS = click.option("--prometheus", type=UrlType(), metavar="URL", help="Prometheus HTTP API.")
RUN_DIRECTORY = click.option(
    "--out",
    type=PathType(),
    help="Run directory; by default a new one in runs/.",
)


# --- Load ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """The load a command sends: a profile, overrides, and the processes that send it."""

    profile: Path
    duration: float | None
    rate: float | None
    seed: int | None
    worker_options: WorkerOptions
    locust_report: bool

    def read_profile(self) -> Profile:
        """Read the profile, so that its problems are reported before anything starts.

        Raises:
            ProblemsError: all problems of the profile.
        """
        return load_profile(self.profile, duration=self.duration, rate=self.rate)

    def build_parameters(self, run_directory: Path) -> LoadParameters:
        """Return the parameters of the load generator, which writes its files to the run directory."""
        return LoadParameters(
            self.profile,
            run_directory,
            self.seed,
            self.duration,
            self.rate,
            self.worker_options,
            self.locust_report,
        )


_LOAD_OPTIONS = (
    PROFILE,
    click.option("--duration", type=DurationType(), help="Stretch the profile's stages to this length."),
    click.option("--rate", type=RateType(), help="Scale the profile to this rate."),
    click.option("--seed", type=click.IntRange(min=0), help="Seed of the load, instead of the profile's."),
    click.option(
        "--processes", type=click.IntRange(1, 64), default=1, help="Number of load generator processes."
    ),
    click.option(
        "--listen",
        metavar="HOST:PORT",
        callback=partial(_validate_with, parse_address),
        help="Accept workers on other machines at this address.",
    ),
    click.option(
        "--expect-workers",
        type=click.IntRange(0, 1000),
        default=0,
        help="Number of workers to wait for at --listen.",
    ),
    click.option(
        "--locust-report", is_flag=True, help="Write locust.html, locust_stats.csv, locust_failures.csv."
    ),
)


def add_load_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of the load to a command, which receives them as one :class:`LoadOptions`."""

    @wraps(command)
    def run_with_load_options(
        profile: Path,
        duration: float | None,
        rate: float | None,
        seed: int | None,
        processes: int,
        listen: str | None,
        expect_workers: int,
        locust_report: bool,
        **others: Any,
    ) -> None:
        if expect_workers and listen is None:
            raise click.UsageError("--expect-workers needs --listen HOST:PORT")
        workers = WorkerOptions(processes, listen, expect_workers)
        load_options = LoadOptions(profile, duration, rate, seed, workers, locust_report)
        command(load_options=load_options, **others)

    decorated = run_with_load_options
    for option in reversed(_LOAD_OPTIONS):
        decorated = option(decorated)
    return decorated


# --- Policy -------------------------------------------------------------------------------------

_POLICY_OPTIONS = (
    click.option(
        "--config",
        type=PathType(),
        help="Configuration file; by default proofload.yaml if it exists.",
    ),
    click.option(
        "--confidence",
        type=FiniteRange(0.5, 1, max_open=True),
        help="Require this confidence for MET and MISSED, e.g. 0.95; by default the observed ratio decides.",
    ),
)


def add_policy_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the policy options to a command.

    It receives a policy, or ``None`` if neither an option nor a configuration file states one.
    """

    @wraps(command)
    def run_with_policy(config: Path | None, confidence: float | None, **others: Any) -> None:
        command(policy=_resolve_policy(config, confidence), **others)

    decorated = run_with_policy
    for option in reversed(_POLICY_OPTIONS):
        decorated = option(decorated)
    return decorated


def read_default_policy() -> Policy:
    """Return the policy of ``proofload.yaml`` in this folder, or the default policy without the file."""
    return _resolve_policy(None, None) or Policy()


def _resolve_policy(config: Path | None, confidence: float | None) -> Policy | None:
    path = config or (CONFIGURATION_FILE if CONFIGURATION_FILE.is_file() else None)
    if path is None:
        return None if confidence is None else Policy(confidence)
    policy = read_or_exit(partial(read_configuration, path)).policy
    return Policy(
        policy.confidence if confidence is None else confidence,
        policy.baseline.to_baseline() if policy.baseline else None,
        policy.failed_requests,
        policy.other_traffic,
        policy.coverage,
    )
