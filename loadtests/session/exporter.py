"""Prometheus metrics of the load, as the client sees it: read from the recorder at each scrape.

The metrics add no work to a request: a request is counted with its row in the recorder when it has ended.
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

from loadtests.profile import Profile
from loadtests.recording import (
    FAILURE_REASONS,
    NOT_SENT,
    DurationHistogram,
    Recorder,
    RequestStats,
    classify_failure,
)
from loadtests.schedule import EngineError, now
from loadtests.session.session import LoadSession
from slo.documents import mask_text

BUCKET_BOUNDS_SECONDS = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075),
    *(0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 30.0),
)
"""Upper bounds of the histogram buckets; every threshold of slo/objectives.yaml is among them.

A bucket counts the values whose HDR bucket ends at its bound or below
(:meth:`loadtests.recording.DurationHistogram.count_at_most`). A value that is half a microsecond or more
above a bound is therefore never counted below it; a value less than 0.1 % below a bound may be counted in the
next bucket. ``_count`` is exact.
"""
MAX_NAMES = 100
"""Further names are counted as one, because a locustfile may name its requests by their URLs."""
OTHER_NAMES = "(other names)"

_COUNTER_HELP = {
    "offered": "Requests that the schedule asked for.",
    "sent": "Requests that were sent, or that could not be sent because of an error.",
    "completed": "Requests with a response, whatever its status.",
    "dropped": "Requests that were offered and never sent.",
}
_FAILED_HELP = "Requests without a response or with an unexpected one, by the reason of the failure."
_HISTOGRAM_HELP = {
    "response_time": "Time from the intended start to the end of the response.",
    "service_time": "Time from the send to the end of the response.",
    "lateness": "Actual minus intended send.",
}
_LE_LABELS = tuple(map(floatToGoString, (*BUCKET_BOUNDS_SECONDS, inf)))
_SAMPLES_PER_YIELD = 25
"""Samples that are written before the load may continue."""
_log = logging.getLogger(__name__)


class _YieldingSamples(list[Sample]):
    """Samples that let the load continue from time to time while they are written.

    prometheus_client writes a sample in about 10 µs, and a request name has a hundred of them: written
    without a pause, they would delay requests at each scrape.
    """

    def __iter__(self) -> Iterator[Sample]:
        for index, sample in enumerate(super().__iter__()):
            if not index % _SAMPLES_PER_YIELD:
                gevent.sleep(0)
            yield sample


@dataclass(eq=False)
class LoadCollector:
    """Collects the metrics of the measured load from its recorder.

    ``list_known_names`` returns the request names whose series exist before their first request.
    ``info_labels`` are the labels of ``proofload_load_info``.
    """

    get_recorder: Callable[[], Recorder]
    get_in_flight: Callable[[], int]
    list_known_names: Callable[[], Iterable[str]]
    info_labels: Mapping[str, str]
    _created_time: float = field(default_factory=now)
    _label_by_name: dict[str, str] = field(default_factory=dict)

    def collect(self) -> Iterator[Metric]:
        """Yield every metric, all read at the same time; docs/load.md lists them."""
        for build_metric in list(self._prepare_metrics()):
            family = build_metric()
            family.samples = _YieldingSamples(family.samples)
            yield family

    def _prepare_metrics(self) -> Iterator[Callable[[], Metric]]:
        """Read all numbers, which is fast; yield functions that build the samples, which is slow."""
        stats_by_label = self._group_by_label(self.get_recorder().read_stats_by_name())
        for name, description in _COUNTER_HELP.items():
            counts: dict[tuple[str, ...], int] = {
                (label,): getattr(stats, name) for label, stats in stats_by_label.items()
            }
            yield partial(self._build_counter, f"proofload_requests_{name}", description, ("name",), counts)
        failures = _count_failures(stats_by_label)
        labels = ("name", "reason")
        yield partial(self._build_counter, "proofload_requests_failed", _FAILED_HELP, labels, failures)
        for name, description in _HISTOGRAM_HELP.items():
            buckets = {label: _count_buckets(getattr(stats, name)) for label, stats in stats_by_label.items()}
            yield partial(_build_histogram, f"proofload_{name}_seconds", description, buckets)
        in_flight = self.get_in_flight()
        yield partial(_build_gauge, "proofload_in_flight", "Requests in flight now.", {}, in_flight)
        yield partial(_build_gauge, "proofload_load_info", "The load that is counted.", self.info_labels, 1)

    def _group_by_label(self, stats_by_name: Mapping[str, RequestStats]) -> dict[str, RequestStats]:
        """Return the statistics by label; names keep their label, so that no counter decreases."""
        for name in (*self.list_known_names(), *stats_by_name):
            if name not in self._label_by_name:
                self._label_by_name[name] = name if len(self._label_by_name) < MAX_NAMES else OTHER_NAMES
        labels = self._label_by_name.values()
        stats_by_label = {label: RequestStats() for label in labels if label not in stats_by_name}
        for name, stats in stats_by_name.items():
            if self._label_by_name[name] == name:
                stats_by_label[name] = stats
            else:
                stats_by_label[OTHER_NAMES].add(stats)
        return stats_by_label

    def _build_counter(
        self, name: str, description: str, labels: Sequence[str], counts: Mapping[tuple[str, ...], int]
    ) -> Metric:
        family = CounterMetricFamily(name, description, labels=labels)
        for label_values, count in counts.items():
            family.add_metric(label_values, count, created=self._created_time)
        return family


def _count_failures(stats_by_label: Mapping[str, RequestStats]) -> dict[tuple[str, ...], int]:
    """Count the failures of each name and reason, including those with none."""
    counts: dict[tuple[str, ...], int] = {
        (label, reason): 0 for label in stats_by_label for reason in FAILURE_REASONS
    }
    for label, stats in stats_by_label.items():
        for error_class, count in stats.failures.items():
            counts[label, classify_failure(error_class)] += count
    return counts


def _count_buckets(times: DurationHistogram) -> tuple[list[int], float]:
    """Return the cumulative count of each bucket, ``+Inf`` included, and the sum in seconds."""
    return [*times.count_at_most(BUCKET_BOUNDS_SECONDS), times.total], times.sum


def _build_histogram(name: str, description: str, buckets: Mapping[str, tuple[list[int], float]]) -> Metric:
    family = HistogramMetricFamily(name, description, labels=["name"])
    for label, (counts, total_seconds) in buckets.items():
        family.add_metric([label], list(zip(_LE_LABELS, counts, strict=True)), total_seconds)
    return family


def _build_gauge(name: str, description: str, labels: Mapping[str, str], value: float) -> Metric:
    family = GaugeMetricFamily(name, description, labels=list(labels))
    family.add_metric(list(labels.values()), value)
    return family


def list_known_names(profile: Profile, warmup_recorder: Recorder) -> list[str]:
    """Return the request names that the profile declares, or that a locustfile sent in the warm-up."""
    if profile.requests is not None:
        return [mask_text(request.label) for request in profile.requests]
    return [NOT_SENT, *warmup_recorder.read_stats_by_name()]


def create_session_collector(session: LoadSession) -> LoadCollector:
    """Return the collector of a session: of its measured load, without the warm-up."""
    profile = session.profile
    return LoadCollector(
        get_recorder=lambda: session.recorder,
        get_in_flight=lambda: session.engine.in_flight,
        list_known_names=lambda: list_known_names(profile, session.warmup_recorder),
        info_labels={"engine": session.engine.name, "profile": profile.name, "run": session.run_id},
    )


def create_metrics_app(collector: LoadCollector) -> Callable[..., Any]:
    """Return the WSGI application that answers scrapes with the metrics of the load and of this process."""
    registry = CollectorRegistry()
    registry.register(collector)
    ProcessCollector(registry=registry)  # its process_start_time_seconds shows restarts
    return make_wsgi_app(registry)


@contextmanager
def serve_metrics(collector: LoadCollector, address: tuple[str, int]) -> Iterator[str]:
    """Answer scrapes at an address (host and port) of this machine; the context value is the URL.

    Raises:
        EngineError: the port is in use, or the host is not an address of this machine.
    """
    host, port = address
    server = WSGIServer(address, create_metrics_app(collector), log=None, error_log=_log)
    try:
        server.start()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise EngineError(f"port {port} of {host} can't be used for the metrics: {reason}") from None
    try:
        yield f"http://{f'[{host}]' if ':' in host else host}:{port}/metrics"
    finally:
        server.stop(timeout=0)
