"""Derives user classes that send each request once: over raw connections, or else by geventhttpclient."""

from __future__ import annotations

from collections.abc import Mapping
from types import new_class
from typing import Any, cast

from gevent.ssl import create_default_context
from geventhttpclient.client import HTTPClient, HTTPClientPool
from geventhttpclient.url import URL
from locust import FastHttpUser, User
from locust.contrib.fasthttp import insecure_ssl_context_factory

from loadtests.http import ConnectionPool, create_trusting_context, create_verifying_context
from loadtests.locust.user_session import PooledSession, ReportRequest

MAX_CONNECTIONS = 10_000
_NO_FURTHER_ATTEMPT = -1
_UNSUPPORTED_SETTINGS = ("client_pool", "ssl_context_factory", "proxy_host")
"""Settings of a user class that only geventhttpclient supports."""


class UserClassFactory:
    """Derives user classes whose users send each request once, with a timeout.

    ``timeout`` (seconds) applies to user classes that set none. ``report`` is called for each request that is
    sent over raw connections.
    """

    def __init__(self, report: ReportRequest, timeout: float) -> None:
        self._report, self._timeout = report, timeout
        self._pools: list[ConnectionPool] = []

    def create_user_class(self, user_class: type[User]) -> type[User]:
        """Return the class to run in place of ``user_class``; one without ``FastHttpUser`` is unchanged."""
        if not issubclass(user_class, FastHttpUser):
            return user_class
        single_attempt_class = _create_single_attempt_class(user_class, self._timeout)
        if any(getattr(user_class, name) for name in _UNSUPPORTED_SETTINGS):
            return single_attempt_class
        return self._use_connection_pool(single_attempt_class, user_class)

    def set_closing(self, is_closing: bool) -> None:
        """Stop users from starting a task, or allow it again."""
        for pool in self._pools:
            pool.is_closing = is_closing

    def close(self) -> None:
        """Close every connection."""
        for pool in self._pools:
            pool.close()

    def _use_connection_pool(
        self, single_attempt_class: type[FastHttpUser], user_class: type[FastHttpUser]
    ) -> type[User]:
        create_context = create_trusting_context if user_class.insecure else create_verifying_context
        pool = ConnectionPool(
            create_context, single_attempt_class.connection_timeout, single_attempt_class.network_timeout
        )
        self._pools.append(pool)
        max_redirects, report = user_class.max_redirects, self._report

        def initialize(self: Any, environment: Any) -> None:
            single_attempt_class.__init__(self, environment)
            self.client = PooledSession(self.client, pool, max_redirects, report)

        return create_subclass(single_attempt_class, user_class.__name__, {"__init__": initialize})


def create_subclass(base: type[User], name: str, members: Mapping[str, Any]) -> type[User]:
    """Return a user class derived from ``base``, with additional members."""
    body = {"__module__": base.__module__, "abstract": False, **members}
    return cast("type[User]", new_class(name, (base,), exec_body=lambda namespace: namespace.update(body)))


def _create_single_attempt_class(user_class: type[FastHttpUser], timeout: float) -> type[FastHttpUser]:
    settings: dict[str, Any] = {"max_redirects": 0, "max_retries": 0}
    for name in ("network_timeout", "connection_timeout"):
        if getattr(user_class, name) == getattr(FastHttpUser, name):
            settings[name] = timeout
    derived = cast("type[FastHttpUser]", create_subclass(user_class, user_class.__name__, settings))
    derived.client_pool = user_class.client_pool or SingleAttemptPool(derived)
    return derived


class SingleAttemptPool(HTTPClientPool):
    """geventhttpclient's connections, shared by all users of a class; each request is sent once.

    geventhttpclient sends a GET, PUT or DELETE again when the server closes the connection, as often as its
    pool has connections and once more (``HTTPClient.request``, version 2.6). A failing service would get a
    multiple of the intended load, and the counts would not reconcile. The most recently used connection is
    used first, so few connections stay open and hardly any is idle until its server closes it.
    """

    def __init__(self, user_class: type[FastHttpUser]) -> None:
        default_factory = insecure_ssl_context_factory if user_class.insecure else create_default_context
        super().__init__(
            concurrency=MAX_CONNECTIONS,
            network_timeout=user_class.network_timeout,
            connection_timeout=user_class.connection_timeout,
            insecure=user_class.insecure,
            ssl_context_factory=user_class.ssl_context_factory or default_factory,
            proxy_host=user_class.proxy_host,
            proxy_port=user_class.proxy_port,
        )

    def get_client(self, url: str | URL) -> HTTPClient:
        """Return the client of a server, configured to make a single attempt."""
        client = super().get_client(url)
        client._connection_pool.size = _NO_FURTHER_ATTEMPT  # noqa: SLF001 - there is no option for it
        return client
