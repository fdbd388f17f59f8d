"""Locust's web UI for the users of a profile, served until it is interrupted."""

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

from loadtests.locust.error_classes import record_request
from loadtests.locust.request_guard import guard_requests
from loadtests.locust.user_class_factory import UserClassFactory
from loadtests.locust.users import load_users
from loadtests.profile import Profile
from loadtests.recording import Recorder
from loadtests.schedule import EngineError, now
from loadtests.session import LoadCollector, create_metrics_app, list_known_names, write_event
from slo.documents import mask_text

STARTUP_SECONDS, POLL_SECONDS = 20.0, 0.02
DEFAULT_USER_COUNT = 10
"""The number of users, and of users started a second, that the page suggests."""


def serve_web_ui(profile: Profile, host: str, port: int, run_id: str) -> None:
    """Serve the web UI at 127.0.0.1; its users form a closed load: each waits for its response.

    A recorder counts what they send, because Locust's statistics can be reset from the page. The same server
    answers Prometheus at ``/metrics``, where ``run_id`` is a label. It refuses requests of other sites, and
    load for another host (see ``loadtests.locust.request_guard``).

    Raises:
        EngineError: the port is in use, or the server does not start.
    """
    _check_port_free(port)
    del sys.argv[1:]  # Locust's page reads its own options there
    options = Namespace(
        num_users=DEFAULT_USER_COUNT,
        spawn_rate=DEFAULT_USER_COUNT,
        run_time=None,
        stats_history_enabled=False,
        headless=False,
    )
    factory = UserClassFactory(
        lambda user, meta, _: user.environment.events.request.fire(
            **{**meta, "name": mask_text(meta["name"])}
        ),
        profile.timeout_seconds,
    )
    environment = Environment(
        user_classes=list(load_users(profile, factory).classes),
        events=locust.events,
        host=host,
        parsed_options=options,
    )
    runner = environment.create_local_runner()
    ui = environment.create_web_ui("127.0.0.1", port, delayed_start=True)
    metrics_app = create_metrics_app(_create_collector(environment, runner, profile, run_id))
    pages = cast("Flask", ui.app)
    guard_requests(pages, port, host)
    pages.add_url_rule("/metrics", "metrics", lambda: Response.from_app(metrics_app, request.environ))
    locust.events.init.fire(environment=environment, runner=runner, web_ui=ui)
    ui.start()
    history = gevent.spawn(stats_history, runner)
    try:
        _wait_until_listening(port)
        write_event("web", url=f"http://127.0.0.1:{port}")
        Event().wait()
    finally:
        history.kill()
        runner.quit()
        ui.stop()


def _create_collector(
    environment: Environment, runner: Runner, profile: Profile, run_id: str
) -> LoadCollector:
    """Return the collector of a recorder that counts every request of the environment."""
    recorder = Recorder(now())
    environment.events.request.add_listener(partial(record_request, recorder))
    return LoadCollector(
        get_recorder=lambda: recorder,
        get_in_flight=lambda: runner.user_count,
        list_known_names=lambda: list_known_names(profile, recorder),
        info_labels={"engine": "locust-web", "profile": profile.name, "run": run_id},
    )


def _check_port_free(port: int) -> None:
    """Raise an error when the port is in use: Locust would only log it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise EngineError(f"port {port} can't be used for the web UI: {error.strerror}") from None


def _wait_until_listening(port: int) -> None:
    """Wait until Locust's server listens; it starts in another greenlet."""
    give_up_at = now() + STARTUP_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError as error:
            if now() > give_up_at:
                raise EngineError(f"the web UI does not listen on port {port}: {error}") from None
            gevent.sleep(POLL_SECONDS)
        else:
            return
