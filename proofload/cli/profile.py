"""``proofload profile``: load profiles from OpenAPI documents, HAR files and access logs."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

import click
import requests as http
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from loadtests.convert import (
    ALL_METHODS,
    DEFAULT_METHODS,
    NotHarError,
    NotOpenApiError,
    build_constant_profile,
    count_origins,
    declare_requests,
    extract_traffic,
    format_profile,
    list_arrivals,
    read_access_log,
    read_operations,
)
from loadtests.profile import load_profile
from proofload.cli.cli_validation import USAGE_EXIT_CODE, exit_with_error, write_or_exit
from proofload.cli.option_types import DurationType, PathType, RateType
from proofload.output import echo
from slo.documents import ProblemsError

_FETCH_TIMEOUT_SECONDS = 20
_DEFAULT_MAX_REQUESTS = 500

_OUT = click.option("--out", type=PathType(), help="File to write; by default standard output.")
_FORCE = click.option("--force", is_flag=True, help="Replace existing files.")
_NAME = click.option("--name", help="Name of the profile.")
_RATE = click.option("--rate", type=RateType(), help="Requests per second.")
_DURATION = click.option(
    "--duration", type=DurationType(), default="30s", show_default=True, help="Duration of the load."
)


@click.group("profile")
def profile_group() -> None:
    """Make a load profile from an OpenAPI document, a HAR file or an access log."""


@profile_group.command("from-openapi")
@click.argument("source", metavar="URL|FILE")
@click.option("--only", metavar="REGEX", help='Operations to include: searched in "METHOD /path".')
@click.option("--all-methods", is_flag=True, help="Also include PUT, PATCH, DELETE and OPTIONS.")
@_OUT
@_FORCE
@_NAME
@_RATE
@_DURATION
def create_from_openapi(
    source: str,
    only: str | None,
    all_methods: bool,
    rate: float | None,
    duration: float,
    **output_options: Any,
) -> None:
    """Create a request for each operation, with values from the document's examples or schemas."""
    try:
        pattern = re.compile(only) if only else None
    except re.error as error:
        raise click.BadParameter(
            f"{only!r} is not a regular expression: {error}", param_hint="--only"
        ) from None
    try:
        operations = read_operations(
            _read_document(source),
            methods=ALL_METHODS if all_methods else DEFAULT_METHODS,
            name_pattern=pattern,
        )
    except NotOpenApiError as error:
        exit_with_error(f"{source}: {error}", USAGE_EXIT_CODE)
    for name, reason in operations.skipped.items():
        _print_note(f"left out {name}: {reason}")
    _write_constant_profile(source, operations.requests, operations.title, rate, duration, output_options)


@profile_group.command("from-har")
@click.argument("source", metavar="FILE", type=PathType())
@click.option(
    "--origin", metavar="URL", help="Include the requests to this origin; by default the most frequent one."
)
@click.option("--all", "static", is_flag=True, help="Also include images, styles and scripts.")
@click.option("--with-credentials", is_flag=True, help="Also include cookies, tokens and other credentials.")
@_OUT
@_FORCE
@_NAME
@_RATE
@_DURATION
def create_from_har(
    source: Path,
    origin: str | None,
    static: bool,
    with_credentials: bool,
    rate: float | None,
    duration: float,
    **output_options: Any,
) -> None:
    """Create requests from those a browser saved for one origin; equal requests become one with a weight."""
    try:
        har = json.loads(_read_text(source))
        origins = count_origins(har)
        chosen = origin.rstrip("/") if origin else origins.most_common(1)[0][0]
        if chosen not in origins:
            message = f"{source}: contains no request to {chosen}; origins: {', '.join(origins)}"
            exit_with_error(message, USAGE_EXIT_CODE)
        traffic = extract_traffic(har, chosen, include_static=static, include_credentials=with_credentials)
    except json.JSONDecodeError as error:
        exit_with_error(f"{source}:{error.lineno}: is not JSON: {error.msg}", USAGE_EXIT_CODE)
    except NotHarError as error:
        exit_with_error(f"{source}: {error}", USAGE_EXIT_CODE)
    _print_note(f"requests to {chosen}: use --target {chosen} to send them")
    for reason, number in traffic.skipped.items():
        _print_note(f"left out {number:,}: {reason}")
    _write_constant_profile(str(source), traffic.requests, source.stem, rate, duration, output_options)


@profile_group.command("from-access-log")
@click.argument("source", metavar="FILE", type=PathType())
@click.option(
    "--most",
    type=click.IntRange(1, 5_000),
    default=_DEFAULT_MAX_REQUESTS,
    show_default=True,
    help="Maximum number of distinct requests, the most frequent first.",
)
@_OUT
@_FORCE
@_NAME
@_RATE
@_DURATION
def create_from_access_log(
    source: Path, most: int, rate: float | None, duration: float, out: Path | None, **output_options: Any
) -> None:
    """Create requests from the GET and HEAD requests of a log, at their times or at a constant --rate."""
    if out is None and rate is None:
        raise click.UsageError(
            "--out FILE or --rate is missing: arrival times are written to a file beside --out"
        )
    try:
        with _open_lines(source) as lines:
            log = read_access_log(lines)
    except UnicodeDecodeError:
        exit_with_error(f"{source}: is not UTF-8 text", USAGE_EXIT_CODE)
    if not log.arrival_seconds:
        place = f"{source}:{log.first_unparsed_line}" if log.first_unparsed_line else str(source)
        exit_with_error(
            f"{place}: no line is a GET or HEAD request in the Common or Combined Log Format", USAGE_EXIT_CODE
        )
    requests = declare_requests(log, most)
    included = sum(request["weight"] for request in requests)
    for number, description in (
        (log.unparsed_lines, f"lines of another format, the first is line {log.first_unparsed_line}"),
        (log.unsupported_requests, "requests with other methods: a log contains no bodies"),
        (len(log.arrival_seconds) - included, f"requests beyond the {most} most frequent"),
    ):
        if number:
            _print_note(f"left out {number:,} {description}")
    if rate is not None or out is None:
        output_options = {"out": out, **output_options}
        _write_constant_profile(str(source), requests, source.stem, rate, duration, output_options)
        return
    trace = out.with_suffix(".csv")
    profile = {
        "name": output_options["name"] or source.stem,
        "arrivals": "trace",
        "trace": trace.name,
        "requests": requests,
    }
    arrivals = list_arrivals(log, {request["name"] for request in requests})
    files = {trace: _format_trace(arrivals), out: format_profile(profile)}
    _write_profile(str(source), files, out, force=output_options["force"])


# --- Reading ------------------------------------------------------------------------------------------


def _print_note(text: str) -> None:
    echo(f"· {text}", err=True)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        exit_with_error(f"{path}: can't be read: {error.strerror}", USAGE_EXIT_CODE)
    except UnicodeDecodeError:
        exit_with_error(f"{path}: is not UTF-8 text", USAGE_EXIT_CODE)


@contextmanager
def _open_lines(path: Path) -> Iterator[TextIO]:
    try:
        with path.open("rb") as file:
            raw = gzip.GzipFile(fileobj=file) if path.suffix == ".gz" else file
            yield TextIOWrapper(raw, encoding="utf-8", errors="replace")
    except (OSError, EOFError) as error:
        exit_with_error(
            f"{path}: can't be read: {getattr(error, 'strerror', None) or error}", USAGE_EXIT_CODE
        )


def _read_document(source: str) -> Any:
    if re.match(r"https?://", source):
        try:
            response = http.get(source, timeout=_FETCH_TIMEOUT_SECONDS)
        except http.RequestException as error:
            exit_with_error(f"{source}: can't be fetched ({type(error).__name__})", USAGE_EXIT_CODE)
        if not response.ok:
            exit_with_error(f"{source}: responded with {response.status_code}", USAGE_EXIT_CODE)
        text = response.text
    else:
        text = _read_text(Path(source))
    try:
        return YAML(typ="safe", pure=True).load(text)  # JSON is YAML
    except (YAMLError, ValueError) as error:
        exit_with_error(
            f"{source}: is neither JSON nor YAML: {' '.join(str(error).split())[:200]}", USAGE_EXIT_CODE
        )


# --- Writing ------------------------------------------------------------------------------------------


def _format_trace(arrivals: Iterable[tuple[float, str]]) -> str:
    """Return arrivals (seconds, request name) as CSV."""
    rows = (f'{seconds:.6f},"{name.replace(chr(34), chr(34) * 2)}"\n' for seconds, name in arrivals)
    return "time_seconds,request\n" + "".join(rows)


def _write_constant_profile(
    source: str,
    declared_requests: list[dict[str, Any]],
    name: str,
    rate: float | None,
    duration: float,
    output_options: Mapping[str, Any],
) -> None:
    if not declared_requests:
        exit_with_error(f"{source}: contains no request that can be sent", USAGE_EXIT_CODE)
    profile = build_constant_profile(
        output_options["name"] or name, declared_requests, rate=rate or 10.0, duration=f"{duration:g}s"
    )
    out = output_options["out"]
    _write_profile(
        source, {out or Path("profile.yaml"): format_profile(profile)}, out, force=output_options["force"]
    )


def _write_profile(source: str, files: Mapping[Path, str], out: Path | None, *, force: bool) -> None:
    """Write a profile and its trace, or print it, after checking that it can be loaded."""
    with TemporaryDirectory() as directory:
        for path, text in files.items():
            (Path(directory) / path.name).write_text(text, encoding="utf-8", newline="")
        try:
            load_profile(Path(directory) / (out.name if out else "profile.yaml"))
        except ProblemsError as error:
            problems = str(error).replace(f"{directory}/", "")
            exit_with_error(f"{source}: the result is not a valid profile:\n{problems}", USAGE_EXIT_CODE)
    if out is None:
        click.echo(next(iter(files.values())), nl=False)
        return
    if existing := [str(path) for path in files if path.exists() and not force]:
        exit_with_error(f"{', '.join(existing)}: exists already; --force replaces it", USAGE_EXIT_CODE)
    write_or_exit(files, create_directories=False)
    _print_note(f"wrote {', '.join(map(str, files))}")
