"""Reading and checking the inputs of commands; problems end a command with exit code 2."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from loadtests.profile import validate_target_url
from proofload.artifacts import create_run_directory, create_run_id, find_output_problems, write_text
from proofload.output import echo
from proofload.process import crash_reporter
from slo.documents import Problem, ProblemsError
from slo.model import Spec
from slo.openslo import find_data_source, find_prometheus_url, load_spec
from slo.prometheus import ConnectionSettings, read_connection_settings
from slo.promql import plan_queries

T = TypeVar("T")
U = TypeVar("U")

USAGE_EXIT_CODE = 2
REFERENCE_PACKAGES = ("fastapi", "onnxruntime", "prometheus_fastapi_instrumentator", "structlog", "uvicorn")
"""Packages of the extra ``reference`` that the reference service imports."""
_VERSIONED_PACKAGES = ("proofload", "locust", "fastapi", "uvicorn", "prometheus-client", "onnxruntime")
_LOOPBACK_URL = "http://127.0.0.1"


# --- Reading ------------------------------------------------------------------------------------


def read_or_exit(read: Callable[[], T]) -> T:
    """Read one input; its problems end the command with exit code 2."""
    [result] = read_all_or_exit([read])
    return result


def read_both_or_exit(read_first: Callable[[], T], read_second: Callable[[], U]) -> tuple[T, U]:
    """Read two inputs; the problems of both end the command with exit code 2."""
    results: list[Any] = read_all_or_exit([read_first, read_second])
    return results[0], results[1]


def read_all_or_exit(reads: Iterable[Callable[[], T]]) -> list[T]:
    """Read inputs; the problems of all of them end the command with exit code 2."""
    results, problems = [], list[Problem]()
    for read in reads:
        try:
            results.append(read())
        except ProblemsError as error:
            problems += error.problems
    if problems:
        exit_with_error(str(ProblemsError(problems)), USAGE_EXIT_CODE)
    return results


def read_option(read: Callable[[], T]) -> T:
    """Read the value of an option; a ``ValueError`` is a usage error."""
    try:
        return read()
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def read_spec(paths: tuple[Path, ...]) -> Spec:
    """Read a spec and plan its queries.

    Raises:
        ProblemsError: all problems of the spec and its queries.
    """
    spec = load_spec(paths)
    plan_queries(spec)
    return spec


def find_connection(url: str | None, spec: Spec) -> ConnectionSettings:
    """Return the connection to Prometheus: from the option, the environment, or the spec's data source."""
    chosen_url = (
        url or os.environ.get("PROOFLOAD_PROMETHEUS_URL") or read_option(partial(find_prometheus_url, spec))
    )
    if not chosen_url:
        raise click.UsageError("--prometheus URL is missing, and no DataSource of the spec has a URL")
    data_source = read_option(partial(find_data_source, spec, chosen_url))
    return read_option(partial(read_connection_settings, os.environ, chosen_url, data_source))


def validate_addresses(target: str | None, prometheus: str | None) -> None:
    """Reject invalid URLs and invalid connection settings of the environment."""
    if target is not None:
        read_option(partial(validate_target_url, target))
    read_option(partial(read_connection_settings, os.environ, prometheus or _LOOPBACK_URL))


def require_reference_service() -> None:
    """Exit with code 2 if the packages of the reference service are not installed."""
    missing = [name for name in REFERENCE_PACKAGES if find_spec(name) is None]
    if missing:
        exit_with_error(
            f"the reference service needs {', '.join(missing)}: install 'proofload[reference]', "
            "or name your own service: --target URL --prometheus URL",
            USAGE_EXIT_CODE,
        )


# --- Writing ------------------------------------------------------------------------------------


def prepare_run_directory(out: Path | None, *, writes_reports: bool = True) -> Path:
    """Create the run directory and its ``logs/``; without ``out`` a new one in ``runs/``.

    A directory that can't take the files of a run ends the command with exit code 2, before anything is sent.
    ``writes_reports``: the command writes reports, among them ``junit.xml``.
    """
    try:
        if out is None:
            out = create_run_directory(Path("runs"), create_run_id(datetime.now(UTC)))
        (out / "logs").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        place = error.filename or out
        exit_with_error(f"can't create the run directory {place}: {error.strerror}", USAGE_EXIT_CODE)
    if problems := find_output_problems(out):
        exit_with_error("\n".join(problems), USAGE_EXIT_CODE)
    crash_reporter.use_run_directory(out, writes_junit=writes_reports)
    return out


def write_or_exit(files: Mapping[Path, str], *, create_directories: bool = True) -> None:
    """Write texts to files; a file that can't be written ends the command with exit code 2."""
    for path in files if create_directories else ():
        _run_or_exit(path, partial(path.parent.mkdir, parents=True, exist_ok=True))
    for path, text in files.items():
        _run_or_exit(path, partial(write_text, path, text))


def _run_or_exit(path: Path, write: Callable[[], None]) -> None:
    try:
        write()
    except OSError as error:
        exit_with_error(f"can't write {path}: {error.strerror}", USAGE_EXIT_CODE)


def exit_with_error(message: str, code: int) -> NoReturn:
    """Print one error and exit with a code."""
    echo(f"proofload: {message}", err=True)
    sys.exit(code)


# --- Metadata of a report -----------------------------------------------------------------------


def collect_versions() -> Mapping[str, str]:
    """Return the versions of the programs that a verdict can depend on."""
    versions = {"python": platform.python_version(), "platform": platform.platform()}
    for name in _VERSIONED_PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
