"""Locust's web UI over the users of a profile, until interrupted."""

from __future__ import annotations

import socket
import sys
from argparse import Namespace
from functools import partial
from typing import cast

import gevent
import locust
from flask import Flask, Response, request
from gevent.event import Event
from locust.env import Environment
from locust.runners import Runner
from locust.stats import stats_history

from loadtests.locust.clients import Clients
from loadtests.locust.error_classes import book
from loadtests.locust.users import user_classes
from loadtests.profile.profile_models import Profile
from loadtests.recording.recorder import Books
from loadtests.schedule.clock import now
from loadtests.schedule.engine import EngineError
from loadtests.session.exporter import LoadCollector, application, known_names
from loadtests.session.ipc import say

UP_SECONDS, POLL_SECONDS = 20.0, 0.02
USERS = 10
"""What the page suggests to start with."""


def serve(profile: Profile, host: str, port: int, run: str) -> None:
    """Serve the web UI on loopback; its users are ordinary, each waiting for its answer.

    What they send is counted in books of our own, as Locust's statistics can be reset from the page; the
    server answers scrapes of them at ``/metrics``. ``run`` names them there.

    Raises:
        EngineError: the port is taken.
    """
    _check_free(port)
    del sys.argv[1:]  # Locust's page reads its own options there
    options = Namespace(
        num_users=USERS, spawn_rate=USERS, run_time=None, stats_history_enabled=False, headless=False
    )
    clients = Clients(
        lambda user, meta, _: user.environment.events.request.fire(**meta), profile.timeout_seconds
    )
    environment = Environment(
        user_classes=user_classes(profile, clients), events=locust.events, host=host, parsed_options=options
    )
    runner = environment.create_local_runner()
    ui = environment.create_web_ui("127.0.0.1", port, delayed_start=True)
    scrapes = application(_collector(environment, runner, profile, run))
    pages = cast("Flask", ui.app)
    pages.add_url_rule("/metrics", "metrics", lambda: Response.from_app(scrapes, request.environ))
    locust.events.init.fire(environment=environment, runner=runner, web_ui=ui)
    ui.start()
    history = gevent.spawn(stats_history, runner)
    try:
        _await_answer(port)
        say("web", url=f"http://127.0.0.1:{port}")
        Event().wait()
    finally:
        history.kill()
        runner.quit()
        ui.stop()


def _collector(environment: Environment, runner: Runner, profile: Profile, run: str) -> LoadCollector:
    """Keep books of every request that is over."""
    books = Books(now())
    environment.events.request.add_listener(partial(book, books))
    return LoadCollector(
        books=lambda: books,
        in_flight=lambda: runner.user_count,
        known=lambda: known_names(profile, books),
        info={"engine": "locust-web", "profile": profile.name, "run": run},
    )


def _check_free(port: int) -> None:
    """Try the port: Locust only logs it when its port is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise EngineError(f"port {port} can't be had for the web UI: {error.strerror}") from None


def _await_answer(port: int) -> None:
    """Wait until Locust listens; it begins to in a greenlet of its own."""
    give_up = now() + UP_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError as error:
            if now() > give_up:
                raise EngineError(f"the web UI does not listen on port {port}: {error}") from None
            gevent.sleep(POLL_SECONDS)
        else:
            return
