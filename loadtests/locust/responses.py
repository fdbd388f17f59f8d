"""The responses that ``self.client`` returns to tasks: Locust's, on a raw response."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from geventhttpclient.header import Headers
from geventhttpclient.useragent import CompatResponse
from locust.contrib.fasthttp import FastRequest, FastResponse, ResponseContextManager
from locust.exception import (
    InterruptTaskSet,
    RescheduleTask,
    RescheduleTaskImmediately,
    ResponseError,
    StopTest,
    StopUser,
)

from loadtests.http import RawResponse

_CONTROL_FLOW_EXCEPTIONS = (InterruptTaskSet, RescheduleTask, RescheduleTaskImmediately, StopTest, StopUser)
"""Exceptions by which tasks control the flow of their user; they are not errors."""


class _LazyResponse(FastResponse):
    """Locust's response; headers, body and request are built only when a task reads them."""

    _response: RawResponse  # type: ignore[assignment]
    _request_parts: tuple[str, str, Headers, bytes]
    error: Exception | None = None

    @property
    def headers(self) -> Headers | None:  # type: ignore[override]
        """Headers of the response; ``None`` without one."""
        return None if self._response.error else self._response.headers

    @property
    def request(self) -> FastRequest:  # type: ignore[override]
        """The request that was sent."""
        method, url, headers, payload = self._request_parts
        return FastRequest(url, method=method, headers=headers.copy(), payload=payload)

    @property
    def url(self) -> str:
        """URL of the request."""
        return self._request_parts[1]

    @property
    def elapsed(self) -> timedelta:
        """Time from the send to the end of the response."""
        return timedelta(seconds=self._response.ended_at - self._response.sent_at)

    @property
    def history(self) -> list[CompatResponse]:
        """Nothing: each response of a redirect is reported as a request of its own."""
        return []


class HttpResponse(_LazyResponse):
    """The response that ``self.client`` returns."""

    def __init__(
        self,
        raw_response: RawResponse,
        request_parts: tuple[str, str, Headers, bytes],
        error: Exception | None,
    ) -> None:
        self._response, self._request_parts, self.error = raw_response, request_parts, error


class HttpResponseContextManager(_LazyResponse, ResponseContextManager):
    """The response of ``catch_response=True``: the task decides whether it has failed.

    ``report`` is called with the request's metadata and the raw response at the end of the block.
    """

    def __init__(
        self,
        response: HttpResponse,
        report: Callable[[dict[str, Any], RawResponse], None],
        meta: dict[str, Any],
    ) -> None:
        ResponseContextManager.__init__(self, response, None, meta, catch_response=True)
        self._report = report

    def __exit__(self, *raised: object) -> bool:  # type: ignore[override] # Locust's returns a bool too
        """End the block; unlike in Locust, the request is reported whatever the block raises: it was sent."""
        kind, value, _ = raised
        if kind and self._manual_result is None and not isinstance(value, ResponseError):
            if isinstance(value, Exception) and not isinstance(value, _CONTROL_FLOW_EXCEPTIONS):
                self.request_meta["exception"] = value
            self._report_request()
        return bool(super().__exit__(*raised))  # type: ignore[no-untyped-call]

    def __del__(self) -> None:
        """Report a request that was sent, but never used in a ``with`` block."""
        if not self._entered:
            self._report_request()

    def _report_request(self) -> None:
        self._report(self.request_meta, self._response)
