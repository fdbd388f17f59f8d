"""``python -m loadtests``: one load in a process of its own, which Locust patches for gevent.

Standard output carries JSON lines (docs/load.md), the log goes to standard error. Exit codes: 0 done,
1 the load could not be sent, 2 bad usage or profile, 130 interrupted.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click
import gevent
import locust  # noqa: F401 - patches the standard library for gevent, so it comes before all else

from loadtests.fleet.child_processes import Children
from loadtests.fleet.master import Fleet
from loadtests.locust.locust_report import LocustReport
from loadtests.profile.durations import parse_duration
from loadtests.profile.profile_models import Profile
from loadtests.profile.profile_reader import load_profile
from loadtests.profile.target_url import parse_address, parse_port
from loadtests.recording.run_files import write_files
from loadtests.schedule.engine import Engine, EngineError
from loadtests.session.engine_choice import engine_for
from loadtests.session.exporter import exposed, of_session
from loadtests.session.ipc import Gate, say
from loadtests.session.session import InterruptedLoadError, Session
from loadtests.session.web_ui import serve
from slo.documents.yaml_source import ProblemsError
from slo.model import RunRecord

FAILED, USAGE, INTERRUPTED = 1, 2, 130
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Options:
    """The command line."""

    path: Path
    host: str | None
    out: Path
    duration: float | None
    rate: float | None
    seed: int | None
    gate: bool
    processes: int
    listen: tuple[str, int] | None
    expect_workers: int
    locust_report: bool
    metrics_port: tuple[str, int] | None
    hold: bool
    web_port: int | None


def _read(parse: Callable[[str], Any]) -> Callable[[click.Context, click.Parameter, str | None], Any]:
    def convert(_context: click.Context, _option: click.Parameter, value: str | None) -> Any:
        try:
            return None if value is None else parse(value)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    return convert


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--profile", "path", type=click.Path(path_type=Path), required=True, help="Load profile.")
@click.option("--host", metavar="URL", help="Service to load.")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder for run.json, requests.csv."
)
@click.option(
    "--duration", callback=_read(parse_duration), help="Length of the measured load; scales the stages."
)
@click.option(
    "--rate", type=click.FloatRange(min=0, min_open=True), help="Highest rate in requests/s; likewise."
)
@click.option("--seed", type=click.IntRange(min=0), help="Instead of the profile's.")
@click.option(
    "--gate", is_flag=True, help="Wait for a line on standard input before each phase; the first is the host."
)
@click.option("--processes", type=click.IntRange(1, 64), default=1, help="Worker processes to send with.")
@click.option(
    "--listen", metavar="HOST:PORT", callback=_read(parse_address), help="Take workers of other machines in."
)
@click.option(
    "--expect-workers", type=click.IntRange(0, 1000), default=0, help="How many of those to wait for."
)
@click.option("--locust-report", is_flag=True, help="Write Locust's own HTML and CSV, too.")
@click.option(
    "--metrics-port",
    metavar="[HOST:]PORT",
    callback=_read(parse_port),
    help="Answer Prometheus's scrapes there.",
)
@click.option("--hold", is_flag=True, help="With --gate: after all is done, stay until one more line.")
@click.option("--web-port", type=click.IntRange(1, 65_535), help="Serve Locust's web UI instead.")
def main(**given: Any) -> None:
    """Send one load and write down what was sent."""
    options = Options(**given)
    if options.expect_workers and options.listen is None:
        raise click.UsageError("--expect-workers needs --listen, the address at which they join")
    if (options.host is None) != options.gate:
        raise click.UsageError("give either --host or --gate")
    if options.hold and not options.gate:
        raise click.UsageError("--hold goes with --gate")
    if options.metrics_port is not None and options.web_port is not None:
        raise click.UsageError(
            "--metrics-port goes without --web-port: Locust's web server has /metrics itself"
        )
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        profile = load_profile(options.path, duration=options.duration, rate=options.rate)
        options.out.mkdir(parents=True, exist_ok=True)
        name = options.out.resolve().name
        if options.web_port is not None:
            work: Callable[[], RunRecord | None] = partial(
                serve, profile, options.host or "", options.web_port, name
            )
        else:
            report = LocustReport(profile.name) if options.locust_report else None
            session = _session(options, profile, name, report)
            work = partial(_whole, session, options, report)
    except (ProblemsError, OSError) as error:
        click.echo(str(error), err=True)
        sys.exit(USAGE)
    gevent.get_hub().NOT_ERROR += (EngineError,)  # told below: no traceback for a taken port
    job = gevent.spawn(_until_interrupted, work)
    for number in (signal.SIGINT, signal.SIGTERM):
        gevent.signal_handler(number, _interrupt, job)
    if options.web_port is None and options.gate:
        session.gate = Gate(partial(_interrupt, job)).wait
    try:
        record = job.get()
    except (EngineError, OSError) as error:
        say("error", message=str(error))
        sys.exit(FAILED)
    sys.exit(INTERRUPTED if record is None or (record.interrupted and not record.aborted) else 0)


def _session(options: Options, profile: Profile, name: str, report: LocustReport | None) -> Session:
    """Give the load that is to be sent.

    Raises:
        ProblemsError: the profile's locustfile can't be loaded, or holds what can't be sent in that way.
    """
    seed = profile.seed if options.seed is None else options.seed
    engine: Engine = engine_for(profile, seed)  # also where it won't send: it finds what is wrong
    if options.processes > 1 or options.listen:
        children = options.processes if options.processes > 1 else 0
        summon = partial(Children, number=children)
        expected = children + options.expect_workers
        engine = Fleet(profile, seed, options.listen or (LOOPBACK, 0), expected, summon)
    session = Session(name, profile, seed, engine, say, lambda: options.host or "")
    if report:
        session.follow = report.following
    return session


def _whole(session: Session, options: Options, report: LocustReport | None) -> RunRecord | None:
    """Send the load and write its files, answering scrapes until the end; ``--hold`` puts that end off."""
    at = options.metrics_port
    with exposed(of_session(session), at) if at else contextlib.nullcontext() as url:
        if url:
            say("metrics", url=url)
        record = session()
        if record is not None:
            others = report.files() if report else {}
            say("done", run=str(write_files(options.out, record, session.measured, others)))
            if options.hold and (record.aborted or not record.interrupted):
                with contextlib.suppress(InterruptedLoadError):
                    session.gate()
    return record


def _until_interrupted(work: Callable[[], RunRecord | None]) -> RunRecord | None:
    with contextlib.suppress(InterruptedLoadError):
        return work()
    return None


def _interrupt(job: gevent.Greenlet[..., RunRecord | None]) -> None:
    job.kill(InterruptedLoadError, block=False)


if __name__ == "__main__":
    main()
