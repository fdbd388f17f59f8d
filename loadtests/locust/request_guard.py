"""Which requests the web UI answers: those of its own pages, for the host that it was started with.

The web UI has no password, and it can send load. A page of another site must not reach it: not through a
name that it lets point to 127.0.0.1 (DNS rebinding), and not by sending requests from the user's browser
(CSRF). Browsers state in ``Host``, ``Origin``, ``Referer`` and ``Sec-Fetch-Site`` where a request is from.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Request, Response, request

from loadtests.profile import remove_credentials

_LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_FOREIGN_SITES = {"cross-site", "same-site"}
"""Values of ``Sec-Fetch-Site`` of other origins; ``same-site`` is another port of this machine."""
_USER_SETTINGS = {"user_class_name", "host", "weight", "fixed_count", "tasks"}
"""What the page can change of a user class; Locust would set any attribute."""


def guard_requests(pages: Flask, port: int, target_url: str) -> None:
    """Refuse requests of other sites, and load for another host, before any page sees them.

    ``port`` is the port of the web UI on loopback, ``target_url`` the host that it was started with.
    """

    def refuse() -> Response | None:
        reason = find_foreign_origin(request, port) or next(_find_foreign_hosts(request, target_url), None)
        if reason is None:
            return None
        body = json.dumps({"success": False, "message": reason})
        return Response(body, status=403, content_type="application/json")

    pages.before_request(refuse)


def find_foreign_origin(received: Request, port: int) -> str | None:
    """Return why a request is not from a page of the web UI at ``port``, or ``None``.

    A request without these headers is from a program of this machine, such as Prometheus or curl.
    """
    own = {f"{name}:{port}" for name in _LOOPBACK_NAMES}
    if port == 80:  # noqa: PLR2004 - the default port of HTTP is left out
        own |= set(_LOOPBACK_NAMES)
    headers = received.headers
    host, origin = headers.get("Host"), headers.get("Origin")
    if host is not None and host.lower() not in own:
        return f"the web UI answers only at 127.0.0.1:{port}: the request is for another Host"
    if origin is not None and not _is_own_origin(origin, own):
        return "the request is from a page of another Origin"
    is_reading = received.method in _SAFE_METHODS
    if not is_reading and (referer := headers.get("Referer")) and not _is_own_origin(referer, own):
        return "the request is from a page of another Referer"
    is_opening_page = received.path == "/" and is_reading and headers.get("Sec-Fetch-Mode") == "navigate"
    if headers.get("Sec-Fetch-Site") in _FOREIGN_SITES and not is_opening_page:
        return "the request is from a page of another site"
    return None


def _is_own_origin(url: str, own: set[str]) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "http" and parts.netloc.lower() in own


def _find_foreign_hosts(received: Request, target_url: str) -> Iterator[str]:
    """Yield why a request would send load elsewhere, or change more than the page offers."""
    hosts: list[Any] = []
    if received.method not in _SAFE_METHODS:
        hosts += received.form.getlist("host")
    if received.path.rstrip("/") == "/user":
        settings = received.get_json(force=True, silent=True)
        if not isinstance(settings, dict) or not settings.keys() <= _USER_SETTINGS:
            yield f"only these settings of a user class can be changed: {', '.join(sorted(_USER_SETTINGS))}"
            return
        hosts += [settings["host"]] if settings.get("host") else []
    for host in hosts:
        if str(host).rstrip("/") != target_url.rstrip("/"):
            yield (
                f"the web UI was started for {remove_credentials(target_url)}; start it again to load "
                "another host"
            )
