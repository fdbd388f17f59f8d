"""How to reach a Prometheus HTTP API: address, secrets, certificates, and what speaks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from slo.model import DataSource
from slo.prometheus.backends import BACKENDS, HEADER_NAME, tenant_headers


class BearerAuth(AuthBase):
    """Sends ``Authorization: Bearer TOKEN``."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header to a request."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach a Prometheus HTTP API.

    ``headers`` are sent with each request (e.g. ``X-Scope-OrgID``). ``ca_file`` verifies the server,
    ``client_certificate`` is (certificate file, key file). Timeouts are in seconds.
    """

    url: str = field(repr=False)
    auth: AuthBase | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca_file: str | None = None
    client_certificate: tuple[str, str] | None = None
    connect_timeout_seconds: float = 5
    read_timeout_seconds: float = 60
    retries: int = 3
    backend: str | None = None
    """A name of :data:`slo.backends.BACKENDS`; ``None``: learnt from the server."""

    @property
    def shown_url(self) -> str:
        """The address without user name, password and query."""
        parts = urlsplit(self.url)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))


def connection_from(environment: Mapping[str, str], url: str, source: DataSource | None = None) -> Connection:
    """Read secrets and certificates from the environment (``PROOFLOAD_PROMETHEUS_*``).

    What a spec says of the ``source`` counts where the environment says nothing.

    Raises:
        ValueError: settings contradict each other, name no file, or can't be sent; or ``url`` is no address.
    """

    def setting(name: str) -> str | None:
        return environment.get(f"PROOFLOAD_PROMETHEUS_{name}") or None

    username, password, token = setting("USERNAME"), setting("PASSWORD"), setting("BEARER_TOKEN")
    files = {name: setting(name) for name in ("CA_FILE", "CLIENT_CERTIFICATE", "CLIENT_KEY")}
    certificate, key = files["CLIENT_CERTIFICATE"], files["CLIENT_KEY"]
    if token and username:
        raise ValueError(
            "PROOFLOAD_PROMETHEUS_BEARER_TOKEN and PROOFLOAD_PROMETHEUS_USERNAME are both set; give one"
        )
    if password and not username:
        raise ValueError("PROOFLOAD_PROMETHEUS_PASSWORD needs PROOFLOAD_PROMETHEUS_USERNAME beside it")
    if bool(certificate) != bool(key):
        raise ValueError(
            "PROOFLOAD_PROMETHEUS_CLIENT_CERTIFICATE and PROOFLOAD_PROMETHEUS_CLIENT_KEY go together"
        )
    for name, file in files.items():
        if file and not Path(file).is_file():
            raise ValueError(f"PROOFLOAD_PROMETHEUS_{name}: there is no file {file}")
    backend = setting("BACKEND")
    if backend and backend not in BACKENDS:
        raise ValueError(f"PROOFLOAD_PROMETHEUS_BACKEND is {backend!r}; there are {', '.join(BACKENDS)}")
    if source and not backend and source.type.lower() != "prometheus":  # the API; who speaks it is learnt
        backend = source.type.lower()
    basic = HTTPBasicAuth(username.encode(), (password or "").encode()) if username else None
    return Connection(
        url=_address(url),
        auth=BearerAuth(_sendable("BEARER_TOKEN", token.strip())) if token else basic,
        headers=_with_source(
            _with_tenant(_headers(setting("HEADERS") or ""), setting("TENANT"), backend), source, backend
        ),
        ca_file=files["CA_FILE"],
        client_certificate=(certificate, key) if certificate and key else None,
        backend=backend,
    )


def _with_tenant(headers: dict[str, str], tenant: str | None, backend: str | None) -> dict[str, str]:
    """Add the headers that tell the tenant, which must not be given twice."""
    if not tenant:
        return headers
    given = {name.lower() for name in headers}
    names = tenant_headers(backend)
    if twice := [name for name in names if name.lower() in given]:
        raise ValueError(
            f"PROOFLOAD_PROMETHEUS_TENANT and {twice[0]} in PROOFLOAD_PROMETHEUS_HEADERS are both set; "
            "give one"
        )
    return headers | dict.fromkeys(names, _sendable("TENANT", tenant))


def _with_source(
    headers: dict[str, str], source: DataSource | None, backend: str | None
) -> Mapping[str, str]:
    """Add the tenant and the headers of a spec's data source that the environment does not name."""
    if source is None:
        return headers
    said = dict.fromkeys(tenant_headers(backend), source.tenant) if source.tenant else {}
    given = {name.lower() for name in headers}
    if given & {name.lower() for name in tenant_headers(None)}:
        given |= {name.lower() for name in tenant_headers(None)}
    return headers | {
        name: value for name, value in (said | dict(source.headers)).items() if name.lower() not in given
    }


def _address(url: str) -> str:
    """Give the address back where it is one; the error shows it without user name and password."""
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        sound = sound and not parts.query and not parts.fragment
    except ValueError:  # an impossible port or IPv6 address
        sound = False
    if not sound:
        shown = url.rpartition("@")[2].partition("?")[0]
        raise ValueError(f"{shown!r} is no address of a Prometheus; write one like http://localhost:9090")
    return url


def _headers(text: str) -> dict[str, str]:
    """Read ``Name: value`` pairs, one a line or separated by ``;``."""
    headers = {}
    for pair in filter(str.strip, text.replace("\n", ";").split(";")):
        name, colon, value = pair.partition(":")
        if not colon or not HEADER_NAME.fullmatch(name.strip()):
            raise ValueError("PROOFLOAD_PROMETHEUS_HEADERS must be 'Name: value' pairs separated by ';'")
        headers[name.strip()] = _sendable("HEADERS", value.strip())
    return headers


def _sendable(name: str, value: str) -> str:
    """Give the value of a header back where it can be sent; the error does not show it."""
    if not (value.isascii() and value.isprintable()):
        raise ValueError(f"PROOFLOAD_PROMETHEUS_{name} holds a line break or a character beyond ASCII")
    return value
