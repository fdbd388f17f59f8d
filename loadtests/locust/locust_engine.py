"""The base class of the engines that send with Locust's users."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from math import nan
from types import TracebackType
from typing import Any, Self

import locust
from locust import User
from locust.env import Environment
from locust.event import EventHook

from loadtests.http import RawResponse
from loadtests.locust.error_classes import classify_error, describe_exception, get_status
from loadtests.locust.locust_statistics import LocustStatistics
from loadtests.locust.user_class_factory import UserClassFactory
from loadtests.locust.users import load_users
from loadtests.profile import Profile
from loadtests.recording import Recorder
from loadtests.schedule import CLOCK_ORIGIN, now
from slo.model import GeneratorProcess


class LocustEngine:
    """Runs Locust's environment and runner, and records every request of its users.

    Listeners that the locustfile adds to ``locust.events`` are called. Locust's statistics are filled from
    the recorder (:mod:`loadtests.locust.locust_statistics`).
    """

    def __init__(self, profile: Profile, stop_timeout: float) -> None:
        self._user_class_factory = UserClassFactory(self._report_request, profile.timeout_seconds)
        loaded = load_users(profile, self._user_class_factory)
        self._load_shape = loaded.load_shape
        users = self._prepare_user_classes(loaded.classes)
        events = locust.events
        self._environment = Environment(user_classes=users, events=events, stop_timeout=stop_timeout)
        listeners = list(events.request._handlers)  # noqa: SLF001 - those of the locustfile
        self._runner = self._environment.create_local_runner()
        self._statistics = LocustStatistics(self._environment.stats)
        self._shown_recorder = Recorder()
        self._request_event = events.request = RequestEvent(listeners, self._on_request_event)
        events.user_error.add_listener(self._on_user_error)
        _fire_event(events.init, environment=self._environment, runner=self._runner, web_ui=None)

    @property
    def versions(self) -> Mapping[str, str]:
        """Versions of the libraries that send requests, by name."""
        return {name: version(name) for name in ("locust", "gevent", "httptools", "geventhttpclient")}

    @property
    def lead_seconds(self) -> float:
        """Seconds that an order to send takes to arrive: none within this process."""
        return 0.0

    def read_process_health(self) -> Sequence[GeneratorProcess]:
        """Return nothing: no other process sends for this engine."""
        return ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.stop()
        self._shown_recorder.reduce_rows()
        _fire_event(self._environment.events.quitting, environment=self._environment, reverse=True)
        self._runner.quit()
        self._environment.events.user_error.remove_listener(self._on_user_error)
        self._user_class_factory.close()

    def _show_statistics(self, recorder: Recorder) -> None:
        """Clear Locust's statistics, and fill them from this recorder from now on."""
        self._shown_recorder.reduce_rows()
        self._environment.stats.clear_all()
        self._shown_recorder = recorder
        recorder.add_listener(self._statistics.add)

    def _find_current_arrival(self) -> Any:
        """Return the arrival whose task the current greenlet runs, ``None`` for none."""
        return None

    def _prepare_user_classes(self, user_classes: Sequence[type[User]]) -> list[type[User]]:
        """Return the user classes that the engine runs in place of these."""
        return list(user_classes)

    def _record(self, arrival: Any, **request: Any) -> None:
        """Record a finished request of an arrival's task, or of no arrival (``None``)."""
        raise NotImplementedError

    def _on_user_error(self, user_instance: Any, exception: BaseException, **_: object) -> None:
        """Count a task that raised, or a user whose ``on_start`` raised."""
        is_start = isinstance(user_instance, User)  # a task's error comes with its task set
        text = describe_exception(exception)
        self._shown_recorder.record_task_error(f"on_start: {text}" if is_start else text, is_start=is_start)

    def _report_request(self, user: Any, meta: dict[str, Any], raw_response: RawResponse) -> None:
        """Record a request of a :class:`~loadtests.locust.user_session.PooledSession`; call the listeners."""
        error = meta["exception"]
        self._record(
            getattr(user, "_arrival", None),
            name=meta["name"],
            requested_at=raw_response.requested_at + CLOCK_ORIGIN,
            sent_at=raw_response.sent_at + CLOCK_ORIGIN,
            first_byte_at=raw_response.first_byte_at + CLOCK_ORIGIN,
            ended_at=raw_response.ended_at + CLOCK_ORIGIN,
            status=raw_response.status,
            error=None if error is None else classify_error(error, meta["response"]),
            method=meta["request_type"],
            body_bytes=raw_response.body_bytes,
        )
        if self._request_event.has_listeners:
            self._request_event.notify_listeners(meta)

    def _on_request_event(
        self,
        name: str,
        request_type: str,
        response_time: float,
        response_length: int,
        response: Any = None,
        exception: BaseException | None = None,
        **_: object,
    ) -> None:
        """Record a request of any other client."""
        ended_at = now()
        self._record(
            self._find_current_arrival(),
            name=name,
            requested_at=ended_at - (response_time or 0) / 1000,
            sent_at=None,
            first_byte_at=nan,
            ended_at=ended_at,
            status=get_status(response),
            error=classify_error(exception, response),
            method=request_type,
            body_bytes=response_length or 0,
        )


class RequestEvent(EventHook):
    """``events.request``, fired by Locust's clients; records each request before the listeners are called.

    Requests of our own client are recorded without it, and cost nothing here if there are no listeners.
    """

    def __init__(self, listeners: list[Callable[..., None]], record_request: Callable[..., None]) -> None:
        self._handlers = listeners
        self._record_request = record_request

    @property
    def has_listeners(self) -> bool:
        """Whether the locustfile has added a listener."""
        return bool(self._handlers)

    def fire(self, *, reverse: bool = False, **kwargs: Any) -> None:
        """Record a request that one of Locust's clients sent; call the listeners."""
        self._record_request(**kwargs)
        super().fire(reverse=reverse, **kwargs)  # type: ignore[no-untyped-call]

    def notify_listeners(self, meta: dict[str, Any]) -> None:
        """Call the listeners with a request that is already recorded."""
        super().fire(**meta)  # type: ignore[no-untyped-call]


def _fire_event(event: Any, **fields: Any) -> None:
    event.fire(**fields)
