"""When processes and counters began, as far as anything beside the counters' own samples tells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf, isfinite
from typing import NamedTuple

from slo.model.evidence import Instance, Labels, Series, instance_of, labels_of

ROUNDED_SECONDS = 1.0
"""Processes tell their start by a boot time in whole seconds, which moves with the clock (proc(5), btime)."""


class Created(NamedTuple):
    """When a counter said first that it began, in Unix seconds; times of the scrapes that showed it anew."""

    first: float
    anew: tuple[float, ...] = ()


UNTOLD = Created(-inf)


@dataclass(frozen=True, slots=True)
class Lives:
    """What proves births and restarts.

    ``scrapes``: times of the successful scrapes of each target, ascending (``up == 1``). ``begun``: the times
    of those that were the first to show a new process. ``created``: what counters say of when they began
    (``_created`` of OpenMetrics).
    """

    scrapes: Mapping[Instance, Sequence[float]]
    begun: Mapping[Instance, Sequence[float]] = field(default_factory=dict)
    created: Mapping[Labels, Created] = field(default_factory=dict)
    young: frozenset[Instance] = frozenset()
    """Targets that began inside the window."""
    goes_on: bool = False
    """A series that a good scrape did not hold, and that came back no lower, was there all the while."""


def begun(process_starts: Iterable[Series]) -> dict[Instance, list[float]]:
    """Find when targets first showed a new process; a target of several processes tells of none."""
    found: dict[Instance, list[list[float]]] = {}
    for one in process_starts:
        found.setdefault(instance_of(one), []).append(list(_anew(one)))
    return {instance: lists[0] for instance, lists in found.items() if len(lists) == 1}


def young(begins: Iterable[Series], start: float) -> frozenset[Instance]:
    """Name the targets of which everything that says when it began says: after ``start`` (Unix seconds)."""
    told: dict[Instance, list[float]] = {}
    for one in begins:
        told.setdefault(instance_of(one), []).extend(filter(isfinite, one.values[:1]))
    return frozenset(instance for instance, times in told.items() if times and min(times) > start)


def created(series: Iterable[Series]) -> dict[Labels, Created]:
    """Read when counters began, by the labels they have in common with their ``_created``."""
    return {
        labels_of(one): Created(one.values[0], tuple(_anew(one)))
        for one in series
        if one.values and isfinite(one.values[0])
    }


def _anew(start: Series) -> Iterator[float]:
    """Give the times of the samples that show a new life, of something that tells when it began.

    Another life began no sooner than the one before was last seen: by the clock that tells it, its start is
    later by at least as long as that one was seen alive. A start that moves by less is the same, told anew.
    """
    since, began = (*start.times[:1], *start.values[:1]) or (0.0, 0.0)
    for (seen, _), (time, value) in pairwise(zip(start.times, start.values, strict=True)):
        if isfinite(value) and value - began > max(seen - since - ROUNDED_SECONDS, 0.0):
            yield time
            since, began = time, value
