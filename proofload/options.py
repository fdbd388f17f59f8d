"""Options that several commands share, and the types of their values."""

from __future__ import annotations

import time
from math import isfinite
from pathlib import Path
from typing import Any

import click

from loadtests.durations import parse_duration
from proofload.times import parse_time

ROOT = Path(__file__).resolve().parent.parent


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
    type=click.Choice(["processes", "external"]),
    help="Where target and Prometheus come from: started here (the default), or already there.",
)
TARGET = click.option("--target", metavar="URL", help="Service under test, for --stack external.")
METRICS_PORT = click.option(
    "--metrics-port",
    type=click.IntRange(1, 65_535),
    help="Loopback port where the load generator answers Prometheus's scrapes.",
)
PROMETHEUS = click.option("--prometheus", metavar="URL", help="Prometheus HTTP API.")
