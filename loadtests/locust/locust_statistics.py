"""Locust's own statistics and reports, filled from the recorder in batches.

An event for each request would cost a third of a core. Locust's web UI, CSV and HTML read these statistics.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import gevent
import locust.stats
from locust.env import Environment
from locust.html import get_html_report
from locust.runners import STATE_RUNNING
from locust.stats import PERCENTILES_TO_REPORT, StatsCSV, StatsEntry, StatsError, stats_history
from locust.stats import RequestStats as LocustRequestStats

from loadtests.recording import Recorder, RequestStats, StatsTable
from loadtests.schedule import now
from slo.documents import escape_csv_text

_MILLISECONDS_PER_SECOND = 1000


class LocustStatistics:
    """Adds recorded requests to Locust's statistics; response times count from the intended start."""

    def __init__(self, stats: LocustRequestStats) -> None:
        self._stats = stats

    def add(self, stats_table: StatsTable) -> None:
        """Add the requests of a stats table."""
        for name, request_stats in stats_table.by_name.items():
            for entry in (self._stats.total, self._stats.entries[(name, request_stats.method)]):
                _add_requests(entry, request_stats)
            self._add_errors(name, request_stats)

    def _add_errors(self, name: str, request_stats: RequestStats) -> None:
        for error, occurrences in request_stats.errors.items():
            key = StatsError.create_key(request_stats.method, name, error)
            entry = self._stats.errors.setdefault(key, StatsError(request_stats.method, name, error))
            entry.occurrences += occurrences
            entry.last_seen = now()
            entry.first_seen = entry.first_seen or entry.last_seen


def _add_requests(entry: StatsEntry, request_stats: RequestStats) -> None:
    """Add many requests at once, as ``StatsEntry.log`` and ``log_error`` add a single request."""
    if not request_stats.sent:
        return
    time = now()
    second, previous = int(time), entry.last_request_timestamp
    if entry.use_response_times_cache and previous and second > int(previous):
        entry._cache_response_times(second - 1)  # noqa: SLF001 - source of the "current" percentiles
    entry.num_requests += request_stats.sent
    entry.num_failures += request_stats.failed
    entry.num_reqs_per_sec[second] += request_stats.sent
    entry.num_fail_per_sec[second] += request_stats.failed
    entry.last_request_timestamp = time
    entry.total_content_length += request_stats.body_bytes
    times = request_stats.response_time
    values = [(seconds * _MILLISECONDS_PER_SECOND, count) for seconds, count in times.list_values()]
    lowest, highest = values[0][0], times.highest * _MILLISECONDS_PER_SECOND
    entry.total_response_time += times.sum * _MILLISECONDS_PER_SECOND  # type: ignore[assignment] # Locust adds floats too
    entry.min_response_time = min(entry.min_response_time or lowest, lowest)  # type: ignore[assignment]
    entry.max_response_time = max(entry.max_response_time, highest)  # type: ignore[assignment]
    for milliseconds, count in values:
        entry.response_times[locust.stats.bucket_response_time(milliseconds)] += count


class LocustReport:
    """Locust's HTML report and CSV files of the measured load, for any engine."""

    def __init__(self, profile: str) -> None:
        self._environment = Environment(locustfile=profile)
        self._runner = self._environment.create_local_runner()

    @contextmanager
    def follow(self, recorder: Recorder, host: str) -> Iterator[None]:
        """Fill the report from this recorder, with a history for the charts."""
        self._environment.host = host
        self._environment.stats.clear_all()
        recorder.add_listener(LocustStatistics(self._environment.stats).add)
        self._runner.update_state(STATE_RUNNING)
        history = gevent.spawn(stats_history, self._runner)
        try:
            yield
        finally:
            history.kill()

    def render_files(self) -> Mapping[str, str]:
        """Return the texts of the report's files by file name."""
        writer = StatsCSV(self._environment, PERCENTILES_TO_REPORT)
        return {
            "locust.html": get_html_report(self._environment, show_download_link=False),
            "locust_stats.csv": _format_csv(writer.requests_csv),
            "locust_failures.csv": _format_csv(writer.failures_csv),
        }


def _format_csv(write: Callable[[Any], None]) -> str:
    text = io.StringIO()
    write(_SafeCsvWriter(csv.writer(text, lineterminator="\n")))
    return text.getvalue()


class _SafeCsvWriter:
    """Writes rows in which no text is a formula; names of requests can be of others."""

    def __init__(self, rows: Any) -> None:
        self._rows = rows

    def writerow(self, row: Iterable[Any]) -> None:
        """Write one row."""
        self._rows.writerow([escape_csv_text(cell) if isinstance(cell, str) else cell for cell in row])

    def writerows(self, rows: Iterable[Iterable[Any]]) -> None:
        """Write several rows."""
        for row in rows:
            self.writerow(row)
