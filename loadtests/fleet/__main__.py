"""``python -m loadtests.fleet HOST:PORT``: a worker that sends for the master at that address.

Exit codes: 0 the master ended the load, 1 the master is lost or does not answer, 2 bad usage.
"""

from __future__ import annotations

import signal
import sys

import click
import gevent
import locust  # noqa: F401 - patches the standard library for gevent, so it comes first

from loadtests.fleet.engine_choice import create_engine
from loadtests.fleet.worker import ANSWER_SECONDS, Worker
from loadtests.profile import parse_address
from loadtests.session import Gate, add_parent_option, configure_logging, watch_parent


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("master", metavar="HOST:PORT")
@click.option("--child", is_flag=True, help="End when standard input is closed.")
@click.option(
    "--answer-seconds",
    type=click.FloatRange(min=0),
    default=ANSWER_SECONDS,
    help="How long to wait for the master's first answer.",
)
@add_parent_option
def main(master: str, child: bool, answer_seconds: float, parent: int | None) -> None:
    """Send a shard of the load for the master at HOST:PORT."""
    watch_parent(parent)
    try:
        host, port = parse_address(master)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="HOST:PORT") from None
    configure_logging()
    worker = Worker(host, port, create_engine, answer_seconds)
    gevent.signal_handler(signal.SIGTERM, worker.quit)
    if child:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the worker through the master
        Gate(worker.quit)
    else:
        gevent.signal_handler(signal.SIGINT, worker.quit)
    sys.exit(0 if worker.run() else 1)


if __name__ == "__main__":
    main()
