"""Options that several commands share, and the types of their values."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from math import isfinite
from pathlib import Path
from typing import Any

import click

from loadtests.profile.durations import parse_duration
from loadtests.profile.profile_models import Profile
from loadtests.profile.profile_reader import load_profile
from loadtests.profile.target_url import parse_address, parse_port
from proofload.cli.times import parse_time
from proofload.stack.load_process import Fleet, LoadOrder

ROOT = Path(__file__).resolve().parents[2]


class Duration(click.ParamType[float]):
    """A duration such as ``30s``; seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it, or fail with a sentence that says how one is written."""
        try:
            return parse_duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Time(click.ParamType[float]):
    """A moment: Unix seconds, RFC 3339, ``now`` or ``-10m``."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it, or fail with a sentence that says how one is written."""
        try:
            return parse_time(str(value), time.time())
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Rate(click.FloatRange):
    """Requests per second, above 0."""

    name = "rate"

    def __init__(self) -> None:
        super().__init__(min=0, min_open=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it, or fail with a sentence that says how one is written."""
        rate = super().convert(value, param, ctx)
        if not isfinite(rate):
            self.fail(f"{value} is no rate; write requests per second, e.g. 100", param, ctx)
        return float(rate)


def _checked(
    parse: Callable[[str], object], _context: click.Context, _option: click.Parameter, value: str | None
) -> str | None:
    """Let a text through that can be parsed: it is the generator that needs what it says."""
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
    type=click.Path(path_type=Path),
    default=[ROOT / "slo" / "objectives.yaml"],
    show_default="slo/objectives.yaml",
    help="OpenSLO file or folder; may be given several times.",
)
PROFILE = click.option(
    "--profile",
    type=click.Path(path_type=Path),
    default=ROOT / "loadtests" / "profiles" / "steady.yaml",
    show_default="loadtests/profiles/steady.yaml",
    help="Load profile.",
)
STACK = click.option(
    "--stack",
    type=click.Choice(["processes", "compose", "external"]),
    help="Where target and Prometheus come from: processes started here (the default), "
    "containers of docker-compose.yml, or already there.",
)
TARGET = click.option("--target", metavar="URL", help="Service under test, for --stack external.")
METRICS_PORT = click.option(
    "--metrics-port",
    metavar="[HOST:]PORT",
    callback=partial(_checked, parse_port),
    help="Port where the load generator answers Prometheus's scrapes; of loopback where there is no HOST.",
)
PROMETHEUS = click.option("--prometheus", metavar="URL", help="Prometheus HTTP API.")


@dataclass(frozen=True, slots=True)
class Sending:
    """What a command is to send: a profile, what overrides it, and by what."""

    profile: Path
    duration: float | None
    rate: float | None
    seed: int | None
    fleet: Fleet
    locust_report: bool

    def read(self) -> Profile:
        """Read the profile, so that what is wrong with it is told before anything starts.

        Raises:
            ProblemsError: everything that is wrong with it.
        """
        return load_profile(self.profile, duration=self.duration, rate=self.rate)

    def order(self, folder: Path) -> LoadOrder:
        """Give the order to the generator; its files go into the folder."""
        return LoadOrder(
            self.profile, folder, self.seed, self.duration, self.rate, self.fleet, self.locust_report
        )


_SENDING = (
    PROFILE,
    click.option("--duration", type=Duration(), help="Stretch the profile's stages to this length."),
    click.option("--rate", type=Rate(), help="Scale the profile to this rate."),
    click.option("--seed", type=click.IntRange(min=0), help="Seed of the traffic, instead of the profile's."),
    click.option(
        "--processes", type=click.IntRange(1, 64), default=1, help="Generator processes to send with."
    ),
    click.option(
        "--listen",
        metavar="HOST:PORT",
        callback=partial(_checked, parse_address),
        help="Take in workers of other machines here.",
    ),
    click.option(
        "--expect-workers", type=click.IntRange(0, 1000), default=0, help="How many to wait for there."
    ),
    click.option(
        "--locust-report", is_flag=True, help="Write locust.html, locust_stats.csv, locust_failures.csv."
    ),
)


def sending(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options for what it sends, as one :class:`Sending`."""

    @wraps(command)
    def gathered(
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
            raise click.UsageError("--expect-workers needs --listen HOST:PORT, where they join")
        fleet = Fleet(processes, listen, expect_workers)
        command(sending=Sending(profile, duration, rate, seed, fleet, locust_report), **others)

    for option in reversed(_SENDING):
        gathered = option(gathered)
    return gathered
