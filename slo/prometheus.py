"""Client of the Prometheus HTTP API: explicit times, bounded retries, warnings kept, secrets never shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.util import Retry

from slo.model import QueryResult, Series

_LONG_QUERY_CHARACTERS = 1_000
"""Longer queries go by POST: proxies commonly refuse URLs of a few thousand characters."""


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

    url: str
    auth: AuthBase | tuple[str, str] | None = field(default=None, repr=False)
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
        ValueError: settings contradict each other, or a header is not ``Name: value``.
    """

    def setting(name: str) -> str | None:
        return environment.get(f"PROOFLOAD_PROMETHEUS_{name}") or None

    username, password, token = setting("USERNAME"), setting("PASSWORD"), setting("BEARER_TOKEN")
    certificate, key = setting("CLIENT_CERTIFICATE"), setting("CLIENT_KEY")
    if token and username:
        raise ValueError(
            "PROOFLOAD_PROMETHEUS_BEARER_TOKEN and PROOFLOAD_PROMETHEUS_USERNAME are both set; give one"
        )
    if bool(certificate) != bool(key):
        raise ValueError(
            "PROOFLOAD_PROMETHEUS_CLIENT_CERTIFICATE and PROOFLOAD_PROMETHEUS_CLIENT_KEY go together"
        )
    basic = (username, password or "") if username else None
    return Connection(
        url=url,
        auth=BearerAuth(token) if token else basic,
        headers=_headers(setting("HEADERS") or ""),
        ca_file=setting("CA_FILE"),
        client_certificate=(certificate, key) if certificate and key else None,
    )


def _headers(text: str) -> dict[str, str]:
    """Read ``Name: value`` pairs, one a line or separated by ``;``."""
    headers = {}
    for pair in filter(str.strip, text.replace("\n", ";").split(";")):
        name, colon, value = pair.partition(":")
        if not colon or not name.strip():
            raise ValueError("PROOFLOAD_PROMETHEUS_HEADERS must be 'Name: value' pairs separated by ';'")
        headers[name.strip()] = value.strip()
    return headers


class Prometheus:
    """A Prometheus HTTP API (Prometheus itself, or a server that speaks it)."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._session = requests.Session()
        self._session.headers.update(connection.headers)
        self._session.auth = connection.auth
        self._session.verify = connection.ca_file or True
        self._session.cert = connection.client_certificate
        retry = Retry(
            total=connection.retries,
            status_forcelist=[500, 502, 503, 504],
            allowed_methods={"GET", "POST"},
            backoff_factor=0.2,
            raise_on_status=False,
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
        data, warnings = self._query(query, end)
        return QueryResult(query, end, _matrix(data), exact=True, warnings=warnings)

    def value(self, query: str, time: float) -> QueryResult:
        """Let the server evaluate a query at a time; scalars come as one series without labels.

        Raises:
            PrometheusError: there is no answer, or the server refuses the query.
        """
        data, warnings = self._query(query, time)
        return QueryResult(query, time, _vector(data), exact=False, warnings=warnings)

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

    def _query(self, query: str, time: float) -> tuple[Any, tuple[str, ...]]:
        data, warnings = self._call("/api/v1/query", {"query": query, "time": f"{time:.3f}"})
        if not isinstance(data, dict) or "resultType" not in data or "result" not in data:
            raise QueryError(f"{self.connection.shown_url} gave no result for {query!r}")
        return data, warnings

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
            )
        except requests.RequestException as error:
            raise PrometheusUnreachableError(
                f"{connection.shown_url} does not answer ({_cause(error)})"
            ) from None
        return _unwrap(response, connection.shown_url)


def _cause(error: requests.RequestException) -> str:
    """Say why a request failed without its address, which may hold a password."""
    inner = error.args[0] if error.args else error
    reason = getattr(inner, "reason", None) or inner
    text = str(reason).rpartition(": ")[2].strip("()'\" ") or type(error).__name__
    return text if "@" not in text else type(error).__name__


def _unwrap(response: requests.Response, where: str) -> tuple[Any, tuple[str, ...]]:
    """Take the data and the warnings out of the API's envelope."""
    try:
        body = response.json()
    except requests.exceptions.JSONDecodeError:
        body = None
    if response.status_code >= 500:  # noqa: PLR2004 - server errors, by RFC 9110
        raise PrometheusUnreachableError(f"{where} answered {response.status_code}: {_said(body)}")
    if not isinstance(body, dict) or body.get("status") != "success":
        raise QueryError(f"{where} answered {response.status_code}: {_said(body)}")
    warnings = tuple(str(text) for key in ("warnings", "infos") for text in body.get(key) or ())
    return body.get("data"), warnings


def _said(body: object) -> str:
    if isinstance(body, dict) and body.get("error"):
        return str(body["error"])
    return "no answer of the Prometheus HTTP API"


def _matrix(data: Mapping[str, Any]) -> tuple[Series, ...]:
    if data["resultType"] != "matrix":
        raise QueryError(f"raw samples expected, got a {data['resultType']}")
    return tuple(
        Series(
            labels=row["metric"],
            times=tuple(float(time) for time, _ in row["values"]),
            values=tuple(float(value) for _, value in row["values"]),
        )
        for row in data["result"]
        if "values" in row
    )


def _vector(data: Mapping[str, Any]) -> tuple[Series, ...]:
    result = data["result"]
    if data["resultType"] in {"scalar", "string"}:
        return (Series({}, (float(result[0]),), (float(result[1]),)),)
    if data["resultType"] != "vector":
        raise QueryError(f"one value a series expected, got a {data['resultType']}")
    return tuple(
        Series(row["metric"], (float(row["value"][0]),), (float(row["value"][1]),))
        for row in result
        if "value" in row
    )
