"""When processes and counters began, as far as anything beside the counters' own samples tells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from slo.model import Series
from slo.promql import Selector

Instance = tuple[str, str]
"""The ``job`` and ``instance`` labels of a scrape target."""
Labels = frozenset[tuple[str, str]]
"""Labels of a counter without its name and without ``le``."""

_SUFFIX = re.compile(r"_(total|bucket|count|sum)$")


@dataclass(frozen=True, slots=True)
class Lives:
    """What proves births and restarts.

    ``scrapes``: times of the successful scrapes of each target, ascending (``up == 1``). ``begun``: the times
    of those that were the first to show a new process. ``created``: when a counter says that it began, in
    Unix seconds (``_created`` of OpenMetrics).
    """

    scrapes: Mapping[Instance, Sequence[float]]
    begun: Mapping[Instance, Sequence[float]] = field(default_factory=dict)
    created: Mapping[Labels, float] = field(default_factory=dict)
    young: frozenset[Instance] = frozenset()
    """Targets that began inside the window."""


def instance_of(series: Series) -> Instance:
    """Name the scrape target a series comes from."""
    return series.labels.get("job", ""), series.labels.get("instance", "")


def labels_of(series: Series) -> Labels:
    """Name a counter by what its samples and its ``_created`` have in common."""
    return frozenset(item for item in series.labels.items() if item[0] not in {"__name__", "le"})


def created_of(selector: Selector) -> Selector:
    """Select when the counters of a selector began (OpenMetrics 1.0, Counter and Histogram)."""
    rest = tuple(matcher for matcher in selector.matchers if matcher.label != "le")
    return Selector(_SUFFIX.sub("", selector.metric) + "_created", rest)


def begun(process_starts: Iterable[Series]) -> dict[Instance, list[float]]:
    """Find when targets first showed a new process; a target of several processes tells of none."""
    found: dict[Instance, list[list[float]]] = {}
    for one in process_starts:
        samples = zip(one.times, one.values, strict=True)
        changes = [after[0] for before, after in pairwise(samples) if after[1] != before[1]]
        found.setdefault(instance_of(one), []).append(changes)
    return {instance: lists[0] for instance, lists in found.items() if len(lists) == 1}


def young(begins: Iterable[Series], start: float) -> frozenset[Instance]:
    """Name the targets of which everything that says when it began says: after ``start`` (Unix seconds)."""
    told: dict[Instance, list[float]] = {}
    for one in begins:
        told.setdefault(instance_of(one), []).extend(one.values[:1])
    return frozenset(instance for instance, times in told.items() if times and min(times) > start)


def created(series: Iterable[Series]) -> dict[Labels, float]:
    """Read when counters began, as they said first."""
    return {labels_of(one): one.values[0] for one in series if one.values}
