"""Client of the Prometheus HTTP API: explicit times, bounded retries, warnings kept, secrets never shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import sleep
from types import TracebackType
from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from slo.model import QueryResult, Series
from slo.model.evidence import IS_PARTIAL
from slo.prometheus.backends import BACKENDS, learnt
from slo.prometheus.connection import Connection
from slo.prometheus.native_histograms import classic
from slo.prometheus.query_chunks import PIECE_SECONDS, Joined, pieces

_LONG_QUERY_CHARACTERS = 1_000
"""Longer queries go by POST: proxies commonly refuse URLs of a few thousand characters."""


class PrometheusError(Exception):
    """Prometheus could not answer; the message holds no secret."""


class PrometheusUnreachableError(PrometheusError):
    """No answer at all, or none but server errors."""


class QueryError(PrometheusError):
    """Prometheus answered that it will not answer this query."""


class Prometheus:
    """A Prometheus HTTP API (Prometheus itself, or a server that speaks it)."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.backend = connection.backend or "prometheus"
        self._session = requests.Session()
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
        """Fetch the raw samples of a selector in ``(start, end]``, of a long stretch piece by piece.

        Raises:
            PrometheusError: there is no answer, or the server refuses the query.
        """
        query = _ranged(selector, start, end)
        parts = list(pieces(start, end))
        if len(parts) == 1:
            series, warnings = self._query(query, end, _matrix)
            return QueryResult(query, end, series, exact=True, warnings=warnings)
        joined, warned = Joined(), dict[str, None]()
        for begin, last in parts:
            series, warnings = self._query(_ranged(selector, begin, last), last, _floats)
            joined.add(series)
            warned |= dict.fromkeys(warnings)
        return QueryResult(query, end, joined.series(), exact=True, warnings=tuple(warned))

    def value(self, query: str, time: float) -> QueryResult:
        """Let the server evaluate a query at a time; scalars come as one series without labels.

        Raises:
            PrometheusError: there is no answer, or the server refuses the query.
        """
        series, warnings = self._query(query, time, _vector)
        return QueryResult(query, time, series, exact=False, warnings=warnings)

    def version(self) -> str:
        """Version of the server, or an empty text where it does not say; learns which backend it is.

        Raises:
            PrometheusUnreachableError: there is no answer.
        """
        try:
            response = self._sent("/api/v1/status/buildinfo", {})
            data, _ = _unwrap(response, self.connection.shown_url)
        except QueryError:
            return ""
        self.backend = self.connection.backend or learnt(response.headers, data)
        return str(data.get("version", "")) if isinstance(data, dict) else ""

    def settle(self) -> None:
        """See to it that what was scraped up to now can be found, where the backend takes its time.

        Raises:
            PrometheusUnreachableError: there is no answer.
        """
        backend = BACKENDS[self.backend]
        if backend.flush and not self._sent(backend.flush, {}).ok:
            sleep(backend.settle_seconds)

    def time(self) -> float | None:
        """The server's own clock as a Unix time, or ``None`` where it does not say.

        Raises:
            PrometheusUnreachableError: there is no answer.
        """
        try:
            data, _ = self._call("/api/v1/query", {"query": "time()", **BACKENDS[self.backend].parameters})
            (series,) = _vector(data)
        except (QueryError, TypeError, LookupError, ValueError):
            return None
        return series.values[0]

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
        given = {"query": query, "time": f"{time:.3f}", **BACKENDS[self.backend].parameters}
        data, warnings = self._call("/api/v1/query", given)
        try:
            return read(data), warnings
        except (TypeError, LookupError, ValueError):
            where = self.connection.shown_url
            raise QueryError(f"{where} gave no result that can be read for {query!r}") from None

    def _call(self, path: str, parameters: Mapping[str, str]) -> tuple[Any, tuple[str, ...]]:
        return _unwrap(self._sent(path, parameters), self.connection.shown_url)

    def _sent(self, path: str, parameters: Mapping[str, str]) -> requests.Response:
        connection = self.connection
        post = len(parameters.get("query", "")) > _LONG_QUERY_CHARACTERS
        try:
            return self._session.request(
                "POST" if post else "GET",
                connection.url.rstrip("/") + path,
                headers={**BACKENDS[self.backend].headers, **connection.headers},
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
    if body.get("isPartial") is True:
        warnings += (IS_PARTIAL,)
    return body.get("data"), warnings


def _said(response: requests.Response, body: object) -> str:
    if isinstance(body, dict) and body.get("error"):
        return str(body["error"])
    if response.is_redirect:
        return "it redirects elsewhere; give the address that it leads to"
    if response.status_code in {401, 403}:
        return "it wants other credentials (see PROOFLOAD_PROMETHEUS_USERNAME and _BEARER_TOKEN)"
    return "no answer of the Prometheus HTTP API"


def _ranged(selector: str, start: float, end: float) -> str:
    return f"{selector}[{max(round((end - start) * 1000), 1)}ms]"


def _matrix(data: Mapping[str, Any]) -> tuple[Series, ...]:
    if data["resultType"] != "matrix":
        raise ValueError("raw samples come as a matrix")
    floats = [_raw_series(row) for row in data["result"] if "values" in row]
    return (*floats, *(one for row in data["result"] if "histograms" in row for one in classic(row)))


def _floats(data: Mapping[str, Any]) -> tuple[Series, ...]:
    """Read a piece of a long window; which bounds native histograms have is known of a whole window alone."""
    if any("histograms" in row for row in data["result"]):
        raise QueryError(f"native histograms are judged over {PIECE_SECONDS / 3600:g} h at most")
    return _matrix(data)


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
