"""The clients of Locust's fast users: raw connections of ours where they can, else geventhttpclient once."""

from __future__ import annotations

from typing import Any, cast

from locust import FastHttpUser, User

from loadtests.http.connection_pool import Pool
from loadtests.http.tls import trusting_context, verifying_context
from loadtests.http.user_session import Report, WireSession
from loadtests.locust.single_attempt import SingleAttemptPool
from loadtests.locust.subclassing import derived

_BEYOND_US = ("client_pool", "ssl_context_factory", "proxy_host")
"""Settings of a user's class that ask for what geventhttpclient does."""


class Clients:
    """Makes one request of a user one request on the wire: none is sent twice, none waits without end.

    ``timeout`` (seconds) holds for users whose class sets none.
    """

    def __init__(self, report: Report, timeout: float) -> None:
        self._report, self._timeout = report, timeout
        self._pools: list[Pool] = []

    def given_to(self, user: type[User]) -> type[User]:
        """Give a class of users that send so; users of other clients stay what they are."""
        if not issubclass(user, FastHttpUser):
            return user
        once = _once(user, self._timeout)
        return once if any(getattr(user, name) for name in _BEYOND_US) else self._wired(once, user)

    def closing(self, yes: bool) -> None:
        """Have users begin nothing any more, or again."""
        for pool in self._pools:
            pool.closing = yes

    def close(self) -> None:
        """Close every connection."""
        for pool in self._pools:
            pool.close()

    def _wired(self, once: type[FastHttpUser], given: type[FastHttpUser]) -> type[User]:
        context = trusting_context if given.insecure else verifying_context
        pool = Pool(context, once.connection_timeout, once.network_timeout)
        self._pools.append(pool)
        redirects, report = given.max_redirects, self._report

        def begin(self: Any, environment: Any) -> None:
            once.__init__(self, environment)
            self.client = WireSession(self.client, pool, redirects, report)

        return derived(once, given.__name__, {"__init__": begin})


def _once(user: type[FastHttpUser], timeout: float) -> type[FastHttpUser]:
    settings: dict[str, Any] = {"max_redirects": 0, "max_retries": 0}
    for name in ("network_timeout", "connection_timeout"):
        if getattr(user, name) == getattr(FastHttpUser, name):
            settings[name] = timeout
    once = cast("type[FastHttpUser]", derived(user, user.__name__, settings))
    once.client_pool = user.client_pool or SingleAttemptPool(once)
    return once
