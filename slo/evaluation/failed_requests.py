"""Requests of the load that failed, and how many of them the service counted as bad events.

A failed request that an objective counts as bad is the service's failure, and the objective judges it. Any
other failed request, e.g. the 401 of an expired token where only 5xx is bad, did not exercise the service.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product

from slo.counting import EvidenceObservations, EvidenceReader, UndecidedError, count_events
from slo.evaluation.server_evaluation import read_server_ratio
from slo.model import (
    SLO,
    Check,
    CheckStatus,
    FailureCount,
    Policy,
    Reason,
    RequestCounts,
    RunRecord,
    Series,
    Spec,
    ThresholdSLI,
    to_exact_fraction,
)
from slo.promql import (
    EventsIndicator,
    PercentileIndicator,
    Selector,
    ServerIndicator,
    find_selectors,
    parse_indicator,
)

MAX_SHOWN_REASONS = 5
"""Longest list of reasons in the detail of the check."""
MAX_REASON_LENGTH = 80
"""Longest text of a reason in the detail of the check; a user's own reasons can be long."""

_STATUS_LABEL = re.compile(r"status|code(_class)?$", re.IGNORECASE)
"""Names of labels with a response status: ``status``, ``http_status_code``, ``code``, …"""
_STATUS_VALUE = re.compile(r"([1-5])(\d\d|xx)?", re.IGNORECASE)
"""A status or a class of them: ``503``, ``5xx``, and Envoy's ``5``."""
_UNKNOWN_STATUS = ""

_Labels = frozenset[tuple[str, str]]
_CountsByLabels = dict[_Labels, float]
"""Events by the labels of their series, ``__name__`` included."""

_PAIRINGS: tuple[Callable[[int, str], bool], ...] = (
    lambda status, counted: counted == str(status),
    lambda status, counted: counted == f"{status // 100}xx",
    # A proxy may answer 502 or 504 where the service counts 500.
    lambda status, counted: status // 100 == 5 and counted.startswith("5"),  # noqa: PLR2004 - a class of statuses
    # A request without a response: the service may have counted any bad status.
    lambda status, counted: status == 0 and counted != _UNKNOWN_STATUS,
    lambda _, counted: counted == _UNKNOWN_STATUS,
)
"""Which failures (client's status, 0 without a response) bad events (status counted) can be, best first."""


@dataclass(frozen=True, slots=True)
class CountedBadEvents:
    """Bad events that may be failed requests.

    ``by_status``: events by the status of their series (``"503"``, ``"5xx"``, empty if it has none).
    ``slow``: bad events of a histogram that counted every request that was sent.
    """

    by_status: Mapping[str, float] = field(default_factory=dict)
    slow: float = 0.0


# --- The check ----------------------------------------------------------------------------------


def check_answers(spec: Spec, reader: EvidenceReader, run: RunRecord, policy: Policy) -> Check:
    """Check that the requests were answered as the profile expects, or that bad events explain why not."""
    total = run.total
    if not total.sent:
        return Check("answers", CheckStatus.SKIP, "no requests were sent")
    unexplained = float(total.failed)
    detail = f"{total.failed:,} of {total.sent:,} requests failed"
    if total.failed:
        detail += f": {format_failures(total.list_failures())}"
    if exceeds_limit(unexplained, total, policy):
        unexplained = count_unexplained_failures(spec.slos, reader, total)
    numbers = {"sent": total.sent, "failed": total.failed, "unexplained": unexplained}
    limit = f"at most {100 * policy.failed_requests:.6g} % of the requests may fail (policy.failed_requests)"
    if exceeds_limit(unexplained, total, policy):
        detail += f"; {unexplained:,.0f} of them are no bad events of any objective; {limit}"
        return Check("answers", CheckStatus.FAIL, detail, Reason.LOAD_FAILED, numbers)
    if unexplained < total.failed:
        detail += f"; {total.failed - unexplained:,.0f} of them are counted as bad events"
    return Check("answers", CheckStatus.PASS, detail, numbers=numbers)


def exceeds_limit(failed: float, total: RequestCounts, policy: Policy) -> bool:
    """Return whether more of the requests sent failed than the policy allows."""
    return Fraction(failed) > to_exact_fraction(policy.failed_requests) * total.sent


def format_failures(failures: Iterable[FailureCount]) -> str:
    """Format numbers by reason: ``240 status 401, 3 timed out``; the most frequent ones."""
    counts: Counter[str] = Counter()
    for failure in failures:
        counts[" ".join(failure.reason.split())[:MAX_REASON_LENGTH]] += failure.count
    shown = [f"{count:,} {reason}" for reason, count in counts.most_common(MAX_SHOWN_REASONS)]
    omitted = len(counts) - len(shown)
    return ", ".join(shown) + (f", and {omitted} more reasons" if omitted else "")


# --- Failed requests against bad events ---------------------------------------------------------


def count_unexplained_failures(slos: Iterable[SLO], reader: EvidenceReader, total: RequestCounts) -> float:
    """Return how many failed requests are no bad events of these SLOs."""
    bad = _count_bad_events(slos, reader, total.sent)
    failed: dict[int, float] = {}
    for failure in total.list_failures():
        failed[failure.status] = failed.get(failure.status, 0.0) + failure.count
    unexplained = _subtract_pairs(failed, bad.by_status)
    if 0 in failed:  # a request without a response can be bad in one objective and slow in another
        unexplained[0] = min(unexplained[0], max(failed[0] - bad.slow, 0.0))
    return sum(unexplained.values())


def _subtract_pairs(failed: Mapping[int, float], bad: Mapping[str, float]) -> dict[int, float]:
    """Return the failed requests by status, without those that can be paired with a bad event."""
    failed, bad = dict(failed), dict(bad)
    for can_be in _PAIRINGS:
        for status, counted in product(failed, bad):
            if can_be(status, counted):
                pairs = min(failed[status], bad[counted])
                failed[status] -= pairs
                bad[counted] -= pairs
    return failed


def _count_bad_events(slos: Iterable[SLO], reader: EvidenceReader, sent: int) -> CountedBadEvents:
    """Return the bad events of several SLOs, each once.

    Objectives may count the same events: in the same series, or in the metrics of a service and of the proxy
    before it. Series of one metric add up, each once; of several metrics the one with most events counts.
    """
    by_metric: dict[str, _CountsByLabels] = {}
    slow = 0.0
    for slo in slos:
        try:
            for labels, events in _count_bad_series(slo, reader, sent).items():
                counts = by_metric.setdefault(dict(labels).get("__name__", ""), {})
                counts[labels] = max(counts.get(labels, 0.0), events)
            slow = max(slow, _count_slow_events(slo, reader, sent))
        except UndecidedError:
            continue  # the objective itself is UNDECIDED
    return CountedBadEvents(_select_largest_metric(by_metric.values()), slow)


def _select_largest_metric(metrics: Iterable[_CountsByLabels]) -> dict[str, float]:
    """Return the bad events by status: for each class of statuses, those of the metric that counts most."""
    classes: dict[str, dict[str, float]] = {}
    for counts in metrics:
        by_class: dict[str, dict[str, float]] = {}
        for labels, events in counts.items():
            status = _find_status(dict(labels))
            statuses = by_class.setdefault(status[:1], {})
            statuses[status] = statuses.get(status, 0.0) + events
        for name, statuses in by_class.items():
            if sum(statuses.values()) > sum(classes.get(name, {}).values()):
                classes[name] = statuses
    return {status: events for statuses in classes.values() for status, events in statuses.items()}


def _count_bad_series(slo: SLO, reader: EvidenceReader, sent: int) -> _CountsByLabels:
    """Return the bad events of an objective by the labels of the series that counted them."""
    indicator = parse_indicator(slo.sli)
    match indicator:
        case EventsIndicator() if measures_durations(slo):
            return _count_excluded_series(indicator, reader)
        case EventsIndicator(is_counter=True):
            return _count_bad_counters(indicator, reader)
        case EventsIndicator(total=total):
            events = count_events(slo, slo.objectives[0], reader)
            return {_name_labels(str(total)): events.total - events.good.high}
        case ServerIndicator(expressions=expressions) if not measures_durations(slo):
            if isinstance(slo.sli, ThresholdSLI):
                return {}
            name = " / ".join(expression.text for expression in expressions.values())
            return {_name_labels(name): max(1 - read_server_ratio(slo.sli, reader), 0.0) * sent}
        case _:
            return {}


def _count_bad_counters(indicator: EventsIndicator, reader: EvidenceReader) -> _CountsByLabels:
    matched = _count_by_labels(indicator.matched, reader)
    if indicator.event_class == "bad":
        return matched
    total = _count_by_labels(indicator.total, reader)
    if matched.keys() <= total.keys():
        return {labels: events - matched.get(labels, 0.0) for labels, events in total.items()}
    # Good and total are different metrics: the status of bad events is unknown.
    return {_name_labels(indicator.total.metric): max(sum(total.values()) - sum(matched.values()), 0.0)}


def _count_excluded_series(indicator: EventsIndicator, reader: EvidenceReader) -> _CountsByLabels:
    """Return the events of total that are bad however fast they are: the labels of good exclude them.

    For example of ``x_count`` and ``x_bucket{le="0.25",status=~"2.."}`` those with another status.
    """
    if indicator.event_class == "bad":
        return {}
    total = _count_by_labels(indicator.total, reader)
    included = {_drop_histogram_labels(labels) for labels in _count_by_labels(indicator.matched, reader)}
    if not included:
        return {}
    return {
        labels: events for labels, events in total.items() if _drop_histogram_labels(labels) not in included
    }


def _drop_histogram_labels(labels: _Labels) -> _Labels:
    return frozenset(item for item in labels if item[0] not in {"__name__", "le"})


def _count_by_labels(selector: Selector, reader: EvidenceReader) -> _CountsByLabels:
    reader.count_increase(selector)  # raises the error of a selector that can't be counted
    series: tuple[Series, ...] = reader.read_result(selector.key).series
    observations = EvidenceObservations(reader.evidence)
    return {frozenset(counts.labels.items()): counts.total for counts in observations.count_series(series)}


def _name_labels(name: str) -> _Labels:
    return frozenset({("__name__", name)})


def _count_slow_events(slo: SLO, reader: EvidenceReader, sent: int) -> float:
    """Return the bad events of a latency objective whose histogram counted every request that was sent."""
    if not measures_durations(slo) or isinstance(parse_indicator(slo.sli), ServerIndicator):
        return 0.0
    counts = [count_events(slo, objective, reader) for objective in slo.objectives]
    return max((events.total - events.good.high for events in counts if events.total >= sent), default=0.0)


def measures_durations(slo: SLO) -> bool:
    """Return whether an SLO compares the observations of a histogram with a bound.

    Its bad events are slow requests, which need not have failed; a request that failed fast is good.
    """
    indicator = parse_indicator(slo.sli)
    match indicator:
        case PercentileIndicator():
            return True
        case EventsIndicator(matched=matched):
            return _has_bucket_bound(matched)
        case ServerIndicator(expressions=expressions):
            return any(
                _has_bucket_bound(selector) or selector.metric.endswith("_bucket")
                for expression in expressions.values()
                for selector in find_selectors(expression.text)
            )
        case _:
            return False


def _has_bucket_bound(selector: Selector) -> bool:
    return any(matcher.label == "le" for matcher in selector.matchers)


def _find_status(labels: Mapping[str, str]) -> str:
    """Return the status that a series counts (``503`` or ``5xx``); empty if no label has one."""
    for name in sorted(labels, key=lambda name: ("status" not in name.lower(), name)):
        value = _STATUS_VALUE.fullmatch(labels[name])
        if value and _STATUS_LABEL.search(name):
            return f"{value[1]}xx" if (value[2] or "xx").lower() == "xx" else value[0]
    return _UNKNOWN_STATUS
