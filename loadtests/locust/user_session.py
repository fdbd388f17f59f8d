"""``self.client`` of Locust's fast users, on the pool of raw connections instead of geventhttpclient.

The API is that of Locust's ``FastHttpSession``, which still handles what the pool does not support: streamed
responses, uploads of files and iterables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from time import perf_counter, time
from typing import Any, cast

from gevent import Timeout
from geventhttpclient.header import Headers
from geventhttpclient.url import URL
from geventhttpclient.useragent import ConnectionError as ClientError
from locust.contrib.fasthttp import FastHttpSession, FastRequest, LocustBadStatusCode, LocustUserAgent
from locust.exception import StopUser
from locust.user.task import LOCUST_STATE_STOPPING

from loadtests.http import CompiledRequest, ConnectionPool, RawResponse
from loadtests.locust.request_head import (
    BODY_DROPPING_REDIRECTS,
    RequestHead,
    encode_body,
    format_basic_auth,
    merge_headers,
)
from loadtests.locust.responses import HttpResponse, HttpResponseContextManager
from loadtests.recording import UNANSWERED_AT_END

_SUCCESS_STATUSES, _REDIRECT_STATUSES = (
    LocustUserAgent.valid_response_codes,
    LocustUserAgent.redirect_response_codes,
)
_MAX_CACHED_HEADS = 64
"""Cached request heads per user (1 to 2 kB each): more than a task needs unless each of its URLs is new."""
_METHODS_WITH_LENGTH = {"POST", "PUT", "PATCH"}

RequestMeta = dict[str, Any]
ReportRequest = Callable[[Any, RequestMeta, RawResponse], None]
"""Takes the user, the keyword arguments of ``events.request`` and the raw response."""


class NoUsableResponseError(ClientError):
    """No response came, or a redirect that cannot be followed; the text is the error class."""


class PooledSession(FastHttpSession):
    """The client of one user: its own cookies and headers, on connections that all users share.

    Redirects are followed only with ``allow_redirects=True``, each as a request of its own.
    """

    def __init__(
        self, locust_session: FastHttpSession, pool: ConnectionPool, max_redirects: int, report: ReportRequest
    ) -> None:
        self.__dict__.update(locust_session.__dict__)  # the settings of the user's class
        self._pool, self._max_redirects, self._report = pool, max_redirects, report
        self._cached_heads: dict[Any, RequestHead] = {}
        self.pending_request: tuple[str, str, float] | None = None
        """Name, method and start (seconds of :func:`time.perf_counter`) of the request in flight."""
        self._head_settings = (self.base_url, self.auth_header, self.client.default_headers.copy())

    def request(  # noqa: PLR0913, PLR0917 - the signature of Locust's method
        self,
        method: str,
        url: str,
        name: str | None = None,
        data: Any = None,
        catch_response: bool = False,
        stream: bool = False,
        headers: Mapping[str, Any] | None = None,
        auth: tuple[str | bytes, str | bytes] | None = None,
        json: Any = None,
        allow_redirects: bool = False,
        context: Mapping[str, Any] | None = None,
        params: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Send a request and return its response; see Locust's ``FastHttpSession.request``."""
        if self._pool.is_closing and getattr(self.user, "_state", None) != LOCUST_STATE_STOPPING:
            raise StopUser  # the user woke up just before Locust kills it
        name = name or self.request_name or url
        if stream or kwargs or not (data is None or isinstance(data, str | bytes | dict)):
            self.pending_request = name, method, perf_counter()
            try:
                return super().request(
                    method, url, name, data, catch_response, stream, dict(headers or {}), auth, json,
                    allow_redirects, dict(context or {}), params=params, **kwargs,
                )  # fmt: skip
            finally:
                self.pending_request = None
        if params:
            url = str(URL(self._build_url(url), params=params))
        body = b""
        if data or json is not None:
            body, body_headers = encode_body(data, json)
            if not data or "Content-Type" not in self.client.default_headers:
                headers = merge_headers(body_headers, headers) if headers else body_headers
        if auth:
            headers = merge_headers(headers, {"Authorization": format_basic_auth(*auth)})
        head = self._get_head(method, url, headers)
        response, meta, raw = self._exchange(head, method, name, body, context)
        if allow_redirects:
            response, meta, raw = self._follow_redirects(head, body, response, meta, raw, context)
        if catch_response:
            return HttpResponseContextManager(response, partial(self._report, self.user), meta)
        self._report(self.user, meta, raw)
        return response

    # --- The request ------------------------------------------------------------------------------

    def _get_head(self, method: str, url: str, headers: Mapping[str, Any] | None) -> RequestHead:
        base_url, auth_header, defaults = self._head_settings
        if (
            self.base_url != base_url
            or self.auth_header != auth_header
            or not dict.__eq__(self.client.default_headers, defaults)
        ):
            self._cached_heads.clear()
            self._head_settings = (self.base_url, self.auth_header, self.client.default_headers.copy())
        key = (method, url, tuple(headers.items()) if headers else None)
        try:
            return self._cached_heads[key]
        except KeyError:
            if len(self._cached_heads) >= _MAX_CACHED_HEADS:
                self._cached_heads.clear()
            head = self._cached_heads[key] = self._build_head(method, url, headers)
            return head
        except TypeError:  # a header with a list of values
            return self._build_head(method, url, headers)

    def _build_head(self, method: str, url: str, headers: Mapping[str, Any] | None) -> RequestHead:
        auth = {"Authorization": self.auth_header} if self.auth_header else None
        merged = merge_headers(self.client.default_headers, auth, headers)
        return RequestHead(self._build_url(url), method.upper(), merged)

    def _format_cookies(self, head: RequestHead) -> bytes:
        if "Cookie" in head.headers:
            return b""
        request = FastRequest(head.url, method=head.method, headers=Headers())
        self.cookiejar.add_cookie_header(request)
        cookie = request.headers.get("cookie")
        return f"Cookie: {cookie}\r\n".encode("latin-1", errors="replace") if cookie else b""

    def _build_payload(self, head: RequestHead, body: bytes) -> bytes:
        head_bytes = head.bytes
        if vars(self.cookiejar)["_cookies"]:  # no public and cheap test whether a jar is empty
            head_bytes += self._format_cookies(head)
        if (body or head.method in _METHODS_WITH_LENGTH) and "Content-Length" not in head.headers:
            return head_bytes + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        return head_bytes + b"\r\n" + body

    # --- The response -----------------------------------------------------------------------------

    def _exchange(
        self, head: RequestHead, method: str, name: str, body: bytes, context: Mapping[str, Any] | None
    ) -> tuple[HttpResponse, RequestMeta, RawResponse]:
        request = CompiledRequest(
            name, self._build_payload(head, body), head.method == "HEAD", keeps_response=True, method=method
        )
        start_time, requested_at = time(), perf_counter()
        self.pending_request = name, method, requested_at
        try:
            raw = self._pool.exchange(head.origin, request)
        except Timeout:  # a timeout of the task; Locust's client reports a failed request too
            raw = RawResponse.create_failed("timed out", requested_at)
        except BaseException:  # the task is killed, but its request was sent
            raw = RawResponse.create_failed(UNANSWERED_AT_END, requested_at)
            _, meta = self._build_response(head, method, name, body, context, raw, start_time)
            self._report(self.user, meta, raw)
            raise
        finally:
            self.pending_request = None
        raw.requested_at = requested_at
        response, meta = self._build_response(head, method, name, body, context, raw, start_time)
        if raw.has_set_cookie:
            self.cookiejar.extract_cookies(cast("Any", response), response.request)
        return response, meta, raw

    def _build_response(
        self,
        head: RequestHead,
        method: str,
        name: str,
        body: bytes,
        context: Mapping[str, Any] | None,
        raw_response: RawResponse,
        start_time: float,
    ) -> tuple[HttpResponse, RequestMeta]:
        error: ClientError | None = None
        if raw_response.error is not None:
            error = NoUsableResponseError(head.url, raw_response.error)
        elif raw_response.status not in _SUCCESS_STATUSES:
            error = LocustBadStatusCode(head.url, code=raw_response.status)
        response = HttpResponse(raw_response, (head.method, head.url, head.headers, body), error)
        user_context = self.user.context() if self.user else {}
        return response, {
            "request_type": method,
            "name": name,
            "context": {**user_context, **context} if context else user_context,
            "response": response,
            "exception": error,
            "start_time": start_time,
            "url": head.url,
            "response_length": raw_response.body_bytes,
            "response_time": (raw_response.ended_at - raw_response.requested_at) * 1000,
        }

    def _follow_redirects(
        self,
        head: RequestHead,
        body: bytes,
        response: HttpResponse,
        meta: RequestMeta,
        raw_response: RawResponse,
        context: Mapping[str, Any] | None,
    ) -> tuple[HttpResponse, RequestMeta, RawResponse]:
        """Follow redirects up to the limit and return the last response; report all responses before it."""
        redirects_left = self._max_redirects
        while raw_response.error is None and raw_response.status in _REDIRECT_STATUSES:
            location = raw_response.headers.get("location")
            if not location:
                break
            try:
                next_head = (
                    head.build_redirect(raw_response.status, str(location)) if redirects_left else None
                )
            except ValueError:
                return _mark_failed(response, meta, head, "redirect to no HTTP address"), meta, raw_response
            if next_head is None:
                return _mark_failed(response, meta, head, "too many redirects"), meta, raw_response
            self._report(self.user, meta, raw_response)
            redirects_left -= 1
            body = b"" if raw_response.status in BODY_DROPPING_REDIRECTS else body
            head = next_head
            response, meta, raw_response = self._exchange(head, head.method, meta["name"], body, context)
        return response, meta, raw_response


def _mark_failed(
    response: HttpResponse, meta: RequestMeta, head: RequestHead, error_class: str
) -> HttpResponse:
    response.error = meta["exception"] = NoUsableResponseError(head.url, error_class)
    return response
