"""Duplicate series: one scrape target that several servers or several jobs scrape, counted several times.

Highly available servers scrape the same targets, and each has an external label of its own, by convention
``prometheus_replica``, ``replica`` or ``__replica__``, which all of its series have, ``up`` among them.
Thanos merges duplicates by ``--query.replica-label`` (``docs/components/query.md``, Run-time deduplication of
HA groups), Mimir and Cortex by the HA tracker (``-distributor.ha-tracker.*``, by default with the label
``__replica__``). A label that ``up`` does not have distinguishes parts of the service: its series are no
duplicates.

Two jobs can scrape the same address, too. Their series are samples of one counter if together, in the order
of their times, they never fall.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import combinations, pairwise

from slo.model import ScrapeTarget, Series

CONVENTIONAL_REPLICA_LABELS = ("__replica__", "prometheus_replica")
"""Labels that never distinguish parts of a service; they count if there is no ``up`` to compare."""
_TARGET_LABELS = {"__name__", "job", "instance"}
_MIN_COMMON_RISES = 3
"""Rises from a sample of one series to the next of the other that show one counter."""
_LabelSet = frozenset[tuple[str, str]]


def find_replica_labels(up_series: Iterable[Series]) -> tuple[str, ...]:
    """Return the labels in which ``up`` series of one target differ, sorted."""
    labels_by_target: dict[tuple[str | None, str | None], list[Mapping[str, str]]] = defaultdict(list)
    for series in up_series:
        labels_by_target[series.labels.get("job"), series.labels.get("instance")].append(series.labels)
    return tuple(
        sorted(
            {
                name
                for label_sets in labels_by_target.values()
                for name in {name for labels in label_sets for name in labels} - _TARGET_LABELS
                if len({labels.get(name) for labels in label_sets}) > 1
            }
        )
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


# --- One target, scraped by two jobs ------------------------------------------------------------


def find_jobs_of_same_target(
    counter_series: Iterable[Series], targets: Collection[ScrapeTarget]
) -> tuple[str, str, str] | None:
    """Return two jobs that scrape one target, and its address; ``None`` if there are none.

    ``counter_series`` are the series of one query, ``targets`` those behind them.
    """
    if len({instance for _, instance in targets}) == len(targets):
        return None
    jobs_by_instance: dict[str, dict[str, dict[_LabelSet, Series]]] = defaultdict(lambda: defaultdict(dict))
    for series in counter_series:
        job, instance = series.labels.get("job"), series.labels.get("instance")
        if job and instance:
            others = frozenset(item for item in series.labels.items() if item[0] != "job")
            jobs_by_instance[instance][job][others] = series
    for instance, series_by_job in jobs_by_instance.items():
        for first, second in combinations(sorted(series_by_job), 2):
            if _show_same_counters(series_by_job[first], series_by_job[second]):
                return first, second, instance
    return None


def _show_same_counters(first: Mapping[_LabelSet, Series], second: Mapping[_LabelSet, Series]) -> bool:
    """Return whether the series of two jobs are samples of the same counters."""
    rises = 0
    for labels in first.keys() & second.keys():
        pair = first[labels], second[labels]
        if _differ_at_one_time(*pair):
            return False
        samples = sorted(
            (time, value, number)
            for number, series in enumerate(pair)
            for time, value in zip(series.times, series.values, strict=True)
        )
        falls = sum(after < before for _, before, after in _list_steps(samples))
        if falls > max(_count_falls(series) for series in pair):
            return False
        rises += sum(is_other and after > before for is_other, before, after in _list_steps(samples))
        rises += _count_equal_rises(*pair)
    return rises >= _MIN_COMMON_RISES


def _differ_at_one_time(first: Series, second: Series) -> bool:
    values = dict(zip(first.times, first.values, strict=True))
    return any(
        values.get(time, value) != value for time, value in zip(second.times, second.values, strict=True)
    )


def _list_steps(samples: list[tuple[float, float, int]]) -> list[tuple[bool, float, float]]:
    """Return for each step whether it leads to the other series, and the values before and after."""
    return [(old != new, before, after) for (_, before, old), (_, after, new) in pairwise(samples)]


def _count_falls(series: Series) -> int:
    return sum(after < before for before, after in pairwise(series.values))


def _count_equal_rises(first: Series, second: Series) -> int:
    """Count the rises to a value that both series have at the same time."""
    if tuple(first.times) != tuple(second.times) or tuple(first.values) != tuple(second.values):
        return 0
    return sum(after > before for before, after in pairwise(first.values))


def describe_jobs_of_same_target(query: str, jobs: tuple[str, str], instance: str) -> str:
    """Return the error for a query whose events two jobs scraped, with its remedy."""
    first, second = jobs
    return (
        f"{query} returns the counters of {instance} twice: the jobs {first!r} and {second!r} scrape the "
        f'same target, so that each event would be counted twice. Select one with job="{first}" in each query'
    )
