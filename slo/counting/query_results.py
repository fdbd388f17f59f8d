"""Query results of the evidence, and the error for results that decide nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from itertools import islice
from math import isfinite
from operator import lt

from slo.model import (
    UP_KEY,
    Evidence,
    QueryKey,
    QueryKind,
    QueryResult,
    Reason,
    ScrapeTarget,
    Series,
    find_partial_data_warning,
    make_samples_key,
    make_value_key,
    scrape_target_of,
)
from slo.promql import Selector
from slo.scraping import (
    CONVENTIONAL_REPLICA_LABELS,
    describe_duplicates,
    find_replica_labels,
    has_duplicates,
)


class UndecidedError(Exception):
    """The evidence does not decide: a ``reason`` of the closed list, and the ``detail`` as a sentence."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def find_malformed_series(series: Sequence[Series]) -> str | None:
    """Return which series a server can't have stored, and why; ``None`` if there is none."""
    if len({frozenset(item.labels.items()) for item in series}) < len(series):
        counts = Counter(frozenset(item.labels.items()) for item in series)
        labels = dict(sorted(counts.most_common(1)[0][0]))
        return f"the response contains the series {labels} more than once"
    for item in series:
        if not all(map(lt, item.times, islice(item.times, 1, None))):
            return f"the samples of {dict(item.labels)} are not in the order of their times"
    return None


class QueryResults:
    """Read query results; methods raise :class:`UndecidedError` for a query without a usable result."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self._faults: dict[QueryKey, str | None] = {}
        self._targets: dict[QueryKey, frozenset[ScrapeTarget]] = {}

    def read_result(self, key: QueryKey) -> QueryResult:
        """Return the result of a selector or an expression."""
        if self.evidence.error:
            raise UndecidedError(Reason.PROMETHEUS_UNREACHABLE, self.evidence.error)
        result = self._find_result(key)
        if result is None or result.error:
            error = result.error if result else "the query was not sent"
            raise UndecidedError(Reason.QUERY_FAILED, f"{key}: {error}")
        if warning := find_partial_data_warning(result.warnings):
            raise UndecidedError(Reason.PARTIAL_DATA, f"{key}: {warning}")
        return result

    def _find_result(self, key: QueryKey) -> QueryResult | None:
        result = self.evidence.results.get(key)
        if result is None and key.kind is QueryKind.VALUE:
            # evidence.json does not record the kind of a query that failed.
            failed = self.evidence.results.get(make_samples_key(key.text))
            return failed if failed and failed.error else None
        return result

    def read_value(self, query: str) -> float:
        """Return the single finite number that Prometheus computed for a query."""
        series = self.read_result(make_value_key(query)).series
        if not series:
            raise UndecidedError(Reason.NO_DATA, f"{query} returned no series")
        if len(series) > 1:
            detail = f"{query} returned {len(series)} series where one is expected"
            raise UndecidedError(Reason.QUERY_FAILED, detail)
        value = series[0].values[-1]
        if not isfinite(value):
            raise UndecidedError(Reason.NO_DATA, f"{query} returned {value}, not a finite number")
        return value

    def read_series(self, selector: Selector) -> tuple[Series, ...]:
        """Return the series of a selector; malformed series, and duplicates of one series, are an error."""
        series = self.read_result(selector.key).series
        if fault := self.find_fault(selector.key):
            raise UndecidedError(Reason.QUERY_FAILED, f"{selector}: {fault}")
        if has_duplicates(series, self.replica_labels):
            raise UndecidedError(Reason.QUERY_FAILED, describe_duplicates(str(selector), self.replica_labels))
        return series

    def find_targets(self, key: QueryKey) -> frozenset[ScrapeTarget]:
        """Return the scrape targets of the series that a query returned; none if it was not sent."""
        if key not in self._targets:
            result = self.evidence.results.get(key)
            self._targets[key] = frozenset(map(scrape_target_of, result.series if result else ()))
        return self._targets[key]

    def find_fault(self, key: QueryKey) -> str | None:
        """Return what is malformed in the response to a query, if anything."""
        if key not in self._faults:
            self._faults[key] = find_malformed_series(self.evidence.results[key].series)
        return self._faults[key]

    @cached_property
    def replica_labels(self) -> tuple[str, ...]:
        """Labels that distinguish nothing but the Prometheus servers that scraped the same targets."""
        up = self.evidence.results.get(UP_KEY)
        if up and up.series:
            return find_replica_labels(up.series)
        names = {name for r in self.evidence.results.values() for item in r.series for name in item.labels}
        return tuple(label for label in CONVENTIONAL_REPLICA_LABELS if label in names)
