"""Gives each request an id, logs it once, and turns what nobody caught into an answer 500. Pure ASGI."""

import os
import re
from time import perf_counter

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars
from structlog.typing import FilteringBoundLogger

_VALID_ID = re.compile(rb"[A-Za-z0-9._~+/=:@-]{1,128}")
"""What we echo and log of a client's X-Request-ID: no control characters, no endless texts."""
_PATH_SHOWN = 200
_UNANSWERED = 500
"""What the metrics count too when the server stopped before an answer."""


class RequestLogMiddleware:
    """Logs ``method``, ``path`` (template), ``status`` and ``duration_seconds`` of each request.

    The level is info; debug for requests to ``quiet`` paths.
    """

    def __init__(self, app: ASGIApp, log: FilteringBoundLogger, quiet: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._log = log
        self._quiet = quiet

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        bind_contextvars(request_id=request_id)
        header = (b"x-request-id", request_id.encode())
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), header]
            await send(message)

        start = perf_counter()
        try:
            await self._app(scope, receive, send_with_id)
        except Exception:
            self._log.exception("unhandled error", method=scope["method"], path=_path(scope))
            if status:  # part of an answer is out: the server must break the connection
                raise
            await JSONResponse({"detail": "Internal Server Error"}, 500)(scope, receive, send_with_id)
        finally:
            self._line(scope, status, perf_counter() - start)

    def _line(self, scope: Scope, status: int, duration: float) -> None:
        write = self._log.debug if scope["path"] in self._quiet else self._log.info
        write(
            "request",
            method=scope["method"],
            path=_path(scope),
            status=status or _UNANSWERED,
            duration_seconds=round(duration, 6),
        )


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _VALID_ID.fullmatch(value):
            return str(value, "ascii")
    return os.urandom(16).hex()


def _path(scope: Scope) -> str:
    """The template of the route taken; what was asked for when there is none."""
    return str(getattr(scope.get("route"), "path", scope["path"]))[:_PATH_SHOWN]
