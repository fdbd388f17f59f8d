"""The client's side as Prometheus metrics: what the books of a load say, read when a scrape asks.

Nothing is done for it on a request's way: a request is counted when it is over, with its row in the books.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from math import inf
from typing import Any

import gevent
from gevent.pywsgi import WSGIServer
from prometheus_client import CollectorRegistry, ProcessCollector, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString

from loadtests.http.compiled_request import UNEXPECTED_BODY
from loadtests.profile.profile_models import Profile
from loadtests.recording.hdr_histogram import Histogram
from loadtests.recording.recorder import NOT_SENT, UNANSWERED, Books
from loadtests.recording.stats import Account
from loadtests.schedule.clock import now
from loadtests.schedule.engine import EngineError
from loadtests.session.session import Session

BOUNDS_SECONDS = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075),
    *(0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 30.0),
)
"""Upper bounds of the histograms' buckets; every threshold of slo/objectives.yaml is among them.

A bucket holds the values whose HDR place ends at its bound or below: :meth:`loadtests.hdr.Histogram.at_most`.
So what was slower than a bound, by half a microsecond or more, is never counted as within it; what was
faster by less than 0.1 % of the bound may be counted in the next bucket. ``_count`` is exact.
"""
OTHER_REASON = "other"
REASONS = (
    *("status 4xx", "status 5xx", "unexpected answer", UNEXPECTED_BODY, "malformed answer", "timed out"),
    *("connection refused", "connection reset", "connection closed", "TLS failed", "name not resolved"),
    *("too many open files", "no local port free", "network unreachable", "host unreachable"),
    *(UNANSWERED, OTHER_REASON),
)
"""Classes of failures: a closed list, so that each is there with 0 before the first failure of its kind."""
MOST_NAMES = 100
"""A locustfile may name its requests by their URLs; names beyond so many are counted as one."""
OTHER_NAMES = "(other names)"

_COUNTERS = {
    "offered": "Requests that the schedule asked for.",
    "sent": "Requests put on the wire, or tried to.",
    "completed": "Requests that were answered, whatever the status.",
    "dropped": "Requests that were offered and never sent.",
}
_HISTOGRAMS = {
    "response_time": "Time from the intended start to the end of the answer.",
    "service_time": "Time from the send to the end of the answer.",
    "lateness": "Actual minus intended send.",
}
_LE = tuple(map(floatToGoString, (*BOUNDS_SECONDS, inf)))
_AT_A_STRETCH = 25
"""Samples written while nothing is sent."""
_log = logging.getLogger(__name__)


class _Patient(list[Sample]):
    """Samples that let the load go on between every few of them while they are written out.

    prometheus_client writes a sample in about 10 µs, and a name has a hundred of them: at a stretch, that
    would make requests late at every scrape.
    """

    def __iter__(self) -> Iterator[Sample]:
        for number, sample in enumerate(super().__iter__()):
            if not number % _AT_A_STRETCH:
                gevent.sleep(0)
            yield sample


@dataclass(eq=False)
class LoadCollector:
    """Reads the books of the measured load whenever it is collected.

    ``books`` gives them, ``in_flight`` the requests under way now, ``known`` the names that series are to
    exist for before their first request. ``info`` are the labels of ``proofload_load_info``.
    """

    books: Callable[[], Books]
    in_flight: Callable[[], int]
    known: Callable[[], Iterable[str]]
    info: Mapping[str, str]
    _created: float = field(default_factory=now)
    _labels: dict[str, str] = field(default_factory=dict)

    def collect(self) -> Iterator[Metric]:
        """Give every metric, all of one moment; docs/load.md lists them."""
        for make in list(self._read()):
            family = make()
            family.samples = _Patient(family.samples)
            yield family

    def _read(self) -> Iterator[Callable[[], Metric]]:
        """Take all numbers, which is quick, and leave what is slow for later: the making of samples."""
        books = self.books()
        accounts = self._by_label(books.accounts())
        for word, says in _COUNTERS.items():
            numbers: dict[tuple[str, ...], int] = {
                (label,): getattr(account, word) for label, account in accounts.items()
            }
            yield partial(self._counter, f"proofload_requests_{word}", says, ("name",), numbers)
        failures = _failures(accounts)
        says = "Requests that were not answered, or not as expected, by the class of failure."
        yield partial(self._counter, "proofload_requests_failed", says, ("name", "reason"), failures)
        for word, says in _HISTOGRAMS.items():
            times = {label: _counted(getattr(account, word)) for label, account in accounts.items()}
            yield partial(_histogram, f"proofload_{word}_seconds", says, times)
        yield partial(_gauge, "proofload_in_flight", "Requests under way now.", {}, self.in_flight())
        yield partial(_gauge, "proofload_load_info", "The load that is counted here.", self.info, 1)

    def _by_label(self, accounts: Mapping[str, Account]) -> dict[str, Account]:
        """Give the accounts by their labels; a label that was given once stays, so that no counter falls."""
        for name in (*self.known(), *accounts):
            if name not in self._labels:
                self._labels[name] = name if len(self._labels) < MOST_NAMES else OTHER_NAMES
        found = {label: Account() for label in self._labels.values() if label not in accounts}
        for name, account in accounts.items():
            if self._labels[name] == name:
                found[name] = account
            else:
                found[OTHER_NAMES].add(account)
        return found

    def _counter(
        self, name: str, says: str, labels: Sequence[str], numbers: Mapping[tuple[str, ...], int]
    ) -> Metric:
        family = CounterMetricFamily(name, says, labels=labels)
        for values, number in numbers.items():
            family.add_metric(values, number, created=self._created)
        return family


def _failures(accounts: Mapping[str, Account]) -> dict[tuple[str, ...], int]:
    """Count by name and reason, also what has not happened."""
    numbers: dict[tuple[str, ...], int] = {(label, why): 0 for label in accounts for why in REASONS}
    for label, account in accounts.items():
        for error, number in account.failures.items():
            numbers[label, reason_of(error)] += number
    return numbers


def reason_of(error: str) -> str:
    """Find the reason that a class of errors is counted under."""
    if error.startswith("status "):
        error = f"{error[:8]}xx"
    return error if error in REASONS else OTHER_REASON


def _counted(times: Histogram) -> tuple[list[int], float]:
    return [*times.at_most(BOUNDS_SECONDS), times.total], times.sum


def _histogram(name: str, says: str, times: Mapping[str, tuple[list[int], float]]) -> Metric:
    family = HistogramMetricFamily(name, says, labels=["name"])
    for label, (counts, total) in times.items():
        family.add_metric([label], list(zip(_LE, counts, strict=True)), total)
    return family


def _gauge(name: str, says: str, labels: Mapping[str, str], value: float) -> Metric:
    family = GaugeMetricFamily(name, says, labels=list(labels))
    family.add_metric(list(labels.values()), value)
    return family


def known_names(profile: Profile, warmup: Books) -> list[str]:
    """Name what will be counted: what the profile declares, or what a locustfile sent in the warm-up."""
    if profile.requests is not None:
        return [request.label for request in profile.requests]
    return [NOT_SENT, *warmup.accounts()]


def application(collector: LoadCollector) -> Callable[..., Any]:
    """Make the WSGI application that answers scrapes, with the metrics of the process beside the load's."""
    registry = CollectorRegistry()
    registry.register(collector)
    ProcessCollector(registry=registry)  # its start time shows restarts
    return make_wsgi_app(registry)


def of_session(session: Session) -> LoadCollector:
    """Read the books of a session: of its measured load, not of its warm-up."""
    profile = session.profile
    return LoadCollector(
        books=lambda: session.measured,
        in_flight=lambda: session.engine.in_flight,
        known=lambda: known_names(profile, session.warmup),
        info={"engine": session.engine.name, "profile": profile.name, "run": session.id},
    )


@contextmanager
def exposed(collector: LoadCollector, at: tuple[str, int]) -> Iterator[str]:
    """Answer scrapes at an address (host and port) of this machine; give its URL.

    Raises:
        EngineError: the port is taken, or the host is none of this machine's addresses.
    """
    host, port = at
    server = WSGIServer(at, application(collector), log=None, error_log=_log)
    try:
        server.start()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise EngineError(f"port {port} of {host} can't be had for the metrics: {reason}") from None
    try:
        yield f"http://{f'[{host}]' if ':' in host else host}:{port}/metrics"
    finally:
        server.stop(timeout=0)
