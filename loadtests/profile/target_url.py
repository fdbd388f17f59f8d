"""The address of a service: where requests go. Imports the standard library alone."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from urllib.parse import unquote, urlsplit, urlunsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go: the parts of a base URL."""

    host: str
    port: int
    tls: bool
    prefix: str = ""
    """Path of the base URL, which comes before that of each request."""
    authorization: str = field(default="", repr=False)
    """Value of the header (RFC 7617) where the URL has a user and a password."""

    @property
    def authority(self) -> str:
        """The value of the ``Host`` header (RFC 9112, 3.2)."""
        host = f"[{self.host}]" if _is_ipv6(self.host) else self.host
        return host if self.port == _DEFAULT_PORTS["https" if self.tls else "http"] else f"{host}:{self.port}"


def without_secrets(url: str) -> str:
    """Give an address as it may be shown and written: without user and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def parse_target(url: str) -> Target:
    """Take a base URL apart.

    Raises:
        ValueError: it is no HTTP URL of a host.
    """
    parts = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ValueError(
            f"{without_secrets(url)!r} is no address of a service; write one like http://127.0.0.1:8000"
        )
    port = parts.port or _DEFAULT_PORTS[parts.scheme]
    prefix, secret = parts.path.rstrip("/"), _basic(parts.username, parts.password)
    return Target(parts.hostname, port, parts.scheme == "https", prefix, secret)


def _basic(user: str | None, password: str | None) -> str:
    if user is None:
        return ""
    pair = f"{unquote(user)}:{unquote(password or '')}"
    return f"Basic {b64encode(pair.encode()).decode()}"


def _is_ipv6(host: str) -> bool:
    try:
        return isinstance(ip_address(host), IPv6Address)
    except ValueError:
        return False


def parse_address(text: str) -> tuple[str, int]:
    """Read ``HOST:PORT`` (``[::1]:5557`` for IPv6).

    Raises:
        ValueError: it is none.
    """
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65_536:  # noqa: PLR2004 - ports have 16 bits
        raise ValueError(f"{text!r} is no address; write one like 127.0.0.1:5557")
    return host.strip("[]") if host.startswith("[") else host, int(port)


def parse_port(text: str) -> tuple[str, int]:
    """Read ``[HOST:]PORT``; the host is loopback where none is given.

    Raises:
        ValueError: it is neither.
    """
    try:
        return parse_address(text if ":" in text else f"127.0.0.1:{text}")
    except ValueError:
        raise ValueError(
            f"{text!r} is no port; write one like 9646, or with an address of this machine 0.0.0.0:9646"
        ) from None
