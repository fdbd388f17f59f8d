"""What the engines share that send with Locust's users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from math import nan
from types import TracebackType
from typing import Any, Self

import locust
from locust import User
from locust.env import Environment

from loadtests.http.responses import Reply
from loadtests.locust.clients import Clients
from loadtests.locust.error_classes import error_class, status
from loadtests.locust.locust_statistics import LocustStatistics
from loadtests.locust.request_event import RequestEvent
from loadtests.locust.users import user_classes
from loadtests.profile.profile_models import Profile
from loadtests.recording.recorder import Books
from loadtests.schedule.clock import ORIGIN, now
from slo.model import GeneratorProcess


class LocustEngine:
    """Holds Locust's environment and its runner, and books every request of its users.

    Listeners that the locustfile adds to ``locust.events`` are heard; Locust's statistics are filled from
    the books instead (:mod:`loadtests.statistics`).
    """

    def __init__(self, profile: Profile, stop_timeout: float) -> None:
        self._clients = Clients(self._report, profile.timeout_seconds)
        users = [self._arranged(one) for one in user_classes(profile, self._clients)]
        events = locust.events
        self._environment = Environment(user_classes=users, events=events, stop_timeout=stop_timeout)
        listeners = list(events.request._handlers)  # noqa: SLF001 - those of the locustfile
        self._runner = self._environment.create_local_runner()
        self._statistics = LocustStatistics(self._environment.stats)
        self._shown = Books()
        self._request = events.request = RequestEvent(listeners, self._on_request)
        _fire(events.init, environment=self._environment, runner=self._runner, web_ui=None)

    @property
    def versions(self) -> Mapping[str, str]:
        """Versions of the libraries that send."""
        return {name: version(name) for name in ("locust", "gevent", "httptools", "geventhttpclient")}

    @property
    def lead_seconds(self) -> float:
        """Tell how long an order takes to arrive."""
        return 0.0

    def processes(self) -> Sequence[GeneratorProcess]:
        """Give none: it sends itself."""
        return ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.stop()
        self._shown.reduce()
        _fire(self._environment.events.quitting, environment=self._environment, reverse=True)
        self._runner.quit()
        self._clients.close()

    def _show(self, books: Books) -> None:
        """Have Locust's statistics show what is written in these books, and in them alone."""
        self._shown.reduce()
        self._environment.stats.clear_all()
        self._shown = books
        books.tell(self._statistics.add)

    def _at_hand(self) -> Any:
        """Give the arrival that the current greenlet works for, if any."""
        return None

    def _arranged(self, user: type[User]) -> type[User]:
        """Give the class of users that the engine sends with."""
        return user

    def _book(self, arrival: Any, **row: Any) -> None:
        """Write down a request that is over; ``arrival`` is what its user was at, if it was at any."""
        raise NotImplementedError

    def _report(self, user: Any, meta: dict[str, Any], reply: Reply) -> None:
        """Book a request of our own client, and tell whoever listens."""
        error = meta["exception"]
        self._book(
            getattr(user, "_arrival", None),
            name=meta["name"],
            asked=reply.asked + ORIGIN,
            began=reply.began + ORIGIN,
            first=reply.first + ORIGIN,
            ended=reply.ended + ORIGIN,
            status=reply.status,
            error=None if error is None else error_class(error, meta["response"]),
            method=meta["request_type"],
            body_bytes=reply.length,
        )
        if self._request.heard:
            self._request.tell(meta)

    def _on_request(
        self,
        name: str,
        request_type: str,
        response_time: float,
        response_length: int,
        response: Any = None,
        exception: BaseException | None = None,
        **_: object,
    ) -> None:
        """Book a request of any other client."""
        ended = now()
        self._book(
            self._at_hand(),
            name=name,
            asked=ended - (response_time or 0) / 1000,
            began=None,
            first=nan,
            ended=ended,
            status=status(response),
            error=error_class(exception, response),
            method=request_type,
            body_bytes=response_length or 0,
        )


def _fire(event: Any, **fields: Any) -> None:
    event.fire(**fields)
