"""Duplicate series: highly available servers scrape the same targets, and their series are not merged.

Each server of such a pair has an external label of its own, by convention ``prometheus_replica``, ``replica``
or ``__replica__``, which all of its series have, ``up`` among them. Thanos merges duplicates by
``--query.replica-label`` (``docs/components/query.md``, Run-time deduplication of HA groups), Mimir and
Cortex by the HA tracker (``-distributor.ha-tracker.*``, by default with the label ``__replica__``). A label
of this name that ``up`` does not have distinguishes parts of the service: its series are no duplicates.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from slo.model import Series

_REPLICA_LABEL = re.compile(r"(\w+_)?replica|__replica__")
_LabelSet = frozenset[tuple[str, str]]


def find_replica_labels(up_series: Iterable[Series]) -> tuple[str, ...]:
    """Return the replica labels in which ``up`` series of one target differ, sorted."""
    series_list = list(up_series)
    names = {label for series in series_list for label in series.labels if _REPLICA_LABEL.fullmatch(label)}
    groups: dict[_LabelSet, list[Series]] = {}
    for series in series_list:
        groups.setdefault(_remove_labels(series, names), []).append(series)
    return tuple(
        label
        for label in sorted(names)
        if any(len({series.labels.get(label) for series in group}) > 1 for group in groups.values())
    )


def has_duplicates(series: Collection[Series], replica_labels: Collection[str]) -> bool:
    """Return whether some of the series differ from each other in replica labels only."""
    if not replica_labels:
        return False
    return len({_remove_labels(item, replica_labels) for item in series}) < len(series)


def _remove_labels(series: Series, label_names: Collection[str]) -> _LabelSet:
    return frozenset(label for label in series.labels.items() if label[0] not in label_names)


def select_queried_replicas(
    target_series: Iterable[Series], queried_series: Iterable[Series], replica_labels: Collection[str]
) -> tuple[Series, ...]:
    """Return the series about targets (``up``, process start) from the replicas of the queried series.

    Another replica scrapes at other times, at which the queried series have no samples.
    """
    values_by_label: dict[str, set[str | None]] = {label: set() for label in replica_labels}
    for series in queried_series if values_by_label else ():
        for label, values in values_by_label.items():
            values.add(series.labels.get(label))
    queried = {label: values for label, values in values_by_label.items() if values and None not in values}
    return tuple(
        series
        for series in target_series
        if all(series.labels.get(label) in values for label, values in queried.items())
    )


def describe_duplicates(query: str, replica_labels: Collection[str]) -> str:
    """Return the error for a query that returns duplicate series, with its remedies."""
    first = next(iter(replica_labels))
    return (
        f"{query} returns duplicate series that differ only in {' and '.join(replica_labels)}: servers that "
        "scrape the same targets, so that each event would be counted several times. Select one with "
        f'{first}="…" in each query, or have them merged: --query.replica-label={first} of Thanos Query, the '
        "HA tracker of Mimir and Cortex"
    )
