"""Locust's web UI over the users of a profile, until interrupted."""

from __future__ import annotations

import socket

import gevent
from gevent.event import Event
from locust.env import Environment
from locust.stats import stats_history

from loadtests.profile import Profile
from loadtests.talk import say
from loadtests.users import user_classes


def serve(profile: Profile, host: str, port: int) -> None:
    """Serve the web UI on loopback; its users are ordinary, each waiting for its answer.

    Raises:
        OSError: the port is taken.
    """
    with socket.socket() as probe:  # Locust only logs it when its port is taken
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
    environment = Environment(user_classes=user_classes(profile), host=host)
    runner = environment.create_local_runner()
    ui = environment.create_web_ui("127.0.0.1", port)
    history = gevent.spawn(stats_history, runner)
    try:
        say("web", url=f"http://127.0.0.1:{port}")
        Event().wait()
    finally:
        history.kill()
        runner.quit()
        ui.stop()  # type: ignore[no-untyped-call]
