"""``self.client`` of Locust's fast users, on the pool of raw connections instead of geventhttpclient.

The API is that of Locust's ``FastHttpSession``. What the pool does not do (streamed answers, uploads of
files and iterables) is left to it.
"""

from __future__ import annotations

import json as json_module
from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import partial
from time import perf_counter, time
from typing import Any, cast
from urllib.parse import quote, urlencode, urljoin, urlsplit

from geventhttpclient.header import Headers
from geventhttpclient.url import URL
from geventhttpclient.useragent import ConnectionError as ClientError
from locust.contrib.fasthttp import FastHttpSession, FastRequest, LocustBadStatusCode, LocustUserAgent
from locust.exception import StopUser
from locust.user.task import LOCUST_STATE_STOPPING

from loadtests.target import parse_target
from loadtests.wire.pool import Origin, Pool
from loadtests.wire.reply import Reply, WireResponse, WireResponseContextManager
from loadtests.wire.request import Compiled

_GOOD, _REDIRECTS = LocustUserAgent.valid_response_codes, LocustUserAgent.redirect_response_codes
_WITHOUT_PAYLOAD_AFTER = {301, 302, 303}
_MOST_REMEMBERED = 4_096
_SAFE = "%/:?#[]@!$&'()*+,;=~"
_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"
_WITH_LENGTH = {"POST", "PUT", "PATCH"}
_CUSTOMARY = {"accept-encoding": ("Accept-Encoding", "gzip, deflate, br"), "accept": ("Accept", "*/*")}

Meta = dict[str, Any]
Report = Callable[[Any, Meta, Reply], None]
"""Takes the user, what ``events.request`` would be fired with, and the reply it is about."""


class WireError(ClientError):
    """No answer came; the text says why."""


class _Head:
    """The bytes of a request up to where its body's length is told."""

    __slots__ = ("bytes", "headers", "origin", "url")

    def __init__(self, url: str, method: str, headers: Headers) -> None:
        target = parse_target(url)
        fields = {name.lower(): (name, value) for name, value in headers.items()}
        fields = {"host": ("Host", target.authority)} | _CUSTOMARY | fields
        lines = [f"{method} {_asked(url)} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.values())]
        self.bytes = "".join(f"{line}\r\n" for line in lines).encode("latin-1", errors="replace")
        self.origin = Origin(target.host, target.port, target.tls)
        self.url, self.headers = url, dict(fields.values())


class WireSession(FastHttpSession):
    """A user's client: his cookies and headers, on connections that all users share.

    Redirects are followed only where ``allow_redirects=True`` is said, each as a request of its own.
    """

    def __init__(self, replaced: FastHttpSession, pool: Pool, most_redirects: int, report: Report) -> None:
        self.__dict__.update(replaced.__dict__)  # what its user's class has set
        self._pool, self._most_redirects, self._report = pool, most_redirects, report
        self._heads: dict[Any, _Head] = {}

    def request(  # noqa: PLR0913, PLR0917 - as Locust has it
        self,
        method: str,
        url: str,
        name: str | None = None,
        data: Any = None,
        catch_response: bool = False,
        stream: bool = False,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str | bytes, str | bytes] | None = None,
        json: Any = None,
        allow_redirects: bool = False,
        context: Mapping[str, Any] | None = None,
        params: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Send a request, and give its response; see Locust's ``FastHttpSession.request``."""
        if stream or kwargs or not (data is None or isinstance(data, str | bytes | dict)):
            return super().request(
                method, url, name, data, catch_response, stream, dict(headers or {}), auth, json,
                allow_redirects, dict(context or {}), params=params, **kwargs,
            )  # fmt: skip
        if self._pool.closing and getattr(self.user, "_state", None) != LOCUST_STATE_STOPPING:
            raise StopUser  # it woke while Locust was about to kill it
        if params:
            url = str(URL(self._build_url(url), params=params))
        if auth:
            headers = {**(headers or {}), "Authorization": _basic(*auth)}
        body, headers = _body(data, json, headers)
        name = name or self.request_name or url
        left = self._most_redirects if allow_redirects else 0
        while True:
            response, meta, reply = self._exchange(method, url, name, body, headers, context)
            location = reply.headers.get("location") if left and reply.status in _REDIRECTS else None
            if not location:
                break
            self._report(self.user, meta, reply)
            left -= 1
            url = urljoin(meta["url"], location)
            if reply.status in _WITHOUT_PAYLOAD_AFTER and method != "HEAD":
                method, body = "GET", b""
        if catch_response and reply.thrown is None:
            return WireResponseContextManager(response, partial(self._report, self.user), meta)
        self._report(self.user, meta, reply)
        if reply.thrown is not None:
            raise reply.thrown
        return response

    # --- One exchange -----------------------------------------------------------------------------

    def _exchange(
        self,
        method: str,
        url: str,
        name: str,
        body: bytes,
        headers: Mapping[str, str] | None,
        context: Mapping[str, Any] | None,
    ) -> tuple[WireResponse, Meta, Reply]:
        key = (method, url, tuple(headers.items()) if headers else None)
        head = self._heads.get(key) or self._remember(key, headers)
        payload = head.bytes
        if vars(self.cookiejar)["_cookies"]:  # a jar has no other cheap way to say that it is empty
            payload += self._cookies(head.url, method)
        if body or method in _WITH_LENGTH:
            payload += b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        else:
            payload += b"\r\n"
        start_time, start = time(), perf_counter()
        reply = self._pool.exchange(
            head.origin, Compiled(name, payload, method == "HEAD", keep=True, method=method)
        )
        reply.asked = start
        error: ClientError | None = None
        if reply.error is not None:
            error = WireError(head.url, reply.error)
        elif reply.status not in _GOOD:
            error = LocustBadStatusCode(head.url, code=reply.status)
        response = WireResponse(reply, (method, head.url, head.headers, body), error)
        if reply.sets_cookies:
            self.cookiejar.extract_cookies(cast("Any", response), response.request)
        own = self.user.context() if self.user else {}
        return (
            response,
            {
                "request_type": method,
                "name": name,
                "context": {**own, **context} if context else own,
                "response": response,
                "exception": error,
                "start_time": start_time,
                "url": head.url,
                "response_length": reply.length,
                "response_time": (reply.ended - start) * 1000,
            },
            reply,
        )

    def _remember(self, key: tuple[str, str, Any], headers: Mapping[str, str] | None) -> _Head:
        method, url, _ = key
        fields = self.client.default_headers.copy()
        if self.auth_header:
            fields["Authorization"] = self.auth_header
        fields.update(headers or {})
        if len(self._heads) >= _MOST_REMEMBERED:
            self._heads.clear()
        head = self._heads[key] = _Head(self._build_url(url), method, fields)
        return head

    def _cookies(self, url: str, method: str) -> bytes:
        asking = FastRequest(url, method=method, headers=Headers())
        self.cookiejar.add_cookie_header(asking)
        cookie = asking.headers.get("cookie")
        return f"Cookie: {cookie}\r\n".encode("latin-1", errors="replace") if cookie else b""


def _body(
    data: str | bytes | dict[str, Any] | None, json: Any, headers: Mapping[str, str] | None
) -> tuple[bytes, Mapping[str, str] | None]:
    """Give the bytes of a body, and the headers with those that tell its type."""
    if data is None and json is not None:
        return json_module.dumps(json).encode(), {"Content-Type": _JSON, "Accept": _JSON, **(headers or {})}
    if isinstance(data, dict):
        return urlencode(data, doseq=True).encode(), {"Content-Type": _FORM, **(headers or {})}
    return data.encode() if isinstance(data, str) else data or b"", headers


def _basic(user: str | bytes, password: str | bytes) -> str:
    pair = [part if isinstance(part, bytes) else part.encode("latin-1") for part in (user, password)]
    return f"Basic {b64encode(b':'.join(pair)).decode()}"


def _asked(url: str) -> str:
    """Give what the request line asks for."""
    parts = urlsplit(url)
    return quote(f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}", safe=_SAFE)
