"""What the commands read and make before they begin; what is wrong with it ends them with exit code 2."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NoReturn, TypeVar

import click

from loadtests.profile.target_url import parse_target
from proofload.cli.faults import Fault
from proofload.cli.options import Sending
from proofload.runs.run_directory import make_run_folder, new_run_id
from slo.documents.yaml_source import Problem, ProblemsError
from slo.model import Spec
from slo.openslo.declared_sources import address, declared
from slo.openslo.spec_reader import load_spec
from slo.prometheus.connection import Connection, connection_from
from slo.promql.query_plan import plan

T = TypeVar("T")

USAGE = 2
_LOOPBACK = "http://127.0.0.1"


def or_usage(*reads: Callable[[], T]) -> list[T]:
    """Read what the user wrote; the problems of all of it end the command with exit code 2."""
    results, problems = [], list[Problem]()
    for read in reads:
        try:
            results.append(read())
        except ProblemsError as error:
            problems += error.problems
    if problems:
        fail(str(ProblemsError(problems)), USAGE)
    return results


def read_spec(paths: tuple[Path, ...]) -> Spec:
    """Read a spec whose queries are understood.

    Raises:
        ProblemsError: everything that is wrong with it.
    """
    spec = load_spec(paths)
    plan(spec)
    return spec


def connection(url: str | None, spec: Spec) -> Connection:
    """Find the Prometheus to ask: the option, the environment, or the spec's data source."""
    found = url or os.environ.get("PROOFLOAD_PROMETHEUS_URL") or usable(partial(address, spec))
    if not found:
        raise click.UsageError("give --prometheus URL: the spec's DataSource names none")
    source = usable(partial(declared, spec, found))
    return usable(partial(connection_from, os.environ, found, source))


def check_addresses(target: str | None, prometheus: str | None) -> None:
    """Refuse addresses, and settings of the environment, that can't be used later."""
    if target:
        usable(partial(parse_target, target))
    usable(partial(connection_from, os.environ, prometheus or _LOOPBACK))


def usable(read: Callable[[], T]) -> T:
    """Read an option; a ValueError is an error of usage."""
    try:
        return read()
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def run_folder(out: Path | None) -> Path:
    """Make the folder of a run, with its logs/."""
    try:
        if out is None:
            return make_run_folder(Path("runs"), new_run_id(datetime.now(UTC)))
        (out / "logs").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"can't make the run's folder {error.filename}: {error.strerror}", USAGE)
    return out


def versions() -> Mapping[str, str]:
    """Name the programs whose versions a verdict may depend on."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for name in ("proofload", "locust", "fastapi", "uvicorn", "prometheus-client", "onnxruntime"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def proofload_version() -> str:
    """Name the version that is installed."""
    return versions().get("proofload", "(not installed)")


def settings(specs: tuple[Path, ...], sending: Sending, faults: tuple[Fault, ...]) -> Mapping[str, str]:
    """Give the options that a report shows."""
    given = {
        "spec": ", ".join(map(str, specs)),
        "profile": str(sending.profile),
        "duration": f"{sending.duration:g} s" if sending.duration else None,
        "rate": f"{sending.rate:g}/s" if sending.rate else None,
        "processes": str(sending.fleet.processes) if sending.fleet.processes > 1 else None,
        "faults": ", ".join(f"{name}={value}" for name, value in faults) or None,
    }
    return {name: value for name, value in given.items() if value is not None}


def fail(message: str, code: int) -> NoReturn:
    """End the command with one clear error."""
    click.echo(f"proofload: {message}", err=True)
    sys.exit(code)
