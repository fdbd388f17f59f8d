"""What the service counted: raw answers of Prometheus."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

Instance = tuple[str, str]
"""The ``job`` and ``instance`` labels of a scrape target."""
Labels = frozenset[tuple[str, str]]
"""Labels of a counter without its name and without ``le``."""


_REMARK = re.compile(
    r"((remote query warning \([^)]*\)|warning querying [^:]*): )*PromQL (info|warning): "
    r"|\d+ more info annotations omitted"
)
"""Remarks on the query itself, which tell of no missing data.

Each begins so (Prometheus ``util/annotations/annotations.go``), after the names of what handed it on:
Thanos's ``pkg/query/remote_engine.go``, Cortex's ``pkg/querier/tenantfederation/merge_queryable.go``.
"""
IS_PARTIAL = "the server says that its answer is partial (isPartial)"
"""VictoriaMetrics in cluster mode (*Cluster version*, Cluster availability)."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time, from ``start`` to ``end`` in Unix seconds."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """Length of the window in seconds."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Series:
    """Raw samples of one time series, oldest first; ``times`` and ``values`` are of one length."""

    labels: Mapping[str, str]
    times: Sequence[float]
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The answer to one query; ``exact`` is true for raw samples of a selector.

    ``query`` is the text sent, ``time`` the evaluation time. ``error`` is set when there was no answer.
    """

    query: str
    time: float
    series: tuple[Series, ...] = ()
    exact: bool = True
    warnings: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the service counted: raw answers of Prometheus, by what they were asked for.

    ``results`` maps a selector (or, for queries that only Prometheus can evaluate, the whole
    expression) to its answer. ``lookback_seconds`` is how far before the window the samples reach.
    """

    window: Window
    results: Mapping[str, QueryResult]
    fetched_at: float
    lookback_seconds: float
    scrape_interval_seconds: float | None = None
    server: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None
    """Why Prometheus could not be asked at all."""
    clock_skew_seconds: float | None = None
    """The server's clock minus ours, in the middle of ``round_trip_seconds``; ``None``: not measured."""
    round_trip_seconds: float | None = None


def instance_of(series: Series) -> Instance:
    """Name the scrape target a series comes from."""
    return series.labels.get("job", ""), series.labels.get("instance", "")


def labels_of(series: Series) -> Labels:
    """Name a counter by what its samples and its ``_created`` have in common."""
    return frozenset(item for item in series.labels.items() if item[0] not in {"__name__", "le"})


def partial(warnings: Iterable[str]) -> str | None:
    """Give the first warning that may tell of missing data: all do that are no remark on the query.

    A storage that failed is told in whatever words its error has: Prometheus's remote read
    (``storage/secondary.go``), Thanos's stores (``pkg/store/proxy_merge.go``), Cortex's tenants.
    """
    return next((one for one in warnings if not _REMARK.match(one)), None)
