"""ASGI middleware that gives each request an id, logs it, and returns status 500 on unhandled exceptions."""

import os
import re
from time import perf_counter

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars
from structlog.typing import FilteringBoundLogger

_VALID_ID = re.compile(rb"[A-Za-z0-9._~+/=:@-]{1,128}")
"""A client's X-Request-ID that is echoed and logged: no control characters, limited length."""
_MAX_PATH_LENGTH = 200
_UNANSWERED_STATUS = 500
"""Status of a request without a response, as in the metrics."""


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
        request_id = _choose_request_id(scope)
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
            self._log.exception("unhandled error", method=scope["method"], path=_find_route_path(scope))
            if status:  # a part of the response was sent: the server must close the connection
                raise
            await JSONResponse({"detail": "Internal Server Error"}, 500)(scope, receive, send_with_id)
        finally:
            self._log_request(scope, status, perf_counter() - start)

    def _log_request(self, scope: Scope, status: int, duration: float) -> None:
        write = self._log.debug if scope["path"] in self._quiet else self._log.info
        write(
            "request",
            method=scope["method"],
            path=_find_route_path(scope),
            status=status or _UNANSWERED_STATUS,
            duration_seconds=round(duration, 6),
        )


def _choose_request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _VALID_ID.fullmatch(value):
            return str(value, "ascii")
    return os.urandom(16).hex()


def _find_route_path(scope: Scope) -> str:
    """Return the template of the matched route, or the requested path if none matched."""
    return str(getattr(scope.get("route"), "path", scope["path"]))[:_MAX_PATH_LENGTH]
