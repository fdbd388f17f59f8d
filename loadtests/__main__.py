"""``python -m loadtests``: one load in a process of its own, which Locust patches for gevent.

Standard output carries JSON lines (docs/load.md), the log goes to standard error. Exit codes: 0 done,
1 the load could not be sent, 2 bad usage or profile, 130 interrupted.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from pathlib import Path

import click
import gevent
import locust  # noqa: F401 - patches the standard library for gevent, so it comes before all else

from loadtests.closed_loop import ClosedEngine
from loadtests.durations import parse_duration
from loadtests.engine import Engine, EngineError
from loadtests.exporter import exposed, of_session
from loadtests.open_loop import OpenEngine
from loadtests.profile import OpenProfile, Profile, load_profile
from loadtests.runfile import to_json
from loadtests.session import InterruptedLoadError, Session
from loadtests.talk import Gate, say
from loadtests.web import serve
from loadtests.wire.engine import WireEngine
from slo.document import ProblemsError
from slo.model import RunRecord, Second

FAILED, USAGE, INTERRUPTED = 1, 2, 130


def _seconds(_context: click.Context, _option: click.Parameter, value: str | None) -> float | None:
    try:
        return None if value is None else parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--profile", "path", type=click.Path(path_type=Path), required=True, help="Load profile.")
@click.option("--host", metavar="URL", help="Service to load.")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder for run.json, requests.csv."
)
@click.option(
    "--duration", callback=_seconds, help="Length of the measured load, e.g. 30s; scales the stages."
)
@click.option(
    "--rate", type=click.FloatRange(min=0, min_open=True), help="Highest rate in requests/s; likewise."
)
@click.option("--seed", type=click.IntRange(min=0), help="Instead of the profile's.")
@click.option(
    "--gate", is_flag=True, help="Wait for a line on standard input before each phase; the first is the host."
)
@click.option("--metrics-port", type=click.IntRange(1, 65_535), help="Answer Prometheus's scrapes there.")
@click.option("--hold", is_flag=True, help="With --gate: after all is done, stay until one more line.")
@click.option("--web-port", type=click.IntRange(1, 65_535), help="Serve Locust's web UI instead.")
def main(  # noqa: PLR0913, PLR0917 - one parameter an option
    path: Path,
    host: str | None,
    out: Path,
    duration: float | None,
    rate: float | None,
    seed: int | None,
    gate: bool,
    metrics_port: int | None,
    hold: bool,
    web_port: int | None,
) -> None:
    """Send one load and write down what was sent."""
    if (host is None) != gate:
        raise click.UsageError("give either --host or --gate")
    if hold and not gate:
        raise click.UsageError("--hold goes with --gate")
    if metrics_port is not None and web_port is not None:
        raise click.UsageError(
            "--metrics-port goes without --web-port: Locust's web server has /metrics itself"
        )
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        profile = load_profile(path, duration=duration, rate=rate)
        chosen = profile.seed if seed is None else seed
        out.mkdir(parents=True, exist_ok=True)
        work: Callable[[], RunRecord | None]
        if web_port is None:
            session = Session(
                out.resolve().name, profile, chosen, _engine(profile, chosen), say, lambda: host or ""
            )
            work = partial(_whole, session, out, metrics_port, hold=hold)
        else:
            work = partial(serve, profile, host or "", web_port, out.resolve().name)
    except (ProblemsError, OSError) as error:
        click.echo(str(error), err=True)
        sys.exit(USAGE)
    gevent.get_hub().NOT_ERROR += (EngineError,)  # told below: no traceback for a taken port
    job = gevent.spawn(_until_interrupted, work)
    for number in (signal.SIGINT, signal.SIGTERM):
        gevent.signal_handler(number, _interrupt, job)
    if gate and web_port is None:
        session.gate = Gate(partial(_interrupt, job)).wait
    try:
        record = job.get()
    except (EngineError, OSError) as error:
        say("error", message=str(error))
        sys.exit(FAILED)
    sys.exit(INTERRUPTED if record is None or record.interrupted else 0)


def _whole(session: Session, out: Path, metrics_port: int | None, *, hold: bool) -> RunRecord | None:
    """Send the load and write its files, answering scrapes until the end; ``hold`` puts that end off."""
    with exposed(of_session(session), metrics_port) if metrics_port else contextlib.nullcontext() as url:
        if url:
            say("metrics", url=url)
        record = session.run()
        if record is not None:
            _write(out, record)
            if hold and not record.interrupted:
                with contextlib.suppress(InterruptedLoadError):
                    session.gate()
    return record


def _until_interrupted(work: Callable[[], RunRecord | None]) -> RunRecord | None:
    with contextlib.suppress(InterruptedLoadError):
        return work()
    return None


def _interrupt(job: gevent.Greenlet[..., RunRecord | None]) -> None:
    job.kill(InterruptedLoadError, block=False)


def _engine(profile: Profile, seed: int) -> Engine:
    if profile.requests is not None:
        return WireEngine(profile, seed)
    if isinstance(profile, OpenProfile):
        return OpenEngine(profile, seed)
    return ClosedEngine(profile, seed)


def _write(out: Path, record: RunRecord) -> None:
    """Write the files of the load, and say that it is done."""
    _replace(out / "requests.csv", _table(record))
    _replace(out / "run.json", json.dumps(to_json(record), allow_nan=False, indent=1) + "\n")
    say("done", run=str(out / "run.json"))


def _table(record: RunRecord) -> str:
    """Give the seconds of a record as CSV; percentiles of response time in seconds."""
    names = [field.name for field in fields(Second)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(f"{name}_seconds" if name.startswith("p") else name for name in names)
    writer.writerows([getattr(second, name) for name in names] for second in record.series)
    return text.getvalue()


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(name).chmod(0o644)
    Path(name).replace(path)


if __name__ == "__main__":
    main()
