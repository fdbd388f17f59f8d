"""Evidence: the raw samples and query results that Prometheus returned."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

ScrapeTarget = tuple[str, str]
"""The ``job`` and ``instance`` labels of a scrape target."""
CounterLabels = frozenset[tuple[str, str]]
"""Labels of a counter without ``__name__`` and ``le``."""

_QUERY_ANNOTATION = re.compile(
    r"((remote query warning \([^)]*\)|warning querying [^:]*): )*PromQL (info|warning): "
    r"|\d+ more info annotations omitted"
)
"""Annotations about the query itself, which are no sign of missing data.

All have these prefixes (Prometheus ``util/annotations/annotations.go``), after those of the servers that
forwarded the query: Thanos's ``pkg/query/remote_engine.go``, Cortex's
``pkg/querier/tenantfederation/merge_queryable.go``.
"""
PARTIAL_RESPONSE_WARNING = "the server marks its response as partial (isPartial)"
"""Stands for ``isPartial`` of VictoriaMetrics in cluster mode (*Cluster version*, Cluster availability)."""


@dataclass(frozen=True, slots=True)
class Window:
    """A period of time from ``start`` to ``end``, in Unix seconds."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """Length of the window in seconds."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Series:
    """Raw samples of one time series, oldest first; ``times`` and ``values`` have the same length."""

    labels: Mapping[str, str]
    times: Sequence[float]
    values: Sequence[float]


class QueryKind(StrEnum):
    """What a query asks for."""

    SAMPLES = "samples"
    """Raw samples of a selector."""
    VALUE = "value"
    """An expression that Prometheus evaluates at the window's end."""
    UP = "up"
    """``up`` of the scrape targets behind the spec's series."""
    PROCESS_START = "process_start"
    """``process_start_time_seconds`` of the same scrape targets."""
    SERVER_TIME = "server_time"
    """The clock of the server."""


@dataclass(frozen=True, slots=True)
class QueryKey:
    """Identifies a query of the evidence: a selector, or an expression as its author wrote it."""

    kind: QueryKind
    text: str

    def __str__(self) -> str:
        """Return the text, without the kind."""
        return self.text


UP_KEY = QueryKey(QueryKind.UP, "up")
PROCESS_START_KEY = QueryKey(QueryKind.PROCESS_START, "process_start_time_seconds")
SERVER_TIME_KEY = QueryKey(QueryKind.SERVER_TIME, "time()")
"""Keys of the queries about the scrape targets and the server themselves."""
TARGET_KEYS = (UP_KEY, PROCESS_START_KEY, SERVER_TIME_KEY)
"""All of these keys."""


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Response to one query.

    ``query`` is the query as sent, ``time`` its evaluation time. ``exact`` is true for raw samples of a
    selector. ``error`` is set when there was no usable response.
    """

    query: str
    time: float
    series: tuple[Series, ...] = ()
    exact: bool = True
    warnings: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that Prometheus returned about one window.

    ``results`` maps each query to the response. The samples start ``lookback_seconds`` before the window.
    """

    window: Window
    results: Mapping[QueryKey, QueryResult]
    fetched_at: float
    lookback_seconds: float
    scrape_interval_seconds: float | None = None
    server: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None
    """Why Prometheus could not be queried at all."""
    clock_skew_seconds: float | None = None
    """The server's clock minus the local clock, at the middle of the round trip; ``None``: not measured."""
    round_trip_seconds: float | None = None


def make_samples_key(selector: str) -> QueryKey:
    """Return the key of a selector's raw samples."""
    return QueryKey(QueryKind.SAMPLES, selector)


def make_value_key(expression: str) -> QueryKey:
    """Return the key of the value that Prometheus computes for an expression."""
    return QueryKey(QueryKind.VALUE, expression)


def scrape_target_of(series: Series) -> ScrapeTarget:
    """Return the scrape target that exposes a series."""
    return series.labels.get("job", ""), series.labels.get("instance", "")


def counter_labels_of(series: Series) -> CounterLabels:
    """Return the labels that a counter's samples share with its ``_created`` series."""
    return frozenset(item for item in series.labels.items() if item[0] not in {"__name__", "le"})


def find_partial_data_warning(warnings: Iterable[str]) -> str | None:
    """Return the first warning that may report missing data: any warning that is not about the query itself.

    The warning of a failed storage contains the text of an arbitrary error: Prometheus's remote read
    (``storage/secondary.go``), Thanos's stores (``pkg/store/proxy_merge.go``), Cortex's tenants.
    """
    return next((warning for warning in warnings if not _QUERY_ANNOTATION.match(warning)), None)
