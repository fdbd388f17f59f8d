"""Connections that send each request once.

geventhttpclient sends a GET, PUT or DELETE again when the server hangs up on it, as often as its pool has
places and once more (``HTTPClient.request``, version 2.6): a service in trouble would get many times the
load that was asked for, and the counts would not reconcile.
"""

from __future__ import annotations

from gevent.ssl import create_default_context
from geventhttpclient.client import HTTPClient, HTTPClientPool
from geventhttpclient.url import URL
from locust import FastHttpUser
from locust.contrib.fasthttp import insecure_ssl_context_factory

MOST_CONNECTIONS = 10_000
_NO_FURTHER_ATTEMPT = -1


class SingleAttemptPool(HTTPClientPool):
    """Connections that all users of a class share, the latest used first.

    So few stay open, and hardly one lies idle for so long that its server closes it.
    """

    def __init__(self, user: type[FastHttpUser]) -> None:
        trust = insecure_ssl_context_factory if user.insecure else create_default_context
        super().__init__(
            concurrency=MOST_CONNECTIONS,
            network_timeout=user.network_timeout,
            connection_timeout=user.connection_timeout,
            insecure=user.insecure,
            ssl_context_factory=user.ssl_context_factory or trust,
            proxy_host=user.proxy_host,
            proxy_port=user.proxy_port,
        )

    def get_client(self, url: str | URL) -> HTTPClient:
        """Give the client of an address, told not to try again."""
        client = super().get_client(url)
        client._connection_pool.size = _NO_FURTHER_ATTEMPT  # noqa: SLF001 - no option says it
        return client
