"""Client of the Prometheus HTTP API, with bounded time and memory and errors that never show a secret."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import chain
from math import isfinite
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Self

from urllib3.exceptions import HTTPError

from slo.model import PARTIAL_RESPONSE_WARNING, SERVER_TIME_KEY, QueryResult, Series
from slo.prometheus.backends import BACKENDS, detect_backend
from slo.prometheus.bounded_requests import (
    Answer,
    AnswerTooLargeError,
    DeadlineExceededError,
    EncodingNotAcceptedError,
    RequestLimits,
    create_session,
    send_bounded,
)
from slo.prometheus.connection import ConnectionSettings
from slo.prometheus.native_histograms import convert_to_classic_buckets
from slo.prometheus.query_chunks import CHUNK_SECONDS, ChunkMerger, split_into_chunks
from slo.promql import PromQLError, find_quoted_names

MAX_ANSWER_BYTES = 256 * 1024 * 1024
"""Largest answer to a query, decompressed: about ten million samples."""
STATUS_DEADLINE_SECONDS = 10.0
"""Maximum time for an answer about the server itself: version, clock, targets, names of metrics."""
MAX_STATUS_BYTES = 32 * 1024 * 1024
"""Largest such answer: the names of several hundred thousand metrics."""
RECOVERY_SECONDS = 5.0
"""After a deadline was exceeded, requests fail at once for so long: else each of many queries would wait."""
_LONG_QUERY_CHARACTERS = 1_000
"""Longer queries are sent by POST: proxies commonly refuse URLs of a few thousand characters."""


_MAX_CAUSE_CHARACTERS = 120
_UNPARSABLE = (TypeError, AttributeError, LookupError, ValueError, OverflowError)
"""Errors of parsing JSON of another shape; ``OverflowError``: an integer that no float can hold."""


class PrometheusError(Exception):
    """A request to Prometheus failed; the message contains no secret."""


class PrometheusUnreachableError(PrometheusError):
    """There was no response, or every response was a server error."""


class QueryError(PrometheusError):
    """Prometheus refused this query, or the response could not be parsed."""


class PrometheusClient:
    """Client of one server that implements the Prometheus HTTP API.

    Use it as a context manager. ``backend`` is a key of ``slo.prometheus.backends.BACKENDS``;
    :meth:`fetch_version` detects it where the settings name none.
    """

    def __init__(self, connection: ConnectionSettings) -> None:
        self.connection = connection
        self.backend = connection.backend or "prometheus"
        self._blocked_until = 0.0
        self._session = create_session()
        self._session.auth = connection.auth
        self._session.cert = connection.client_certificate

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def fetch_samples(self, selector: str, start: float, end: float) -> QueryResult:
        """Return the raw samples of a selector in ``(start, end]`` (Unix seconds), queried in chunks if long.

        Raises:
            PrometheusError: there is no response, or the server refuses the query.
        """
        query = _format_range_query(selector, start, end)
        chunks = list(split_into_chunks(start, end))
        if len(chunks) == 1:
            series, warnings = self._run_query(query, end, _parse_matrix)
            return QueryResult(query, end, series, exact=True, warnings=warnings)
        merger, all_warnings = ChunkMerger(), dict[str, None]()
        for chunk_start, chunk_end in chunks:
            chunk_query = _format_range_query(selector, chunk_start, chunk_end)
            series, warnings = self._run_query(chunk_query, chunk_end, _parse_float_matrix)
            merger.add(series)
            all_warnings |= dict.fromkeys(warnings)
        return QueryResult(query, end, merger.build_series(), exact=True, warnings=tuple(all_warnings))

    def query_instant(self, query: str, time: float) -> QueryResult:
        """Return the result of an instant query at ``time`` (Unix seconds); a scalar has no labels.

        Raises:
            PrometheusError: there is no response, or the server refuses the query.
        """
        series, warnings = self._run_query(query, time, _parse_vector)
        return QueryResult(query, time, series, exact=False, warnings=warnings)

    def fetch_version(self) -> str:
        """Return the version of the server, or an empty string if it reports none; detect its backend.

        Raises:
            PrometheusUnreachableError: there is no response.
        """
        try:
            response = self._send_status("/api/v1/status/buildinfo", {})
            data, _ = self._parse_response(response)
        except QueryError:
            return ""
        self.backend = self.connection.backend or detect_backend(response.headers, data)
        return str(data.get("version", "")) if isinstance(data, dict) else ""

    def flush_recent_samples(self) -> None:
        """Make samples that were just scraped visible to queries, on backends that delay them.

        Raises:
            PrometheusUnreachableError: there is no response.
        """
        backend = BACKENDS[self.backend]
        if backend.flush_path and not self._send_status(backend.flush_path, {}).ok:
            sleep(backend.settle_seconds)

    def fetch_server_time(self) -> QueryResult:
        """Return the server's clock: one series with one value, in Unix seconds.

        Raises:
            PrometheusError: there is no response, or the server refuses the query.
        """
        query = SERVER_TIME_KEY.text
        series, warnings = self._run_query(query, None, _parse_single_number, self._request_status)
        return QueryResult(query, series[0].times[0], series, exact=False, warnings=warnings)

    def fetch_metric_types(self, metric: str) -> frozenset[str]:
        """Return the types that scrape targets declare for a metric (``counter``, ``gauge``, …), if any.

        Raises:
            PrometheusUnreachableError: there is no response.
        """
        try:
            data, _ = self._request_status("/api/v1/metadata", {"metric": metric})
        except QueryError:
            return frozenset()
        entries = data.get(metric) if isinstance(data, dict) else None
        return frozenset(str(entry.get("type")) for entry in entries or () if isinstance(entry, dict))

    def fetch_target_health(self) -> tuple[tuple[str, str], ...]:
        """Return job and health of each active scrape target, and nothing if the server has no such API.

        The health is ``up``, ``down`` with the last error, or ``not scraped yet``.

        Raises:
            PrometheusUnreachableError: there is no response.
        """
        try:
            data, _ = self._request_status("/api/v1/targets", {"state": "active"})
            return tuple(_parse_target(target) for target in data["activeTargets"])
        except (QueryError, *_UNPARSABLE):
            return ()

    def fetch_metric_names(self) -> tuple[str, ...]:
        """Return the names of all metrics, and nothing if there are too many or the server does not tell.

        Raises:
            PrometheusUnreachableError: there is no response.
        """
        try:
            data, _ = self._request_data("/api/v1/label/__name__/values", {})
        except QueryError:
            return ()
        return tuple(map(str, data)) if isinstance(data, list) else ()

    def _run_query(
        self,
        query: str,
        time: float | None,
        parse: Callable[[Mapping[str, Any]], tuple[Series, ...]],
        request: Callable[[str, Mapping[str, str]], tuple[Any, tuple[str, ...]]] | None = None,
    ) -> tuple[tuple[Series, ...], tuple[str, ...]]:
        """Run a query at ``time`` (Unix seconds), or at the server's own time; ``request`` sends it."""
        request = request or self._request_data
        parameters = {"query": query, **BACKENDS[self.backend].parameters}
        if time is not None:
            parameters["time"] = f"{time:.3f}"
        try:
            data, warnings = request("/api/v1/query", parameters)
        except QueryError as error:
            raise QueryError(_explain_refusal(str(error), query)) from None
        try:
            return parse(data), warnings
        except _UNPARSABLE:
            url = self.connection.shown_url
            raise QueryError(f"{url} returned a result that can't be parsed for {query!r}") from None

    def _request_data(self, path: str, parameters: Mapping[str, str]) -> tuple[Any, tuple[str, ...]]:
        limits = RequestLimits(self.connection.deadline_seconds, MAX_ANSWER_BYTES, self.connection.retries)
        return self._parse_response(self._send(path, parameters, limits))

    def _parse_response(self, response: Answer) -> tuple[Any, tuple[str, ...]]:
        """Return data and warnings; the server, or a proxy before it, may repeat the secrets it was sent."""
        try:
            data, warnings = _parse_envelope(response, self.connection.shown_url)
        except PrometheusError as error:
            raise type(error)(self.connection.mask_secrets(str(error))) from None
        return data, tuple(map(self.connection.mask_secrets, warnings))

    def _request_status(self, path: str, parameters: Mapping[str, str]) -> tuple[Any, tuple[str, ...]]:
        return self._parse_response(self._send_status(path, parameters))

    def _send_status(self, path: str, parameters: Mapping[str, str]) -> Answer:
        """Send a request that a working server answers at once."""
        seconds = min(STATUS_DEADLINE_SECONDS, self.connection.deadline_seconds)
        return self._send(path, parameters, RequestLimits(seconds, MAX_STATUS_BYTES, self.connection.retries))

    def _send(self, path: str, parameters: Mapping[str, str], limits: RequestLimits) -> Answer:
        connection = self.connection
        if monotonic() < self._blocked_until:
            raise PrometheusUnreachableError(f"{connection.shown_url} did not answer in time before")
        use_post = len(parameters.get("query", "")) > _LONG_QUERY_CHARACTERS
        try:
            return send_bounded(
                self._session,
                limits,
                method="POST" if use_post else "GET",
                url=connection.url.rstrip("/") + path,
                headers={**BACKENDS[self.backend].headers, **connection.headers},
                params=None if use_post else parameters,
                data=parameters if use_post else None,
                timeout=(connection.connect_timeout_seconds, connection.read_timeout_seconds),
                allow_redirects=False,
                verify=connection.ca_file,  # REQUESTS_CA_BUNDLE would override Session.verify
            )
        except DeadlineExceededError:
            self._blocked_until = monotonic() + RECOVERY_SECONDS
            raise PrometheusUnreachableError(
                f"{connection.shown_url} sent no whole answer within {limits.seconds:g} s"
            ) from None
        except (AnswerTooLargeError, EncodingNotAcceptedError) as error:
            # An answer about the server is small: this server is no Prometheus, and no query would help.
            kind = PrometheusUnreachableError if limits.body_bytes <= MAX_STATUS_BYTES else QueryError
            raise kind(f"{connection.shown_url} can't be read: {error}") from None
        except (OSError, HTTPError) as error:
            raise PrometheusUnreachableError(
                f"{connection.shown_url} does not respond ({_describe_cause(error)})"
            ) from None


def _describe_cause(error: BaseException) -> str:
    """Return the message of the first cause; of a ``ValueError`` only the type: it may quote a secret."""
    if isinstance(error, ValueError):
        return type(error).__name__
    while inner := error.__cause__ or error.__context__ or _find_last_exception(error.args):
        error = inner
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _find_last_exception(arguments: tuple[object, ...]) -> BaseException | None:
    """Return the cause that urllib3 passes only as the last argument."""
    last = arguments[-1] if arguments else None
    return last if isinstance(last, BaseException) else None


def _parse_envelope(answer: Answer, url: str) -> tuple[Any, tuple[str, ...]]:
    """Return the data and the warnings of an API answer."""
    body = answer.parse_json()
    if answer.status >= 500:  # noqa: PLR2004 - server errors, by RFC 9110
        raise PrometheusUnreachableError(
            f"{url} responded with {answer.status}: {_describe_error(answer, body)}"
        )
    if not isinstance(body, dict) or body.get("status") != "success":
        raise QueryError(f"{url} responded with {answer.status}: {_describe_error(answer, body)}")
    texts_by_key = [body.get(key) for key in ("warnings", "infos")]
    warnings = tuple(str(text) for texts in texts_by_key if isinstance(texts, list) for text in texts)
    if body.get("isPartial") is True:
        warnings += (PARTIAL_RESPONSE_WARNING,)
    return body.get("data"), warnings


def _explain_refusal(error: str, query: str) -> str:
    """Return an error with its cause, if names in the query may be one: Prometheus 2 can't parse them."""
    if "parse error" not in error:
        return error
    try:
        names = find_quoted_names(query)
    except PromQLError:
        return error
    if not names:
        return error
    return (
        f"{names[0]!r}: names with characters other than letters, digits, _ and : need Prometheus 3; {error}"
    )


def _describe_error(answer: Answer, body: object) -> str:
    if isinstance(body, dict) and body.get("error"):
        return str(body["error"])
    if answer.is_redirect:
        return "it redirects; use the URL that it redirects to"
    if answer.status in {401, 403}:
        return "it refuses the credentials (see PROOFLOAD_PROMETHEUS_USERNAME and _BEARER_TOKEN)"
    return "not a response of the Prometheus HTTP API"


def _format_range_query(selector: str, start: float, end: float) -> str:
    return f"{selector}[{max(round((end - start) * 1000), 1)}ms]"


def _parse_matrix(data: Mapping[str, Any]) -> tuple[Series, ...]:
    if data["resultType"] != "matrix":
        raise ValueError("the result of a range selector must be a matrix")
    rows = data["result"]
    float_series = [_parse_series(row) for row in rows if "values" in row]
    bucket_series = [convert_to_classic_buckets(row) for row in rows if "histograms" in row]
    return (*float_series, *chain.from_iterable(bucket_series))


def _parse_float_matrix(data: Mapping[str, Any]) -> tuple[Series, ...]:
    """Parse one chunk of a long range; common bounds of native histograms need the whole range at once."""
    if any("histograms" in row for row in data["result"]):
        raise QueryError(f"native histograms are supported in windows of at most {CHUNK_SECONDS / 3600:g} h")
    return _parse_matrix(data)


def _parse_series(row: Mapping[str, Any]) -> Series:
    times, values = zip(*row["values"], strict=True)
    return Series(row["metric"], tuple(map(float, times)), tuple(map(float, values)))


def _parse_single_number(data: Mapping[str, Any]) -> tuple[Series, ...]:
    (series,) = _parse_vector(data)
    if not isfinite(series.values[0]):
        raise ValueError("the result must be a finite number")
    return (series,)


def _parse_target(target: Mapping[str, Any]) -> tuple[str, str]:
    job, health = str(target["labels"].get("job", "")), str(target["health"])
    if health == "unknown":
        return job, "not scraped yet"
    cause = " ".join(str(target.get("lastError") or "").split())[-_MAX_CAUSE_CHARACTERS:]
    return job, f"{health}: {cause}" if health == "down" and cause else health


def _parse_vector(data: Mapping[str, Any]) -> tuple[Series, ...]:
    result = data["result"]
    if data["resultType"] in {"scalar", "string"}:
        return (Series({}, (float(result[0]),), (float(result[1]),)),)
    if data["resultType"] != "vector":
        raise ValueError("the result of an instant query must be a vector")
    return tuple(
        Series(dict(row["metric"]), (float(row["value"][0]),), (float(row["value"][1]),))
        for row in result
        if "value" in row
    )
