"""``self.client`` of Locust's fast users, on the pool of raw connections instead of geventhttpclient.

The API is that of Locust's ``FastHttpSession``. What the pool does not do (streamed answers, uploads of
files and iterables) is left to it.
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

from loadtests.http.compiled_request import Compiled
from loadtests.http.connection_pool import Pool
from loadtests.http.request_head import WITHOUT_PAYLOAD_AFTER, Head, basic, joined, payload
from loadtests.http.responses import Reply, WireResponse, WireResponseContextManager
from loadtests.recording.recorder import UNANSWERED

_GOOD, _REDIRECTS = LocustUserAgent.valid_response_codes, LocustUserAgent.redirect_response_codes
_MOST_REMEMBERED = 64
"""Heads of one user, a kilobyte or two each: more than tasks ask for whose URLs are not new every time."""
_WITH_LENGTH = {"POST", "PUT", "PATCH"}

Meta = dict[str, Any]
Report = Callable[[Any, Meta, Reply], None]
"""Takes the user, what ``events.request`` would be fired with, and the reply it is about."""


class WireError(ClientError):
    """No answer came, or none that can be followed; the text says why."""


class WireSession(FastHttpSession):
    """A user's client: his cookies and headers, on connections that all users share.

    Redirects are followed only where ``allow_redirects=True`` is said, each as a request of its own.
    """

    def __init__(self, replaced: FastHttpSession, pool: Pool, most_redirects: int, report: Report) -> None:
        self.__dict__.update(replaced.__dict__)  # what its user's class has set
        self._pool, self._most_redirects, self._report = pool, most_redirects, report
        self._heads: dict[Any, Head] = {}
        self.under_way: tuple[str, str, float] | None = None
        """Name, method and start (:func:`time.perf_counter`) of the request that is waited for."""
        self._made_of = (self.base_url, self.auth_header, self.client.default_headers.copy())

    def request(  # noqa: PLR0913, PLR0917 - as Locust has it
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
        """Send a request, and give its response; see Locust's ``FastHttpSession.request``."""
        if self._pool.closing and getattr(self.user, "_state", None) != LOCUST_STATE_STOPPING:
            raise StopUser  # it woke while Locust was about to kill it
        name = name or self.request_name or url
        if stream or kwargs or not (data is None or isinstance(data, str | bytes | dict)):
            self.under_way = name, method, perf_counter()
            try:
                return super().request(
                    method, url, name, data, catch_response, stream, dict(headers or {}), auth, json,
                    allow_redirects, dict(context or {}), params=params, **kwargs,
                )  # fmt: skip
            finally:
                self.under_way = None
        if params:
            url = str(URL(self._build_url(url), params=params))
        body = b""
        if data or json is not None:
            body, fitting = payload(data, json)
            if not data or "Content-Type" not in self.client.default_headers:
                headers = joined(fitting, headers) if headers else fitting
        if auth:
            headers = joined(headers, {"Authorization": basic(*auth)})
        head = self._head(method, url, headers)
        response, meta, reply = self._exchange(head, method, name, body, context)
        if allow_redirects:
            response, meta, reply = self._follow(head, body, response, meta, reply, context)
        if catch_response:
            return WireResponseContextManager(response, partial(self._report, self.user), meta)
        self._report(self.user, meta, reply)
        return response

    # --- What is asked ----------------------------------------------------------------------------

    def _head(self, method: str, url: str, headers: Mapping[str, Any] | None) -> Head:
        base_url, auth_header, defaults = self._made_of
        if (
            self.base_url != base_url
            or self.auth_header != auth_header
            or not dict.__eq__(self.client.default_headers, defaults)
        ):
            self._heads.clear()
            self._made_of = (self.base_url, self.auth_header, self.client.default_headers.copy())
        key = (method, url, tuple(headers.items()) if headers else None)
        try:
            return self._heads[key]
        except KeyError:
            if len(self._heads) >= _MOST_REMEMBERED:
                self._heads.clear()
            head = self._heads[key] = self._new_head(method, url, headers)
            return head
        except TypeError:  # a header with a list of values
            return self._new_head(method, url, headers)

    def _new_head(self, method: str, url: str, headers: Mapping[str, Any] | None) -> Head:
        own = {"Authorization": self.auth_header} if self.auth_header else None
        fields = joined(self.client.default_headers, own, headers)
        return Head(self._build_url(url), method.upper(), fields)

    def _cookies(self, head: Head) -> bytes:
        if "Cookie" in head.headers:
            return b""
        asking = FastRequest(head.url, method=head.method, headers=Headers())
        self.cookiejar.add_cookie_header(asking)
        cookie = asking.headers.get("cookie")
        return f"Cookie: {cookie}\r\n".encode("latin-1", errors="replace") if cookie else b""

    def _payload(self, head: Head, body: bytes) -> bytes:
        start = head.bytes
        if vars(self.cookiejar)["_cookies"]:  # a jar has no other cheap way to say that it is empty
            start += self._cookies(head)
        if (body or head.method in _WITH_LENGTH) and "Content-Length" not in head.headers:
            return start + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        return start + b"\r\n" + body

    # --- What comes of it -------------------------------------------------------------------------

    def _exchange(
        self, head: Head, method: str, name: str, body: bytes, context: Mapping[str, Any] | None
    ) -> tuple[WireResponse, Meta, Reply]:
        request = Compiled(name, self._payload(head, body), head.method == "HEAD", keep=True, method=method)
        start_time, start = time(), perf_counter()
        self.under_way = name, method, start
        try:
            reply = self._pool.exchange(head.origin, request)
        except Timeout:  # the task's own; Locust's client too makes a failed request of it
            reply = Reply.none("timed out", start)
        except BaseException:  # the task is killed, but its request was sent
            reply = Reply.none(UNANSWERED, start)
            _, meta = self._outcome(head, method, name, body, context, reply, start_time)
            self._report(self.user, meta, reply)
            raise
        finally:
            self.under_way = None
        reply.asked = start
        response, meta = self._outcome(head, method, name, body, context, reply, start_time)
        if reply.sets_cookies:
            self.cookiejar.extract_cookies(cast("Any", response), response.request)
        return response, meta, reply

    def _outcome(
        self,
        head: Head,
        method: str,
        name: str,
        body: bytes,
        context: Mapping[str, Any] | None,
        reply: Reply,
        start_time: float,
    ) -> tuple[WireResponse, Meta]:
        error: ClientError | None = None
        if reply.error is not None:
            error = WireError(head.url, reply.error)
        elif reply.status not in _GOOD:
            error = LocustBadStatusCode(head.url, code=reply.status)
        response = WireResponse(reply, (head.method, head.url, head.headers, body), error)
        own = self.user.context() if self.user else {}
        return response, {
            "request_type": method,
            "name": name,
            "context": {**own, **context} if context else own,
            "response": response,
            "exception": error,
            "start_time": start_time,
            "url": head.url,
            "response_length": reply.length,
            "response_time": (reply.ended - reply.asked) * 1000,
        }

    def _follow(
        self,
        head: Head,
        body: bytes,
        response: WireResponse,
        meta: Meta,
        reply: Reply,
        context: Mapping[str, Any] | None,
    ) -> tuple[WireResponse, Meta, Reply]:
        """Go where redirects lead, as far as is allowed; each hop but the last is reported here."""
        left = self._most_redirects
        while reply.error is None and reply.status in _REDIRECTS:
            location = reply.headers.get("location")
            if not location:
                break
            try:
                onward = head.redirected(reply.status, str(location)) if left else None
            except ValueError:
                return _failed(response, meta, head, "redirect to no HTTP address"), meta, reply
            if onward is None:
                return _failed(response, meta, head, "too many redirects"), meta, reply
            self._report(self.user, meta, reply)
            left -= 1
            body = b"" if reply.status in WITHOUT_PAYLOAD_AFTER else body
            head = onward
            response, meta, reply = self._exchange(head, head.method, meta["name"], body, context)
        return response, meta, reply


def _failed(response: WireResponse, meta: Meta, head: Head, why: str) -> WireResponse:
    response.error = meta["exception"] = WireError(head.url, why)
    return response
