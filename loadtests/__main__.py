"""``python -m loadtests``: sends one load in a process of its own, which Locust patches for gevent.

Standard output carries JSON lines (docs/load.md), the log goes to standard error. Exit codes: 0 done, 1 the
load could not be sent, 2 bad usage or profile, 130 interrupted.
"""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click
import gevent
import locust  # noqa: F401 - patches the standard library for gevent, so it comes first

from loadtests.fleet import ChildWorkers, FleetEngine, create_engine
from loadtests.locust import LocustReport, serve_web_ui
from loadtests.profile import Profile, load_profile, parse_address, parse_duration, parse_port_address
from loadtests.recording import write_run_files
from loadtests.schedule import Engine, EngineError
from loadtests.session import (
    Gate,
    InterruptedLoadError,
    LoadSession,
    add_parent_option,
    configure_logging,
    create_session_collector,
    serve_metrics,
    watch_parent,
    write_event,
)
from slo.documents import ProblemsError, make_terminal_safe, mask_text
from slo.model import RunRecord

EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Options:
    """The options of the command line."""

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

    def check_combination(self) -> None:
        """Raise a usage error for options that exclude or need each other."""
        if self.expect_workers and self.listen is None:
            raise click.UsageError("--expect-workers needs --listen, the address that workers connect to")
        if (self.host is None) != self.gate:
            raise click.UsageError("give either --host or --gate")
        if self.hold and not self.gate:
            raise click.UsageError("--hold needs --gate")
        if self.metrics_port is not None and self.web_port is not None:
            raise click.UsageError(
                "--metrics-port excludes --web-port: Locust's web server answers at /metrics itself"
            )


def _parse_option(parse: Callable[[str], Any]) -> Callable[[click.Context, click.Parameter, str | None], Any]:
    def convert(_context: click.Context, _option: click.Parameter, value: str | None) -> Any:
        try:
            return None if value is None else parse(value)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    return convert


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--profile", "path", type=click.Path(path_type=Path), required=True, help="Load profile.")
@click.option("--host", metavar="URL", help="Target URL.")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder for run.json and requests.csv."
)
@click.option(
    "--duration",
    callback=_parse_option(parse_duration),
    help="Length of the measured load; scales the stages.",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    help="Highest rate in requests/s; scales the rates of the stages.",
)
@click.option("--seed", type=click.IntRange(min=0), help="Seed to use instead of the profile's.")
@click.option(
    "--gate",
    is_flag=True,
    help="Wait for a line on standard input before each phase; the first line is the target URL.",
)
@click.option("--processes", type=click.IntRange(1, 64), default=1, help="Worker processes to send with.")
@click.option(
    "--listen",
    metavar="HOST:PORT",
    callback=_parse_option(parse_address),
    help="Accept workers of other machines at this address.",
)
@click.option(
    "--expect-workers",
    type=click.IntRange(0, 1000),
    default=0,
    help="Number of workers of other machines to wait for.",
)
@click.option("--locust-report", is_flag=True, help="Write Locust's own HTML and CSV reports as well.")
@click.option(
    "--metrics-port",
    metavar="[HOST:]PORT",
    callback=_parse_option(parse_port_address),
    help="Serve the load's Prometheus metrics at this port.",
)
@click.option("--hold", is_flag=True, help="With --gate: when the load is done, wait for one more line.")
@click.option("--web-port", type=click.IntRange(1, 65_535), help="Serve Locust's web UI instead of a load.")
@add_parent_option
def main(parent: int | None, **parameters: Any) -> None:
    """Send one load and write what was sent."""
    watch_parent(parent)
    options = Options(**parameters)
    options.check_combination()
    configure_logging()
    try:
        profile = load_profile(options.path, duration=options.duration, rate=options.rate)
        options.out.mkdir(parents=True, exist_ok=True)
        run_id = options.out.resolve().name
        if options.web_port is not None:
            run: Callable[[], RunRecord | None] = partial(
                serve_web_ui, profile, options.host or "", options.web_port, run_id
            )
        else:
            report = LocustReport(profile.name) if options.locust_report else None
            session = _create_session(options, profile, run_id, report)
            run = partial(_run_session, session, options, report)
    except (ProblemsError, OSError) as error:
        click.echo(make_terminal_safe(mask_text(str(error))), err=True)
        sys.exit(EXIT_USAGE)
    gevent.get_hub().NOT_ERROR += (EngineError,)  # it is reported below; a port in use needs no traceback
    job = gevent.spawn(_run_until_interrupted, run)
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        gevent.signal_handler(signal_number, _interrupt, job)
    if options.web_port is None and options.gate:
        session.wait_for_gate = Gate(partial(_interrupt, job)).wait
    try:
        record = job.get()
    except (EngineError, OSError) as error:
        write_event("error", message=str(error))
        sys.exit(EXIT_FAILED)
    sys.exit(EXIT_INTERRUPTED if record is None or (record.interrupted and not record.aborted) else 0)


def _create_session(
    options: Options, profile: Profile, run_id: str, report: LocustReport | None
) -> LoadSession:
    """Return the session of the load.

    Raises:
        ProblemsError: the locustfile can't be loaded, or contains something that this kind of load can't run.
    """
    seed = profile.seed if options.seed is None else options.seed
    engine: Engine = create_engine(profile, seed)  # also with workers: it checks the locustfile
    if options.processes > 1 or options.listen:
        child_count = options.processes if options.processes > 1 else 0
        engine = FleetEngine(
            profile,
            seed,
            options.listen or (LOOPBACK, 0),
            child_count + options.expect_workers,
            partial(ChildWorkers, count=child_count),
        )
    session = LoadSession(run_id, profile, seed, engine, write_event, lambda: options.host or "")
    if report:
        session.observe = report.follow
    return session


def _run_session(session: LoadSession, options: Options, report: LocustReport | None) -> RunRecord | None:
    """Send the load and write its files while scrapes are answered; ``--hold`` waits for one more line."""
    address = options.metrics_port
    collector = create_session_collector(session)
    with serve_metrics(collector, address) if address else contextlib.nullcontext() as url:
        if url:
            write_event("metrics", url=url)
        record = session.run()
        if record is not None:
            extra_files = report.render_files() if report else {}
            path = write_run_files(options.out, record, session.recorder, extra_files)
            write_event("done", run=str(path))
            if options.hold and (record.aborted or not record.interrupted):
                with contextlib.suppress(InterruptedLoadError):
                    session.wait_for_gate()
    return record


def _run_until_interrupted(run: Callable[[], RunRecord | None]) -> RunRecord | None:
    with contextlib.suppress(InterruptedLoadError):
        return run()
    return None


def _interrupt(job: gevent.Greenlet[..., RunRecord | None]) -> None:
    job.kill(InterruptedLoadError, block=False)


if __name__ == "__main__":
    main()
