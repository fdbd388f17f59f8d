"""Declared requests as the bytes that go on the wire."""

from __future__ import annotations

import json
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from loadtests.profile import Request

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go: the parts of a base URL."""

    host: str
    port: int
    tls: bool
    prefix: str = ""
    """Path of the base URL, which comes before that of each request."""

    @property
    def authority(self) -> str:
        """The value of the ``Host`` header (RFC 9112, 3.2)."""
        host = f"[{self.host}]" if _is_ipv6(self.host) else self.host
        return host if self.port == _DEFAULT_PORTS["https" if self.tls else "http"] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Compiled:
    """A request, ready to send."""

    name: str
    payload: bytes
    without_body: bool
    """The answer has no body whatever its headers say (HEAD)."""
    expect: int | None


def parse_target(url: str) -> Target:
    """Take a base URL apart.

    Raises:
        ValueError: it is no HTTP URL of a host.
    """
    parts = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ValueError(f"{url!r} is no address of a service; write one like http://127.0.0.1:8000")
    port = parts.port or _DEFAULT_PORTS[parts.scheme]
    return Target(parts.hostname, port, parts.scheme == "https", parts.path.rstrip("/"))


def compiled(request: Request, target: Target) -> Compiled:
    """Build the bytes of an HTTP/1.1 request (RFC 9112)."""
    body = b""
    headers = {"Host": target.authority, "User-Agent": "proofload", "Accept": "*/*"}
    if request.json_body is not None:
        body = json.dumps(request.json_body).encode()
        headers["Content-Type"] = "application/json"
    elif request.body is not None:
        body = request.body.encode()
    if body or request.method in {"POST", "PUT", "PATCH"}:
        headers["Content-Length"] = str(len(body))
    given = {name.lower(): name for name in request.headers}
    headers = {name: value for name, value in headers.items() if name.lower() not in given} | request.headers
    lines = [f"{request.method} {target.prefix}{request.path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join([*lines, "", ""]).encode("latin-1", errors="replace")
    status = request.expect.status if request.expect else None
    return Compiled(request.label, head + body, request.method == "HEAD", status)


def _is_ipv6(host: str) -> bool:
    try:
        return isinstance(ip_address(host), IPv6Address)
    except ValueError:
        return False
