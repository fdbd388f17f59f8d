"""Connection settings of a Prometheus HTTP API: URL, credentials, certificates and backend."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit, urlunsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from slo.documents import MASK, is_secret_name, mask_text
from slo.model import DataSource
from slo.prometheus.backends import BACKENDS, HEADER_NAME, list_tenant_headers

_MIN_SECRET_LENGTH = 4
"""Characters; a shorter text is likely to be in a message for other reasons."""


class BearerAuth(AuthBase):
    """Sends ``Authorization: Bearer TOKEN``."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header to a request."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    @property
    def token(self) -> str:
        """The token, a secret."""
        return self._token


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """Connection settings of a Prometheus HTTP API.

    ``headers`` are sent with each request (e.g. ``X-Scope-OrgID``). ``ca_file`` verifies the server;
    ``client_certificate`` is (certificate file, key file). Timeouts are in seconds;
    ``deadline_seconds`` is the maximum time for an answer, from the first attempt to the last byte.
    """

    url: str = field(repr=False)
    auth: AuthBase | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca_file: str | None = None
    client_certificate: tuple[str, str] | None = None
    connect_timeout_seconds: float = 5
    read_timeout_seconds: float = 50
    deadline_seconds: float = 55
    retries: int = 3
    backend: str | None = None
    """A key of ``slo.prometheus.backends.BACKENDS``; ``None``: detected from the server."""

    @property
    def shown_url(self) -> str:
        """The URL without user name, password and query."""
        parts = urlsplit(self.url)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))

    def mask_secrets(self, text: str) -> str:
        """Return a text of the server without the secrets of these settings, which it may repeat."""
        masked = mask_text(text)
        for secret in sorted(self._list_secrets(), key=len, reverse=True):
            masked = masked.replace(secret, MASK)
        return masked

    def _list_secrets(self) -> set[str]:
        """Return the secrets that are sent to the server, in each spelling."""
        secrets = {value for name, value in self.headers.items() if is_secret_name(name)}
        secrets |= {value.rpartition(" ")[2] for value in secrets}  # without "Bearer"
        password = urlsplit(self.url).password or ""
        secrets |= {password, unquote(password)}
        if isinstance(self.auth, BearerAuth):
            secrets.add(self.auth.token)
        if isinstance(self.auth, HTTPBasicAuth):
            user, password = (
                part.decode() if isinstance(part, bytes) else part
                for part in (self.auth.username, self.auth.password)
            )
            secrets |= {password, b64encode(f"{user}:{password}".encode()).decode()}
        return {secret for secret in secrets if len(secret) >= _MIN_SECRET_LENGTH}


def read_connection_settings(
    environment: Mapping[str, str], url: str, data_source: DataSource | None = None
) -> ConnectionSettings:
    """Return the settings from the environment (``PROOFLOAD_PROMETHEUS_*``).

    Where the environment sets nothing, ``data_source`` of the spec decides.

    Raises:
        ValueError: settings contradict each other, name a missing file or can't be sent in a header; or
            ``url`` is not an HTTP URL.
    """

    def read_setting(name: str) -> str | None:
        return environment.get(f"PROOFLOAD_PROMETHEUS_{name}") or None

    auth = _create_auth(read_setting("USERNAME"), read_setting("PASSWORD"), read_setting("BEARER_TOKEN"))
    files = {name: read_setting(name) for name in ("CA_FILE", "CLIENT_CERTIFICATE", "CLIENT_KEY")}
    _check_files(files)
    certificate, key = files["CLIENT_CERTIFICATE"], files["CLIENT_KEY"]
    backend = _choose_backend(read_setting("BACKEND"), data_source)
    headers = _add_tenant_headers(
        _parse_headers(read_setting("HEADERS") or ""), read_setting("TENANT"), backend
    )
    return ConnectionSettings(
        url=_check_url(url),
        auth=auth,
        headers=_add_data_source_headers(headers, data_source, backend),
        ca_file=files["CA_FILE"],
        client_certificate=(certificate, key) if certificate and key else None,
        backend=backend,
    )


def _create_auth(username: str | None, password: str | None, token: str | None) -> AuthBase | None:
    if token and username:
        raise ValueError(
            "PROOFLOAD_PROMETHEUS_BEARER_TOKEN and PROOFLOAD_PROMETHEUS_USERNAME are both set; set one"
        )
    if password and not username:
        raise ValueError("PROOFLOAD_PROMETHEUS_PASSWORD is set without PROOFLOAD_PROMETHEUS_USERNAME")
    if token:
        return BearerAuth(_check_header_value("BEARER_TOKEN", token.strip()))
    return HTTPBasicAuth(username.encode(), (password or "").encode()) if username else None


def _check_files(files: Mapping[str, str | None]) -> None:
    """Check the file settings, by the name of the environment variable without its prefix."""
    if bool(files["CLIENT_CERTIFICATE"]) != bool(files["CLIENT_KEY"]):
        raise ValueError(
            "PROOFLOAD_PROMETHEUS_CLIENT_CERTIFICATE and PROOFLOAD_PROMETHEUS_CLIENT_KEY must both be set"
        )
    for name, file in files.items():
        if file and not os.path.isfile(file):  # noqa: PTH113 - Path.is_file raises if it is too long
            raise ValueError(f"PROOFLOAD_PROMETHEUS_{name}: no such file: {file}")


def _choose_backend(setting: str | None, data_source: DataSource | None) -> str | None:
    """Return the backend that the environment or else the data source names; ``None``: to be detected.

    The type ``Prometheus`` names the API, which every backend implements.
    """
    if setting and setting not in BACKENDS:
        raise ValueError(f"PROOFLOAD_PROMETHEUS_BACKEND is {setting!r}; must be one of {', '.join(BACKENDS)}")
    if setting or data_source is None or data_source.type.lower() == "prometheus":
        return setting
    return data_source.type.lower()


def _add_tenant_headers(headers: dict[str, str], tenant: str | None, backend: str | None) -> dict[str, str]:
    """Add the headers that name the tenant; a tenant that ``headers`` also name is an error."""
    if not tenant:
        return headers
    names_in_use = {name.lower() for name in headers}
    names = list_tenant_headers(backend)
    if duplicates := [name for name in names if name.lower() in names_in_use]:
        raise ValueError(
            f"PROOFLOAD_PROMETHEUS_TENANT and {duplicates[0]} in PROOFLOAD_PROMETHEUS_HEADERS are both set; "
            "set one"
        )
    return headers | dict.fromkeys(names, _check_header_value("TENANT", tenant))


def _add_data_source_headers(
    headers: dict[str, str], data_source: DataSource | None, backend: str | None
) -> Mapping[str, str]:
    """Add the tenant and the headers of a data source, except those that the environment sets."""
    if data_source is None:
        return headers
    additional = dict(data_source.headers)
    if data_source.tenant:
        additional = dict.fromkeys(list_tenant_headers(backend), data_source.tenant) | additional
    names_in_use = {name.lower() for name in headers}
    tenant_names = {name.lower() for name in list_tenant_headers(None)}
    if names_in_use & tenant_names:
        names_in_use |= tenant_names
    return headers | {name: value for name, value in additional.items() if name.lower() not in names_in_use}


def _check_url(url: str) -> str:
    """Return a valid URL unchanged; the error shows it without user name and password."""
    try:
        parts = urlsplit(url)
        is_valid = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        is_valid = is_valid and not parts.query and not parts.fragment
        is_valid = is_valid and "@" not in parts.path  # probably a part of a password with a slash
    except ValueError:  # an impossible port or IPv6 address
        is_valid = False
    if not is_valid:
        shown = url.rpartition("@")[2].partition("?")[0]
        raise ValueError(f"{shown!r} is not the URL of a Prometheus; write e.g. http://localhost:9090")
    return url


def _parse_headers(text: str) -> dict[str, str]:
    """Parse ``Name: value`` pairs, one per line or separated by ``;``."""
    headers = {}
    for pair in filter(str.strip, text.replace("\n", ";").split(";")):
        name, colon, value = pair.partition(":")
        if not colon or not HEADER_NAME.fullmatch(name.strip()):
            raise ValueError("PROOFLOAD_PROMETHEUS_HEADERS must be 'Name: value' pairs separated by ';'")
        headers[name.strip()] = _check_header_value("HEADERS", value.strip())
    return headers


def _check_header_value(setting: str, value: str) -> str:
    """Return a valid header value unchanged; the error does not show it."""
    if not (value.isascii() and value.isprintable()):
        raise ValueError(f"PROOFLOAD_PROMETHEUS_{setting} contains a line break or a non-ASCII character")
    return value
