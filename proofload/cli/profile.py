"""``proofload profile``: load profiles from what people have."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

import click
import requests
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from loadtests.convert.access_log import arrivals_of, read_log, requests_of
from loadtests.convert.har import NotHarError, origins, traffic_of
from loadtests.convert.openapi import EVERY, USUAL, NotOpenApiError, operations_of
from loadtests.convert.profile_writer import as_yaml, constant_profile
from loadtests.profile.profile_reader import load_profile
from proofload.cli.cli_validation import USAGE, fail
from proofload.cli.options import Duration, Rate
from proofload.runs.run_directory import write_text
from slo.documents.yaml_source import ProblemsError

_FETCH_SECONDS = 20
_MOST = 500

_OUT = click.option(
    "--out", type=click.Path(path_type=Path), help="File to write; standard output by default."
)
_FORCE = click.option("--force", is_flag=True, help="Replace files that are there.")
_NAME = click.option("--name", help="Name of the profile.")
_RATE = click.option("--rate", type=Rate(), help="Requests/s.")
_DURATION = click.option("--duration", type=Duration(), default="30s", show_default=True, help="Of the load.")


@click.group("profile")
def profile_group() -> None:
    """Make a load profile from an OpenAPI document, a HAR file or an access log."""


@profile_group.command("from-openapi")
@click.argument("source", metavar="URL|FILE")
@click.option("--only", metavar="REGEX", help='Operations to take, looked for in "METHOD /path".')
@click.option("--all-methods", is_flag=True, help="Take PUT, PATCH, DELETE and OPTIONS, too.")
@_OUT
@_FORCE
@_NAME
@_RATE
@_DURATION
def from_openapi(
    source: str, only: str | None, all_methods: bool, rate: float | None, duration: float, **where: Any
) -> None:
    """A request for each operation, with the document's examples or values that its schemas allow."""
    try:
        pattern = re.compile(only) if only else None
    except re.error as error:
        raise click.BadParameter(f"{only!r} is no regular expression: {error}", param_hint="--only") from None
    try:
        found = operations_of(_document(source), methods=EVERY if all_methods else USUAL, only=pattern)
    except NotOpenApiError as error:
        fail(f"{source}: {error}", USAGE)
    for name, reason in found.left_out.items():
        _say(f"left out {name}: {reason}")
    _write_constant(source, found.requests, found.title, rate, duration, where)


@profile_group.command("from-har")
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--origin", metavar="URL", help="Whose requests to take; the most frequent one by default.")
@click.option("--all", "static", is_flag=True, help="Take images, styles and scripts, too.")
@click.option("--with-credentials", is_flag=True, help="Take cookies, tokens and their like, too.")
@_OUT
@_FORCE
@_NAME
@_RATE
@_DURATION
def from_har(
    source: Path,
    origin: str | None,
    static: bool,
    with_credentials: bool,
    rate: float | None,
    duration: float,
    **where: Any,
) -> None:
    """The requests of one origin that a browser saved; the same ones become one, with a weight."""
    try:
        har = json.loads(_text(source))
        known = origins(har)
        chosen = origin.rstrip("/") if origin else known.most_common(1)[0][0]
        if chosen not in known:
            fail(f"{source}: holds no request to {chosen}; there are {', '.join(known)}", USAGE)
        traffic = traffic_of(har, chosen, static=static, credentials=with_credentials)
    except json.JSONDecodeError as error:
        fail(f"{source}:{error.lineno}: is no JSON: {error.msg}", USAGE)
    except NotHarError as error:
        fail(f"{source}: {error}", USAGE)
    _say(f"requests to {chosen}: send them with --target {chosen}")
    for reason, number in traffic.left_out.items():
        _say(f"left out {number:,}: {reason}")
    _write_constant(str(source), traffic.requests, source.stem, rate, duration, where)


@profile_group.command("from-access-log")
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--most", type=click.IntRange(1, 5_000), default=_MOST, show_default=True, help="Requests to keep."
)
@_OUT
@_FORCE
@_NAME
@_RATE
@_DURATION
def from_access_log(
    source: Path, most: int, rate: float | None, duration: float, out: Path | None, **where: Any
) -> None:
    """The GET and HEAD requests of a log, at the times at which they came; with --rate, at an even rate."""
    if out is None and rate is None:
        raise click.UsageError("give --out FILE: the arrival times are written beside it; or --rate")
    try:
        with _lines(source) as lines:
            log = read_log(lines)
    except UnicodeDecodeError:
        fail(f"{source}: is no text in UTF-8", USAGE)
    if not log.seconds:
        where_to = f"{source}:{log.first_unread}" if log.first_unread else str(source)
        fail(f"{where_to}: no line of it is in the Common or Combined Log Format with GET or HEAD", USAGE)
    declared = requests_of(log, most)
    names = {request["name"] for request in declared}
    kept = sum(request["weight"] for request in declared)
    for number, what in (
        (log.unread, f"lines of another format, the first is line {log.first_unread}"),
        (log.other_methods, "requests of other methods: a log has no bodies"),
        (len(log.seconds) - kept, f"requests beyond the {most} most frequent"),
    ):
        if number:
            _say(f"left out {number:,} {what}")
    if rate is not None or out is None:
        _write_constant(str(source), declared, source.stem, rate, duration, {"out": out, **where})
        return
    trace = out.with_suffix(".csv")
    rows = "".join(
        f'{time:.6f},"{name.replace(chr(34), chr(34) * 2)}"\n' for time, name in arrivals_of(log, names)
    )
    profile = {"name": where["name"] or source.stem, "arrivals": "trace", "trace": trace.name}
    files = {trace: f"time_seconds,request\n{rows}", out: as_yaml({**profile, "requests": declared})}
    _write(str(source), files, out, force=where["force"])


# --- Reading ------------------------------------------------------------------------------------------


def _say(text: str) -> None:
    click.echo(f"· {text}", err=True)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        fail(f"{path}: can't be read: {error.strerror}", USAGE)
    except UnicodeDecodeError:
        fail(f"{path}: is no text in UTF-8", USAGE)


@contextmanager
def _lines(path: Path) -> Iterator[TextIO]:
    try:
        with path.open("rb") as file:
            raw = gzip.GzipFile(fileobj=file) if path.suffix == ".gz" else file
            yield TextIOWrapper(raw, encoding="utf-8", errors="replace")
    except (OSError, EOFError) as error:
        fail(f"{path}: can't be read: {getattr(error, 'strerror', None) or error}", USAGE)


def _document(source: str) -> Any:
    if re.match(r"https?://", source):
        try:
            answer = requests.get(source, timeout=_FETCH_SECONDS)
        except requests.RequestException as error:
            fail(f"{source}: can't be fetched ({type(error).__name__})", USAGE)
        if not answer.ok:
            fail(f"{source}: answered {answer.status_code}", USAGE)
        text = answer.text
    else:
        text = _text(Path(source))
    try:
        return YAML(typ="safe", pure=True).load(text)  # JSON is YAML
    except (YAMLError, ValueError) as error:
        fail(f"{source}: is neither JSON nor YAML: {' '.join(str(error).split())[:200]}", USAGE)


# --- Writing ------------------------------------------------------------------------------------------


def _write_constant(
    source: str,
    declared: list[dict[str, Any]],
    name: str,
    rate: float | None,
    duration: float,
    where: Mapping[str, Any],
) -> None:
    if not declared:
        fail(f"{source}: no request of it can be sent", USAGE)
    profile = constant_profile(where["name"] or name, declared, rate=rate or 10.0, duration=f"{duration:g}s")
    out = where["out"]
    _write(source, {out or Path("profile.yaml"): as_yaml(profile)}, out, force=where["force"])


def _write(source: str, files: Mapping[Path, str], out: Path | None, *, force: bool) -> None:
    """Write a profile and what it names, or print it; only what can be loaded again is written."""
    with TemporaryDirectory() as name:
        for path, text in files.items():
            (Path(name) / path.name).write_text(text, encoding="utf-8", newline="")
        try:
            load_profile(Path(name) / (out.name if out else "profile.yaml"))
        except ProblemsError as error:
            said = str(error).replace(f"{name}/", "")
            fail(f"{source}: what was made of it is no profile that can be loaded:\n{said}", USAGE)
    if out is None:
        click.echo(next(iter(files.values())), nl=False)
        return
    if taken := [str(path) for path in files if path.exists() and not force]:
        fail(f"{', '.join(taken)}: is there already; --force replaces it", USAGE)
    try:
        for path, text in files.items():
            write_text(path, text)
    except OSError as error:
        fail(f"{out}: can't be written: {error.strerror}", USAGE)
    _say(f"wrote {', '.join(map(str, files))}")
