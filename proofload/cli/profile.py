"""``proofload profile``: load profiles from OpenAPI documents, HAR files and access logs."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from io import BufferedReader
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any, TypeVar

import click
import requests as http

from loadtests.convert import (
    ALL_METHODS,
    DEFAULT_METHODS,
    LogTooLargeError,
    NotHarError,
    NotOpenApiError,
    Omissions,
    build_constant_profile,
    count_origins,
    declare_requests,
    extract_traffic,
    find_origin,
    format_profile,
    list_arrivals,
    read_access_log,
    read_operations,
    select_requests,
)
from loadtests.profile import load_profile
from proofload.cli.cli_validation import USAGE_EXIT_CODE, exit_with_error, write_or_exit
from proofload.cli.option_types import DurationType, PathType, RateType
from proofload.output import echo
from slo.documents import (
    ProblemsError,
    decode_bounded_text,
    parse_json,
    parse_json_or_yaml,
    read_bounded_text,
)

T = TypeVar("T")
_FETCH_TIMEOUT_SECONDS = 20
_CHUNK_BYTES = 65_536
_MAX_HAR_BYTES = 100_000_000
_MAX_DOCUMENT_BYTES = 30_000_000
_MAX_LOG_BYTES = 4_000_000_000
_MAX_LINE_CHARACTERS = 65_536
_SECONDS_PER_DAY = 86_400
_MAX_TRACE_DAYS = 366
_GZIP_MARK = b"\x1f\x8b"
_DEFAULT_MAX_REQUESTS = 500
_DEFAULT_DURATION_SECONDS = 30.0

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
            _read_or_exit(partial(_read_document, source)),
            methods=ALL_METHODS if all_methods else DEFAULT_METHODS,
            name_pattern=pattern,
            document_url=source if _is_url(source) else "",
        )
    except NotOpenApiError as error:
        exit_with_error(f"{source}: {error}", USAGE_EXIT_CODE)
    for name, reason in operations.skipped.items():
        _print_note(f"left out {name}: {reason}")
    for origin, number in operations.origins.most_common():
        _print_note(f"{number:,} requests to {origin}: use --target {origin} to send them")
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
    har = _read_or_exit(lambda: parse_json(read_bounded_text(source, _MAX_HAR_BYTES), str(source)))
    try:
        origins = count_origins(har)
        chosen = find_origin(origins, origin) if origin else origins.most_common(1)[0][0]
        if chosen is None:
            message = f"{source}: contains no request to {origin}; origins: {', '.join(origins)}"
            exit_with_error(message, USAGE_EXIT_CODE)
        traffic = extract_traffic(har, chosen, include_static=static, include_credentials=with_credentials)
    except NotHarError as error:
        exit_with_error(f"{source}: {error}", USAGE_EXIT_CODE)
    _print_note(f"requests to {chosen}: use --target {chosen} to send them")
    _print_omissions(traffic.skipped)
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
@click.option(
    "--duration",
    type=DurationType(),
    help="Duration of the load: by default that of the log, with --rate 30s.",
)
def create_from_access_log(
    source: Path,
    most: int,
    rate: float | None,
    duration: float | None,
    out: Path | None,
    **output_options: Any,
) -> None:
    """Create requests from the GET and HEAD requests of a log, at their times or at a constant --rate."""
    if out is None and rate is None:
        raise click.UsageError(
            "--out FILE or --rate is missing: arrival times are written to a file beside --out"
        )
    try:
        with _open_lines(source) as lines:
            log = read_access_log(lines)
    except LogTooLargeError as error:
        exit_with_error(f"{source}: {error}", USAGE_EXIT_CODE)
    _print_omissions(log.skipped, separator=" ")
    if not log.arrival_times:
        place = f"{source}:{log.first_unparsed_line}" if log.first_unparsed_line else str(source)
        message = (
            "no line is a GET or HEAD request in the Common or Combined Log Format, or another known one"
        )
        exit_with_error(f"{place}: {message}", USAGE_EXIT_CODE)
    requests = _select_requests(declare_requests(log, most))
    included = sum(request["weight"] for request in requests)
    if left_out := len(log.arrival_times) - included:
        _print_note(f"left out {left_out:,} requests beyond the {len(requests)} most frequent")
    if rate is not None or out is None:
        output_options = {"out": out, **output_options}
        seconds = duration or _DEFAULT_DURATION_SECONDS
        _write_constant_profile(str(source), requests, source.stem, rate, seconds, output_options)
        return
    if (days := (max(log.arrival_times) - min(log.arrival_times)) / _SECONDS_PER_DAY) > _MAX_TRACE_DAYS:
        message = f"the arrivals span {days:,.0f} days, a trace at most {_MAX_TRACE_DAYS}; use --rate"
        exit_with_error(f"{source}: {message}", USAGE_EXIT_CODE)
    trace = out.with_suffix(".csv")
    profile = {
        "name": output_options["name"] or source.stem,
        "arrivals": "trace",
        "trace": trace.name,
        **({} if duration is None else {"duration": f"{duration:g}s"}),
        "requests": requests,
    }
    arrivals = list_arrivals(log, {request["name"] for request in requests})
    files = {trace: _format_trace(arrivals), out: format_profile(profile)}
    _write_profile(str(source), files, out, force=output_options["force"])


# --- Reading ------------------------------------------------------------------------------------------


def _print_note(text: str) -> None:
    echo(f"· {text}", err=True)


def _print_omissions(omissions: Omissions, separator: str = ": ") -> None:
    for reason, number in omissions.counts.items():
        first = omissions.first_places[reason]
        _print_note(f"left out {number:,}{separator}{reason}, the first is {first}")


def _read_or_exit(read: Callable[[], T]) -> T:
    try:
        return read()
    except ProblemsError as error:
        exit_with_error(str(error), USAGE_EXIT_CODE)


def _is_url(source: str) -> bool:
    return source.startswith(("http://", "https://"))


def _read_document(source: str) -> Any:
    if _is_url(source):
        text = decode_bounded_text(_fetch(source), source, _MAX_DOCUMENT_BYTES)
    else:
        text = read_bounded_text(Path(source), _MAX_DOCUMENT_BYTES)
    return parse_json_or_yaml(text, source)


def _fetch(url: str) -> bytes:
    """Return the body of a response, at most one byte more than a document can have."""
    deadline, content = monotonic() + _FETCH_TIMEOUT_SECONDS, b""
    try:
        with http.get(url, timeout=_FETCH_TIMEOUT_SECONDS, stream=True) as response:
            if not response.ok:
                exit_with_error(f"{url}: responded with {response.status_code}", USAGE_EXIT_CODE)
            parts = []
            size = 0
            for part in response.iter_content(_CHUNK_BYTES):
                parts.append(part)
                size += len(part)
                if size > _MAX_DOCUMENT_BYTES or monotonic() > deadline:
                    break
            content = b"".join(parts)
    except (http.RequestException, ValueError) as error:
        exit_with_error(f"{url}: can't be fetched ({type(error).__name__})", USAGE_EXIT_CODE)
    if monotonic() > deadline:
        message = f"{url}: did not end within {_FETCH_TIMEOUT_SECONDS} s"
        exit_with_error(message, USAGE_EXIT_CODE)
    return content


@contextmanager
def _open_lines(path: Path) -> Iterator[Iterator[str]]:
    """Open a log, compressed or not, as lines; bytes that are not UTF-8 become surrogates (PEP 383)."""
    try:
        with path.open("rb") as file:
            buffered = BufferedReader(file.raw)
            is_gzip = buffered.peek(2).startswith(_GZIP_MARK) or path.suffix == ".gz"
            yield _read_lines(path, gzip.GzipFile(fileobj=buffered) if is_gzip else buffered)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        cause = getattr(error, "strerror", None) or error
        exit_with_error(f"{path}: can't be read: {cause}", USAGE_EXIT_CODE)


def _read_lines(path: Path, file: Any) -> Iterator[str]:
    """Yield the lines; the rest of one that is too long is skipped."""
    size, is_rest = 0, False
    while part := file.readline(_MAX_LINE_CHARACTERS):
        size += len(part)
        if size > _MAX_LOG_BYTES:
            exit_with_error(f"{path}: is larger than {_MAX_LOG_BYTES / 1e9:g} GB", USAGE_EXIT_CODE)
        if b"\0" in part:
            exit_with_error(f"{path}: is not UTF-8 text: it contains null bytes", USAGE_EXIT_CODE)
        if not is_rest:
            yield part.decode(errors="surrogateescape")
        is_rest = not part.endswith(b"\n")


# --- Writing ------------------------------------------------------------------------------------------


def _format_trace(arrivals: Iterable[tuple[float, str]]) -> str:
    """Return arrivals (seconds, request name) as CSV."""
    rows = (f'{seconds:.6f},"{name.replace(chr(34), chr(34) * 2)}"\n' for seconds, name in arrivals)
    return "time_seconds,request\n" + "".join(rows)


def _select_requests(requests: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    omissions = Omissions()
    selected = select_requests(requests, omissions)
    _print_omissions(omissions)
    return selected


def _write_constant_profile(
    source: str,
    declared_requests: Sequence[Mapping[str, Any]],
    name: str,
    rate: float | None,
    duration: float,
    output_options: Mapping[str, Any],
) -> None:
    requests = _select_requests(declared_requests)
    if not requests:
        exit_with_error(f"{source}: contains no request that can be sent", USAGE_EXIT_CODE)
    profile = build_constant_profile(
        output_options["name"] or name, requests, rate=rate or 10.0, duration=f"{duration:g}s"
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
