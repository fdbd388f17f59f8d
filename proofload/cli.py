"""The command line. Exit codes: 0 MET, 1 MISSED, 2 bad usage or input, 3 UNDECIDED, 130 interrupted."""

from __future__ import annotations

import os
import platform
import signal
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, TypeVar

import click

from loadtests.durations import parse_duration
from loadtests.profile import load_profile
from proofload import terminal
from proofload.faults import FAULT, Fault
from proofload.folder import make_run_folder, new_run_id, point_latest
from proofload.load_process import LoadError, LoadOrder
from proofload.pipeline import Appendix, FaultsError, Job, check, run
from proofload.scrapes import await_closing_scrape
from proofload.stack import StackError, external_stack, process_stack
from proofload.times import parse_time
from slo.document import ProblemsError
from slo.lint import lint
from slo.model import Outcome, Spec, Window
from slo.prometheus import Prometheus, PrometheusError, connection_from
from slo.queries import plan
from slo.spec import load_spec

T = TypeVar("T")

ROOT = Path(__file__).resolve().parent.parent
EXIT_CODES = {Outcome.MET: 0, Outcome.MISSED: 1, Outcome.UNDECIDED: 3}
USAGE, INTERRUPTED = 2, 130
CLOSING_SCRAPE_SECONDS = 65.0
"""How long ``check`` waits for the scrape that closes a window which ends now."""


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
PROMETHEUS = click.option("--prometheus", metavar="URL", help="Prometheus HTTP API.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="proofload")
def cli() -> None:
    """Put a service under a known load; prove from its Prometheus metrics whether it meets its SLOs.

    Exit codes: 0 MET, 1 MISSED, 2 bad usage or input, 3 UNDECIDED, 130 interrupted.
    """


@cli.command("run")
@SPEC
@PROFILE
@click.option("--duration", type=Duration(), help="Stretch the profile's stages to this length.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Scale the profile to this rate.")
@click.option("--seed", type=int, help="Seed of the traffic; the profile's own by default.")
@STACK
@TARGET
@PROMETHEUS
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
    profile: Path,
    duration: float | None,
    rate: float | None,
    seed: int | None,
    stack: str | None,
    target: str | None,
    prometheus: str | None,
    workers: int,
    faults: tuple[Fault, ...],
    out: Path | None,
) -> None:
    """Load the service and judge it: the main job."""
    spec = _spec(specs)
    _or_usage(partial(load_profile, profile, duration=duration, rate=rate))
    external = _is_external(stack, target, prometheus, faults)
    folder = _folder(out)
    order = LoadOrder(profile, folder, seed, duration, rate)
    chosen = (
        external_stack(target or "", prometheus or "")
        if external
        else process_stack(folder / "logs", workers=workers, faults=bool(faults), say=terminal.say)
    )
    job = Job(
        spec=spec,
        order=order,
        stack=chosen,
        folder=folder,
        connect=partial(connection_from, os.environ),
        faults=dict(faults),
        appendix=Appendix(_versions(), _settings(specs, profile, duration, rate, faults)),
    )
    with terminal.narrate() as narrator:
        try:
            proof = run(job, narrator)
        except (StackError, LoadError) as error:
            _fail(f"no verdict: {error}", EXIT_CODES[Outcome.UNDECIDED])
        except FaultsError as error:
            _fail(str(error), USAGE)
    point_latest(folder)
    terminal.summarize(proof, folder)
    sys.exit(EXIT_CODES[proof.verdict.outcome])


def _is_external(
    stack: str | None, target: str | None, prometheus: str | None, faults: tuple[Fault, ...]
) -> bool:
    """Tell whether target and Prometheus are there already, and that the options fit together."""
    external = stack == "external" or (stack is None and bool(target or prometheus))
    if external and not (target and prometheus):
        raise click.UsageError("--stack external needs both --target URL and --prometheus URL")
    if not external and (target or prometheus):
        raise click.UsageError("--target and --prometheus go with --stack external")
    if external and faults:
        raise click.UsageError("--fault works on the reference service alone, so not with --stack external")
    return external


@cli.command("check")
@SPEC
@PROMETHEUS
@click.option("--start", type=Time(), required=True, help="Unix seconds, RFC 3339, or -10m.")
@click.option("--end", type=Time(), default="now", show_default=True, help="Likewise.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder for the reports; none are written without."
)
def check_command(
    specs: tuple[Path, ...], prometheus: str | None, start: float, end: float, out: Path | None
) -> None:
    """Judge a window that is already past, whatever made its load."""
    if end <= start:
        raise click.UsageError(f"--end ({end:.3f}) is not after --start ({start:.3f})")
    if end > time.time() + 1:
        raise click.UsageError("--end lies in the future")
    spec = _spec(specs)
    folder = _folder(out) if out else None
    window = Window(start, end)
    settings = {"spec": ", ".join(map(str, specs)), "window": f"{start:.3f} to {end:.3f} (Unix seconds)"}
    with Prometheus(_connection(prometheus, spec)) as server:
        await_closing_scrape(server, spec, end, CLOSING_SCRAPE_SECONDS, terminal.say)
        proof = check(spec, server, window, folder, Appendix(_versions(), settings))
    terminal.summarize(proof, folder)
    sys.exit(EXIT_CODES[proof.verdict.outcome])


@cli.command("lint")
@SPEC
@PROMETHEUS
def lint_command(specs: tuple[Path, ...], prometheus: str | None) -> None:
    """Check a spec; with --prometheus, also that its queries find something there."""
    spec = _spec(specs)
    if prometheus:
        try:
            with Prometheus(_connection(prometheus, spec)) as server:
                problems = lint(spec, server, time.time())
        except PrometheusError as error:
            _fail(str(error), USAGE)
        if problems:
            _fail("\n".join(map(str, problems)), USAGE)
    objectives = sum(len(slo.objectives) for slo in spec.slos)
    click.echo(f"{len(spec.slos)} SLOs with {objectives} objectives: no problem found")


@cli.command("ui")
@PROFILE
@click.option("--port", type=click.IntRange(1, 65535), default=8089, show_default=True, help="Of the web UI.")
@click.option("--workers", type=click.IntRange(min=1), default=1, help="Worker processes of the target.")
def ui_command(profile: Path, port: int, workers: int) -> None:
    """Bring the stack up with Locust's web UI, and stay until interrupted."""
    from proofload.ui import serve  # noqa: PLC0415 - needs the stack only here

    _or_usage(partial(load_profile, profile))
    folder = _folder(None)
    try:
        # Several workers can't share the faults that one of them is told of.
        stack = process_stack(folder / "logs", workers=workers, faults=workers == 1, say=terminal.say)
        serve(profile, port, stack, folder)
    except (StackError, LoadError) as error:
        _fail(str(error), USAGE)


def _or_usage(read: Callable[[], T]) -> T:
    """Read what the user wrote; its problems, all of them, end the command with exit code 2."""
    try:
        return read()
    except ProblemsError as error:
        _fail(str(error), USAGE)


def _spec(paths: tuple[Path, ...]) -> Spec:
    spec = _or_usage(partial(load_spec, paths))
    _or_usage(partial(plan, spec))
    return spec


def _connection(url: str | None, spec: Spec) -> Any:
    """Find the Prometheus to ask: the option, the environment, or the spec's data source."""
    named = [source.url for source in spec.data_sources if source.url]
    found = url or os.environ.get("PROOFLOAD_PROMETHEUS_URL") or (named[0] if named else None)
    if not found:
        raise click.UsageError("give --prometheus URL: the spec's DataSource names none")
    try:
        return connection_from(os.environ, found)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _folder(out: Path | None) -> Path:
    """Make the folder of a run, with its logs/."""
    try:
        if out is None:
            return make_run_folder(Path("runs"), new_run_id(datetime.now(UTC)))
        (out / "logs").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _fail(f"can't make the run's folder {error.filename}: {error.strerror}", USAGE)
    return out


def _versions() -> Mapping[str, str]:
    """Name the programs whose versions a verdict may depend on."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for name in ("proofload", "locust", "fastapi", "uvicorn", "prometheus-client", "onnxruntime"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _settings(
    specs: tuple[Path, ...],
    profile: Path,
    duration: float | None,
    rate: float | None,
    faults: tuple[Fault, ...],
) -> Mapping[str, str]:
    given = {
        "spec": ", ".join(map(str, specs)),
        "profile": str(profile),
        "duration": f"{duration:g} s" if duration else None,
        "rate": f"{rate:g}/s" if rate else None,
        "faults": ", ".join(f"{name}={value}" for name, value in faults) or None,
    }
    return {name: value for name, value in given.items() if value is not None}


def _fail(message: str, code: int) -> NoReturn:
    click.echo(f"proofload: {message}", err=True)
    sys.exit(code)


def _terminated(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def main() -> None:
    """Run the command line."""
    signal.signal(signal.SIGTERM, _terminated)  # a cancelled CI job cleans up as Ctrl-C does
    try:
        cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(INTERRUPTED)
