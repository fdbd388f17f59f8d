"""Copies of one series: servers that scrape the same targets, to be highly available, and are not merged.

Each server of such a pair has an external label of its own, by custom ``prometheus_replica``, ``replica``
or ``__replica__``, which all of its series bear, ``up`` among them. Thanos merges copies by
``--query.replica-label`` (``docs/components/query.md``, Run-time deduplication of HA groups), Mimir and
Cortex by the HA tracker (``-distributor.ha-tracker.*``, by default with the label ``__replica__``). A label
of this name that ``up`` does not bear tells parts of the service apart, and nothing is told twice.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from slo.model import Series

_REPLICA = re.compile(r"(\w+_)?replica|__replica__")
_Labels = frozenset[tuple[str, str]]


def replica_labels(ups: Iterable[Series]) -> tuple[str, ...]:
    """Name the labels that alone tell ``up`` of a target from another ``up`` of it; sorted."""
    told = list(ups)
    names = {label for one in told for label in one.labels if _REPLICA.fullmatch(label)}
    groups: dict[_Labels, list[Series]] = {}
    for one in told:
        groups.setdefault(_without(one, names), []).append(one)
    return tuple(
        label
        for label in sorted(names)
        if any(len({one.labels.get(label) for one in group}) > 1 for group in groups.values())
    )


def copied(series: Collection[Series], labels: Collection[str]) -> bool:
    """Tell whether replica labels alone tell some of the series from each other."""
    return bool(labels) and len({_without(one, labels) for one in series}) < len(series)


def _without(series: Series, names: Collection[str]) -> _Labels:
    return frozenset(item for item in series.labels.items() if item[0] not in names)


def of_asked(told: Iterable[Series], asked: Iterable[Series], labels: Collection[str]) -> tuple[Series, ...]:
    """Keep of what is told about targets what comes from the replicas that were asked for.

    The other replica scrapes at other times, when none of the asked series can be expected.
    """
    seen: dict[str, set[str | None]] = {label: set() for label in labels}
    for one in asked if seen else ():
        for label, values in seen.items():
            values.add(one.labels.get(label))
    kept = {label: values for label, values in seen.items() if values and None not in values}
    return tuple(
        one for one in told if all(one.labels.get(label) in values for label, values in kept.items())
    )


def advice(query: str, labels: Collection[str]) -> str:
    """Say what is wrong with a query that gives copies, and what would be right."""
    first = next(iter(labels))
    return (
        f"{query} gives copies of series that differ in {' and '.join(labels)} alone, as of servers that "
        f'scrape the same targets: each event would count several times. Ask for one, {first}="…" in each '
        f"query, or have them merged: --query.replica-label={first} of Thanos Query, the HA tracker of Mimir "
        "and Cortex"
    )
