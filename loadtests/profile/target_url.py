"""Addresses: the target URL, to which requests are sent, and the ``HOST:PORT`` of our own sockets."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from slo.documents import mask_parameters, remove_user_info

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class TargetUrl:
    """The parts of a target URL."""

    host: str
    port: int
    uses_tls: bool
    path_prefix: str = ""
    """Path of the URL; the path of each request is appended to it."""
    authorization: str = field(default="", repr=False)
    """Value of the ``Authorization`` header (RFC 7617), when the URL contains a user and a password."""

    @property
    def authority(self) -> str:
        """The value of the ``Host`` header (RFC 9112, 3.2)."""
        host = f"[{self.host}]" if _is_ipv6(self.host) else _to_ascii(self.host)
        default_port = _DEFAULT_PORTS["https" if self.uses_tls else "http"]
        return host if self.port == default_port else f"{host}:{self.port}"


def remove_credentials(url: str) -> str:
    """Return a URL without user and password, so that it can be shown and written to files.

    Secret query parameters are masked. The URL may be invalid.
    """
    return mask_parameters(remove_user_info(url))


def parse_target_url(url: str) -> TargetUrl:
    """Split a target URL into its parts.

    Raises:
        ValueError: the text is not an HTTP URL with a host; the message does not show user and password.
    """
    parts = _split_http_url(url)
    if parts is None:
        raise ValueError(
            f"{remove_credentials(url)!r} is not an HTTP URL; write one like http://127.0.0.1:8000"
        )
    port = parts.port or _DEFAULT_PORTS[parts.scheme]
    authorization = _format_basic_auth(parts.username, parts.password)
    return TargetUrl(
        parts.hostname or "", port, parts.scheme == "https", parts.path.rstrip("/"), authorization
    )


def validate_target_url(url: str) -> None:
    """Check the URL that a load is sent to, the base of all its requests.

    Raises:
        ValueError: as :func:`parse_target_url`; or the path contains ``@``, probably because the password
            contains a slash.
    """
    parse_target_url(url)
    if "@" in url.partition("://")[2].partition("/")[2]:  # not shown: it may be a part of a password
        raise ValueError(
            "the target URL contains '@' after its first '/'; write '/' in a password as %2F, and '@' in a "
            "path as %40"
        )


def _split_http_url(url: str) -> SplitResult | None:
    """Return the parts of an HTTP URL with a host, or ``None``: Python's errors quote parts of a password."""
    try:
        parts = urlsplit(url)
        is_valid = parts.scheme in _DEFAULT_PORTS and parts.hostname and parts.port != 0
    except ValueError:  # an impossible port or IPv6 address
        return None
    return parts if is_valid else None


def parse_address(text: str) -> tuple[str, int]:
    """Return host and port of ``HOST:PORT`` (``[::1]:5557`` for IPv6).

    Raises:
        ValueError: the text has no host, or no port between 1 and 65535.
    """
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65_536:  # noqa: PLR2004 - ports have 16 bits
        raise ValueError(f"{text!r} is not a HOST:PORT address; write one like 127.0.0.1:5557")
    return host.strip("[]") if host.startswith("[") else host, int(port)


def parse_port_address(text: str) -> tuple[str, int]:
    """Return host and port of ``[HOST:]PORT``; the default host is 127.0.0.1.

    Raises:
        ValueError: the text is neither a port nor an address with a port.
    """
    try:
        return parse_address(text if ":" in text else f"127.0.0.1:{text}")
    except ValueError:
        raise ValueError(
            f"{text!r} is not a port; write one like 9646, or with an address of this machine: 0.0.0.0:9646"
        ) from None


def _format_basic_auth(user: str | None, password: str | None) -> str:
    if user is None:
        return ""
    pair = f"{unquote(user)}:{unquote(password or '')}"
    return f"Basic {b64encode(pair.encode()).decode()}"


def _to_ascii(host: str) -> str:
    """Return a host name as DNS and HTTP write it (RFC 5891)."""
    return host if host.isascii() else host.encode("idna").decode("ascii")


def _is_ipv6(host: str) -> bool:
    try:
        return isinstance(ip_address(host), IPv6Address)
    except ValueError:
        return False
