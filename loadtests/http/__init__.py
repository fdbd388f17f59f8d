"""The HTTP/1.1 engine on raw sockets: it sends declared requests from callbacks on gevent's loop.

The users of :mod:`loadtests.locust` send over the same connections, through a pool.
"""

from loadtests.http.body_decoding import ReceivedBody
from loadtests.http.compiled_request import CompiledRequest, build_body_check
from loadtests.http.connection_pool import ConnectionPool, Origin
from loadtests.http.engine import HttpEngine
from loadtests.http.raw_response import RawResponse
from loadtests.http.timer import create_timer
from loadtests.http.tls import create_trusting_context, create_verifying_context

__all__ = [
    "CompiledRequest",
    "ConnectionPool",
    "HttpEngine",
    "Origin",
    "RawResponse",
    "ReceivedBody",
    "build_body_check",
    "create_timer",
    "create_trusting_context",
    "create_verifying_context",
]
