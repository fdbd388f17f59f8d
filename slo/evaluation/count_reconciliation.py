"""The requests that the load sent, compared with those that the service counted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from slo.counting import EvidenceObservations, EvidenceReader, UndecidedError
from slo.model import (
    Check,
    CheckStatus,
    Policy,
    Reason,
    RequestCounts,
    RunRecord,
    Series,
    Spec,
    scrape_target_of,
)
from slo.promql import EventsIndicator, PercentileIndicator, Selector, parse_indicator, parse_selector

MAX_EXPLAINED_SERIES = 2_000
"""Series of a total beyond which no difference is explained."""
MAX_SHOWN_VALUES = 5
"""Values of a label that are shown if no value explains the difference."""

_PATH_LABEL = re.compile(r"path|handler|route|uri|url|endpoint", re.IGNORECASE)
_METRICS_PATH = re.compile(r"metrics|prometheus", re.IGNORECASE)
_OTHER_REQUESTS = re.compile(
    r"metrics|prometheus|health|ready|live|alive|ping|startup|favicon|actuator", re.IGNORECASE
)
"""Values of labels of requests that monitoring sends: scrapes and probes."""
_TARGET_LABELS = ("job", "instance", "pod", "container")
_MAX_COMBINED_VALUES = 6


class CountedTotal(NamedTuple):
    """The events that selectors of the spec counted."""

    selectors: tuple[Selector, ...]
    events: float


def check_counts_reconcile(spec: Spec, reader: EvidenceReader, run: RunRecord, policy: Policy) -> Check:
    """Compare the requests that the load sent with those that the service counted.

    If the spec names the counter of all requests, its count must lie between the number of responses and the
    number of requests sent: a request without a response may or may not have been counted. Else the largest
    total of the spec must count some of the requests, and no more than were sent.
    """
    annotated = [service.request_counter for service in spec.services if service.request_counter]
    if not annotated:
        return _check_largest_total(spec, reader, run, policy)
    selectors = tuple(map(parse_selector, annotated))
    try:
        count = sum(reader.count_increase(selector).events for selector in selectors)
    except UndecidedError as error:
        return _make_check(CheckStatus.FAIL, error.detail, {}, error.reason)
    total = run.total
    numbers = {**_list_numbers(total, count), "difference": count - total.sent}
    detail = _describe_counts(total.sent, count)
    if total.completed <= count <= total.sent:
        if total.completed < total.sent:
            detail += f" ({total.sent - total.completed:,} got no response)"
        return _make_check(CheckStatus.PASS, detail, numbers)
    detail += explain_difference(CountedTotal(selectors, count), reader, run)
    return _make_check(CheckStatus.FAIL, detail, numbers, Reason.COUNTS_DO_NOT_RECONCILE)


def _check_largest_total(spec: Spec, reader: EvidenceReader, run: RunRecord, policy: Policy) -> Check:
    totals = list(_count_totals(spec, reader))
    if not totals:
        detail = (
            "no total of the spec is a counter that can be counted, "
            "and no Service of the spec has the annotation proofload/requests"
        )
        return _make_check(CheckStatus.SKIP, detail, {})
    largest = max(totals, key=lambda total: total.events)
    sent, count = run.total.sent, largest.events
    numbers = _list_numbers(run.total, count)
    only_scrapes = _find_only_scrapes(largest, reader, run)
    if (0 < count <= sent and not only_scrapes) or not sent:
        detail = f"{sent:,} requests sent; no total of the spec counted more than {count:,.0f}"
        return _make_check(CheckStatus.PASS, detail, numbers)
    numbers["difference"] = count - sent
    detail = f"{_describe_counts(sent, count)} in {largest.selectors[0]}"
    if only_scrapes:
        detail += f", which counted only {only_scrapes}, and none of the requests sent"
    else:
        detail += explain_difference(largest, reader, run)
    if policy.other_traffic:
        return _make_check(CheckStatus.PASS, f"{detail}; policy.other_traffic allows it", numbers)
    if count > sent:
        detail += "; exclude other requests from the selectors, or set policy.other_traffic"
    return _make_check(CheckStatus.FAIL, detail, numbers, Reason.COUNTS_DO_NOT_RECONCILE)


def _count_totals(spec: Spec, reader: EvidenceReader) -> Iterator[CountedTotal]:
    """Yield the totals of the spec's counters; one that can't be counted makes its objective UNDECIDED."""
    for slo in spec.slos:
        indicator = parse_indicator(slo.sli)
        try:
            match indicator:
                case EventsIndicator(is_counter=True, total=selector):
                    yield CountedTotal((selector,), reader.count_increase(selector).events)
                case PercentileIndicator(buckets=selector):
                    yield CountedTotal((selector,), reader.count_buckets(selector).total)
        except UndecidedError:
            continue


def _make_check(
    status: CheckStatus, detail: str, numbers: Mapping[str, float], reason: Reason | None = None
) -> Check:
    return Check("counts_reconcile", status, detail, reason, numbers)


def _list_numbers(total: RequestCounts, count: float) -> dict[str, float]:
    return {"sent": total.sent, "completed": total.completed, "counted": count}


def _describe_counts(sent: int, count: float) -> str:
    difference = f"{count - sent:+,.0f}".replace("+0", "0")
    return f"{sent:,} requests sent, {count:,.0f} counted by the service, difference {difference}"


# --- Why the counts differ ----------------------------------------------------------------------


class LabelCount(NamedTuple):
    """Events of all series with one value of a label."""

    label: str
    value: str
    events: float

    def __str__(self) -> str:
        """Format the label as in PromQL."""
        return f'{self.label}="{self.value}"'


def explain_difference(total: CountedTotal, reader: EvidenceReader, run: RunRecord) -> str:
    """Return what the difference consists of, as text that follows the counts; empty if nothing matches."""
    difference = total.events - run.total.sent
    if difference < 0:
        parts = _explain_shortfall(total.events, run)
        return f": {difference:+,.0f} = {parts}" if parts else ""
    series = _read_series(total.selectors, reader)
    if not series or len(series) > MAX_EXPLAINED_SERIES:
        return ""
    label_counts = _count_by_label(series, reader)
    if repeated := _describe_repeated(label_counts, total.events, run.total.sent):
        return repeated
    if matching := _find_matching_counts(label_counts, difference):
        scrapes = _count_scrapes(series, reader)
        parts = " + ".join(_describe_count(count, scrapes) for count in matching)
        return f": {difference:+,.0f} = {parts}"
    return _list_largest(label_counts)


def _find_only_scrapes(total: CountedTotal, reader: EvidenceReader, run: RunRecord) -> str:
    """Describe a total that counted nothing but the scrapes of its metrics; empty for any other total."""
    if not 0 < total.events < run.total.completed:
        return ""
    series = _read_series(total.selectors, reader)
    scrapes = _count_scrapes(series, reader)
    if total.events != scrapes:
        return ""
    only = (
        count
        for count in _count_by_label(series, reader)
        if count.events == scrapes and _PATH_LABEL.search(count.label) and _METRICS_PATH.search(count.value)
    )
    return next((_describe_count(count, scrapes) for count in only), "")


def _explain_shortfall(counted: float, run: RunRecord) -> str:
    """Return which requests are as many as those that were not counted."""
    if not counted:
        return "no request that was sent was counted"
    missing = {run.total.sent - counted, run.total.completed - counted}
    for status, count in run.total.statuses.items():
        if count in missing:
            return f"{count:,} answers with status {status}"
    for name, counts in run.requests.items():
        if counts.sent in missing:
            return f"{counts.sent:,} requests {name}"
    return ""


def _read_series(selectors: Iterable[Selector], reader: EvidenceReader) -> list[Series]:
    """Return the series of counters; of histograms only the buckets that count every observation."""
    return [
        series
        for selector in selectors
        for series in reader.read_result(selector.key).series
        if series.labels.get("le", "+Inf") == "+Inf"
    ]


def _count_by_label(series: Sequence[Series], reader: EvidenceReader) -> list[LabelCount]:
    """Return the events of each value of each label; labels with paths first, those of targets last."""
    sums: dict[tuple[str, str], float] = {}
    for counts in EvidenceObservations(reader.evidence).count_series(series):
        for label, value in counts.labels.items():
            if label not in {"__name__", "le"}:
                sums[label, value] = sums.get((label, value), 0.0) + counts.total
    return sorted(
        (LabelCount(label, value, events) for (label, value), events in sums.items() if events),
        key=lambda count: (
            not _PATH_LABEL.search(count.label),
            count.label in _TARGET_LABELS,
            count.label,
            -count.events,
        ),
    )


def _find_matching_counts(label_counts: Sequence[LabelCount], difference: float) -> tuple[LabelCount, ...]:
    """Return values of one label that add up to the difference: one value, or several of monitoring."""
    for count in label_counts:
        if count.events == difference:
            return (count,)
    for label in dict.fromkeys(count.label for count in label_counts):
        others = [
            count for count in label_counts if count.label == label and _OTHER_REQUESTS.search(count.value)
        ][:_MAX_COMBINED_VALUES]
        for length in range(2, len(others) + 1):
            for chosen in combinations(others, length):
                if sum(count.events for count in chosen) == difference:
                    return chosen
    return ()


def _count_scrapes(series: Iterable[Series], reader: EvidenceReader) -> int:
    """Return how many scrapes the counters of these targets can show.

    A scrape is counted after its response: the one that opens the window counts, the one that closes it not.
    """
    window, number = reader.window, 0
    for target in {scrape_target_of(item) for item in series}:
        times = reader.scrape_times.get(target, ())
        number += any(time <= window.start for time in times)
        number += sum(window.start < time < window.end for time in times)
    return number


def _describe_count(count: LabelCount, scrapes: int) -> str:
    if count.events == scrapes and _METRICS_PATH.search(count.value):
        return f"{count.events:,.0f} scrapes of {count.value}, {count}"
    return f"{count.events:,.0f} requests with {count}"


def _describe_repeated(label_counts: Sequence[LabelCount], counted: float, sent: int) -> str:
    """Describe a total in which several targets counted every request; empty for any other total."""
    for label in _TARGET_LABELS:
        same = [count for count in label_counts if count.label == label and count.events == sent]
        if len(same) > 1 and len(same) * sent == counted:
            values = ", ".join(map(str, same[:MAX_SHOWN_VALUES]))
            return f", {len(same)} times the requests sent: each of {values} counted all"
    return ""


def _list_largest(label_counts: Sequence[LabelCount]) -> str:
    """List the values of the first label with paths."""
    paths = [count for count in label_counts if _PATH_LABEL.search(count.label)]
    if not paths:
        return ""
    values = [count for count in paths if count.label == paths[0].label]
    shown = ", ".join(f'"{count.value}" {count.events:,.0f}' for count in values[:MAX_SHOWN_VALUES])
    omitted = len(values) - MAX_SHOWN_VALUES
    return f"; by {paths[0].label}: {shown}" + (f", and {omitted} more" if omitted > 0 else "")
