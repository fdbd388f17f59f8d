"""Client of the Prometheus HTTP API: explicit times, bounded retries, warnings kept, secrets never shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from slo.model import QueryResult, Series

_LONG_QUERY_CHARACTERS = 1_000
"""Longer queries go by POST: proxies commonly refuse URLs of a few thousand characters."""
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110, 5.6.2."""


class PrometheusError(Exception):
    """Prometheus could not answer; the message holds no secret."""


class PrometheusUnreachableError(PrometheusError):
    """No answer at all, or none but server errors."""


class QueryError(PrometheusError):
    """Prometheus answered that it will not answer this query."""


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

    @property
    def shown_url(self) -> str:
        """The address without user name, password and query."""
        parts = urlsplit(self.url)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))


def connection_from(environment: Mapping[str, str], url: str) -> Connection:
    """Read secrets and certificates from the environment (``PROOFLOAD_PROMETHEUS_*``).

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
    basic = HTTPBasicAuth(username.encode(), (password or "").encode()) if username else None
    return Connection(
        url=_address(url),
        auth=BearerAuth(_sendable("BEARER_TOKEN", token.strip())) if token else basic,
        headers=_headers(setting("HEADERS") or ""),
        ca_file=files["CA_FILE"],
        client_certificate=(certificate, key) if certificate and key else None,
    )


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
        if not colon or not _HEADER_NAME.fullmatch(name.strip()):
            raise ValueError("PROOFLOAD_PROMETHEUS_HEADERS must be 'Name: value' pairs separated by ';'")
        headers[name.strip()] = _sendable("HEADERS", value.strip())
    return headers


def _sendable(name: str, value: str) -> str:
    """Give the value of a header back where it can be sent; the error does not show it."""
    if not (value.isascii() and value.isprintable()):
        raise ValueError(f"PROOFLOAD_PROMETHEUS_{name} holds a line break or a character beyond ASCII")
    return value


class Prometheus:
    """A Prometheus HTTP API (Prometheus itself, or a server that speaks it)."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._session = requests.Session()
        self._session.headers.update(connection.headers)
        self._session.auth = connection.auth
        self._session.cert = connection.client_certificate
        retry = Retry(
            total=connection.retries,
            status_forcelist=[500, 502, 503, 504],
            allowed_methods={"GET", "POST"},
            backoff_factor=0.2,
            raise_on_status=False,
            respect_retry_after_header=False,  # it may name hours
            redirect=0,
        )
        self._session.mount("http://", HTTPAdapter(max_retries=retry))
        self._session.mount("https://", HTTPAdapter(max_retries=retry))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def raw(self, selector: str, start: float, end: float) -> QueryResult:
        """Fetch the raw samples of a selector in ``(start, end]``.

        Raises:
            PrometheusError: there is no answer, or the server refuses the query.
        """
        query = f"{selector}[{max(round((end - start) * 1000), 1)}ms]"
        series, warnings = self._query(query, end, _matrix)
        return QueryResult(query, end, series, exact=True, warnings=warnings)

    def value(self, query: str, time: float) -> QueryResult:
        """Let the server evaluate a query at a time; scalars come as one series without labels.

        Raises:
            PrometheusError: there is no answer, or the server refuses the query.
        """
        series, warnings = self._query(query, time, _vector)
        return QueryResult(query, time, series, exact=False, warnings=warnings)

    def version(self) -> str:
        """Version of the server, or an empty text where it does not say.

        Raises:
            PrometheusUnreachableError: there is no answer.
        """
        try:
            data, _ = self._call("/api/v1/status/buildinfo", {})
        except QueryError:
            return ""
        return str(data.get("version", "")) if isinstance(data, dict) else ""

    def types(self, metric: str) -> frozenset[str]:
        """Name what targets say a metric is (``counter``, ``gauge``, …); empty where nobody says.

        Raises:
            PrometheusUnreachableError: there is no answer.
        """
        try:
            data, _ = self._call("/api/v1/metadata", {"metric": metric})
        except QueryError:
            return frozenset()
        said = data.get(metric) if isinstance(data, dict) else None
        return frozenset(str(one.get("type")) for one in said or () if isinstance(one, dict))

    def _query(
        self, query: str, time: float, read: Callable[[Mapping[str, Any]], tuple[Series, ...]]
    ) -> tuple[tuple[Series, ...], tuple[str, ...]]:
        data, warnings = self._call("/api/v1/query", {"query": query, "time": f"{time:.3f}"})
        try:
            return read(data), warnings
        except (TypeError, LookupError, ValueError):
            where = self.connection.shown_url
            raise QueryError(f"{where} gave no result that can be read for {query!r}") from None

    def _call(self, path: str, parameters: Mapping[str, str]) -> tuple[Any, tuple[str, ...]]:
        connection = self.connection
        post = len(parameters.get("query", "")) > _LONG_QUERY_CHARACTERS
        try:
            response = self._session.request(
                "POST" if post else "GET",
                connection.url.rstrip("/") + path,
                params=None if post else parameters,
                data=parameters if post else None,
                timeout=(connection.connect_timeout_seconds, connection.read_timeout_seconds),
                allow_redirects=False,
                verify=connection.ca_file,  # the session's own would yield to REQUESTS_CA_BUNDLE
            )
        except (OSError, HTTPError) as error:
            raise PrometheusUnreachableError(
                f"{connection.shown_url} does not answer ({_cause(error)})"
            ) from None
        return _unwrap(response, connection.shown_url)


def _cause(error: BaseException) -> str:
    """Say why a request failed in the words of the first cause; those of a bad address may hold a secret."""
    if isinstance(error, ValueError):
        return type(error).__name__
    while inner := error.__cause__ or error.__context__ or _last_exception(error.args):
        error = inner
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _last_exception(arguments: tuple[object, ...]) -> BaseException | None:
    """Find the cause that urllib3 hands on as an argument alone."""
    last = arguments[-1] if arguments else None
    return last if isinstance(last, BaseException) else None


def _unwrap(response: requests.Response, where: str) -> tuple[Any, tuple[str, ...]]:
    """Take the data and the warnings out of the API's envelope."""
    try:
        body = response.json()
    except requests.exceptions.JSONDecodeError:
        body = None
    if response.status_code >= 500:  # noqa: PLR2004 - server errors, by RFC 9110
        raise PrometheusUnreachableError(f"{where} answered {response.status_code}: {_said(response, body)}")
    if not isinstance(body, dict) or body.get("status") != "success":
        raise QueryError(f"{where} answered {response.status_code}: {_said(response, body)}")
    given = [body.get(key) for key in ("warnings", "infos")]
    warnings = tuple(str(text) for texts in given if isinstance(texts, list) for text in texts)
    return body.get("data"), warnings


def _said(response: requests.Response, body: object) -> str:
    if isinstance(body, dict) and body.get("error"):
        return str(body["error"])
    if response.is_redirect:
        return "it redirects elsewhere; give the address that it leads to"
    if response.status_code in {401, 403}:
        return "it wants other credentials (see PROOFLOAD_PROMETHEUS_USERNAME and _BEARER_TOKEN)"
    return "no answer of the Prometheus HTTP API"


def _matrix(data: Mapping[str, Any]) -> tuple[Series, ...]:
    if data["resultType"] != "matrix":
        raise ValueError("raw samples come as a matrix")
    return tuple(_raw_series(row) for row in data["result"] if "values" in row)


def _raw_series(row: Mapping[str, Any]) -> Series:
    times, values = zip(*row["values"], strict=True)
    return Series(row["metric"], tuple(map(float, times)), tuple(map(float, values)))


def _vector(data: Mapping[str, Any]) -> tuple[Series, ...]:
    result = data["result"]
    if data["resultType"] in {"scalar", "string"}:
        return (Series({}, (float(result[0]),), (float(result[1]),)),)
    if data["resultType"] != "vector":
        raise ValueError("values of one time come as a vector")
    return tuple(
        Series(dict(row["metric"]), (float(row["value"][0]),), (float(row["value"][1]),))
        for row in result
        if "value" in row
    )
