"""Event counts from raw samples: counters, restarts, histograms, gauges and slices of the window.

:class:`EvidenceReader` answers every question about the evidence; nothing here decides a verdict.
"""

from slo.counting.counters import CounterIncrease
from slo.counting.event_counts import (
    EventCounts,
    count_events,
    explain_missing_series,
    is_within_threshold,
)
from slo.counting.event_timeline import TimelineStep, build_timeline, list_window_scrapes
from slo.counting.evidence_reader import EvidenceReader
from slo.counting.histograms import BucketCounts
from slo.counting.observations import EvidenceObservations
from slo.counting.query_results import UndecidedError
from slo.counting.scrape_slices import (
    SlicedEvents,
    count_with_edges,
    find_edge_windows,
    list_slice_counts,
    slice_events,
    weigh_slices_equally,
)
from slo.counting.time_slices import count_time_slices, explain_scrape_gap

__all__ = [
    "BucketCounts",
    "CounterIncrease",
    "EventCounts",
    "EvidenceObservations",
    "EvidenceReader",
    "SlicedEvents",
    "TimelineStep",
    "UndecidedError",
    "build_timeline",
    "count_events",
    "count_time_slices",
    "count_with_edges",
    "explain_missing_series",
    "explain_scrape_gap",
    "find_edge_windows",
    "is_within_threshold",
    "list_slice_counts",
    "list_window_scrapes",
    "slice_events",
    "weigh_slices_equally",
]
