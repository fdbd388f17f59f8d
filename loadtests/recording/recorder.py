"""Records the requests of a load: rows are reduced to statistics, so memory does not grow with their number.

Times are in Unix seconds. A row is one request, or one dropped arrival.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from math import floor, nan

import numpy as np
import numpy.ma

from loadtests.recording.hdr_histogram import DurationHistogram
from loadtests.recording.row_aggregation import (
    COLUMN_COUNT,
    Percentiles,
    Row,
    aggregate_rows,
    compute_percentiles,
)
from loadtests.recording.stats import RequestStats, SecondStats, StatsTable
from slo.documents import mask_text
from slo.model import RequestCounts, Second, TaskCounts, Window

NOT_SENT = "(not sent)"
"""The name of dropped arrivals whose request name is unknown."""
_PRELOADED = numpy.ma
"""``np.unique`` would import it at its first call, when the process may have no file descriptor left."""
_MAX_BUFFERED_VALUES = 8_192 * COLUMN_COUNT
MAX_ERRORS = 200
"""Error classes of one kind that are counted under their own text: texts of a user's code may be endless."""
MAX_ERROR_CHARACTERS = 200
OTHER_ERRORS = "(other errors)"
_OPEN_SECOND_COUNT = 5
"""Recent seconds that keep all their response times, because other processes may still add some."""


class Recorder:
    """Records one phase of a load; its seconds are numbered from ``start_time``."""

    def __init__(self, start_time: float = 0.0) -> None:
        self.start_time = start_time
        self._listeners: list[Callable[[StatsTable], None]] = []
        self._names: dict[str, int] = {}
        self._name_codes: dict[str, int] = {}
        """Codes by the name as the engine gives it, which may contain a secret."""
        self._methods: dict[int, str] = {}
        self._errors: dict[str, int] = {}
        self._error_codes: dict[str, int] = {}
        """Codes by the error class as the engine gives it."""
        self._rows = array("d")
        self._stats = StatsTable()
        self._percentiles: dict[int, Percentiles] = {}
        """Of the seconds before ``_first_open_second``."""
        self._first_open_second = 0
        self._recent_response_times = DurationHistogram()

    def add_listener(self, listener: Callable[[StatsTable], None]) -> None:
        """Call ``listener`` with all statistics that are added from now on; adding it twice has no effect."""
        if listener not in self._listeners:
            self._listeners.append(listener)

    # --- Writing ----------------------------------------------------------------------------------

    def encode_name(self, name: str, method: str = "") -> int:
        """Return the code of a request name in a :data:`Row`; secrets in the name are masked."""
        code = self._name_codes.get(name)
        if code is None:
            code = self._names.setdefault(mask_text(name), len(self._names))
            self._name_codes[name] = code
        if method:
            self._methods[code] = method
        return code

    def encode_error(self, error: str | None) -> int:
        """Return the code of an error class in a :data:`Row`; 0 for no error."""
        if error is None:
            return 0
        code = self._error_codes.get(error)
        if code is None:
            text = shorten_error(error)
            if len(self._errors) >= MAX_ERRORS and text not in self._errors:
                return self._errors.setdefault(OTHER_ERRORS, len(self._errors) + 1)
            code = self._errors.setdefault(text, len(self._errors) + 1)
            if len(self._error_codes) < MAX_ERRORS:
                self._error_codes[error] = code
        return code

    def count_task(self) -> None:
        """Count a task that starts."""
        self._stats.task_counts["started"] += 1

    def record_task_error(self, error: str, *, is_start: bool) -> None:
        """Count a task that raised, or a user that did not start because its ``on_start`` raised."""
        self._stats.task_counts["failed_starts" if is_start else "raised"] += 1
        errors, text = self._stats.task_errors, shorten_error(error)
        errors[text if text in errors or len(errors) < MAX_ERRORS else OTHER_ERRORS] += 1

    @property
    def row_writer(self) -> Callable[[Row], None]:
        """A function that appends a row; its caller has to call :meth:`reduce_rows` regularly.

        Engines with high rates use it instead of :meth:`record_request`.
        """
        return self._rows.extend

    def record_request(  # noqa: PLR0913 - the columns of a row
        self,
        name: str,
        *,
        intended_start: float | None,
        sent_at: float,
        ended_at: float,
        status: int,
        error: str | None,
        first_byte_at: float = nan,
        method: str = "",
        body_bytes: int = 0,
    ) -> None:
        """Record a request that has ended.

        ``intended_start`` is ``None`` for a request that counts as offered when it was sent: a further
        request of the same arrival, or a request of a closed load. ``first_byte_at`` is NaN when it is
        unknown. ``status`` is 0 without a response; ``error`` is the error class of a failure.
        """
        start = nan if intended_start is None else intended_start
        code = self.encode_name(name, method)
        self._append_row(
            code, start, sent_at, first_byte_at, ended_at, status, self.encode_error(error), body_bytes
        )

    def record_dropped(self, intended_start: float, error: str, name: str = NOT_SENT, count: int = 1) -> None:
        """Record ``count`` arrivals for which no request was sent."""
        for _ in range(count):
            name_code, error_code = self.encode_name(name), self.encode_error(error)
            self._append_row(name_code, intended_start, nan, nan, nan, 0, error_code, 0)

    def _append_row(self, *values: float) -> None:
        self._rows.extend(values)
        if len(self._rows) >= _MAX_BUFFERED_VALUES:
            self.reduce_rows()

    def reduce_rows(self) -> None:
        """Move all buffered rows into the statistics."""
        if self._rows:
            rows = np.array(self._rows).reshape(-1, COLUMN_COUNT)
            names = {code: name for name, code in self._names.items()}
            errors = {code: error for error, code in self._errors.items()}
            stats = aggregate_rows(rows, self.start_time, names, self._methods, errors)
            del self._rows[: rows.size]
            self.add_stats(stats)

    def add_stats(self, stats: StatsTable) -> None:
        """Add statistics, for example those of a worker process."""
        own = self._stats
        for name, request_stats in stats.by_name.items():
            own.by_name.setdefault(name, RequestStats()).add(request_stats)
            self._recent_response_times.merge(request_stats.response_time)
        for number, second_stats in stats.by_second.items():
            own.by_second.setdefault(number, SecondStats()).add(second_stats)
        own.task_counts.update(stats.task_counts)
        own.task_errors.update(stats.task_errors)
        own.first_start = min(own.first_start, stats.first_start)
        own.last_end = max(own.last_end, stats.last_end)
        self._close_seconds()
        for listener in self._listeners:
            listener(stats)

    def _close_seconds(self) -> None:
        """Replace the response times of seconds that ended long ago by three percentiles."""
        seconds = self._stats.by_second
        first_open = max(seconds, default=0) - _OPEN_SECOND_COUNT
        for number in [number for number in seconds if self._first_open_second <= number < first_open]:
            self._percentiles[number] = compute_percentiles(seconds[number].response_time)
            seconds[number].response_time = DurationHistogram()
        self._first_open_second = max(self._first_open_second, first_open)

    # --- Reading ----------------------------------------------------------------------------------

    @property
    def offered_count(self) -> int:
        """Requests offered, as of the last :meth:`reduce_rows`."""
        return sum(stats.offered for stats in self._stats.by_name.values())

    @property
    def sent_count(self) -> int:
        """Requests sent, as of the last :meth:`reduce_rows`."""
        return sum(stats.sent for stats in self._stats.by_name.values())

    @property
    def completed_count(self) -> int:
        """Requests with a response, as of the last :meth:`reduce_rows`."""
        return sum(stats.completed for stats in self._stats.by_name.values())

    @property
    def failed_count(self) -> int:
        """Requests that failed, as of the last :meth:`reduce_rows`."""
        return sum(stats.failed for stats in self._stats.by_name.values())

    def read_stats_by_name(self) -> dict[str, RequestStats]:
        """Return the statistics of each request name."""
        self.reduce_rows()
        return self._stats.by_name

    def merge_all_stats(self) -> RequestStats:
        """Return the statistics of all request names together."""
        total = RequestStats()
        for stats in self.read_stats_by_name().values():
            total.add(stats)
        return total

    def count_total(self) -> RequestCounts:
        """Return counts and percentiles of all requests."""
        return self.merge_all_stats().to_counts()

    def count_by_name(self) -> dict[str, RequestCounts]:
        """Return counts and percentiles of each request name."""
        return {name: stats.to_counts() for name, stats in self.read_stats_by_name().items()}

    def count_tasks(self) -> TaskCounts:
        """Return the counts of tasks, and the errors of those that raised, most frequent first."""
        return TaskCounts(**self._stats.task_counts, errors=dict(self._stats.task_errors.most_common()))

    def take_recent_response_times(self) -> DurationHistogram:
        """Return the response times that were added since the last call."""
        recent, self._recent_response_times = self._recent_response_times, DurationHistogram()
        return recent

    def take_stats(self) -> StatsTable:
        """Return all statistics and start again with empty ones."""
        self.reduce_rows()
        stats, self._stats = self._stats, StatsTable()
        return stats

    def find_window(self, planned_end: float) -> Window:
        """Return the window from the first start to the last response or dropped arrival.

        Without any request it is the planned window: from the start time to ``planned_end``.
        """
        self.reduce_rows()
        first_start, last_end = self._stats.first_start, self._stats.last_end
        if first_start > last_end:
            return Window(self.start_time, planned_end)
        return Window(first_start, last_end)

    def list_seconds(self, end: float) -> tuple[Second, ...]:
        """Return counts and percentiles of each second from the start time until ``end``."""
        self.reduce_rows()
        second_count = floor(max(end - self.start_time, 0.0)) + 1
        return tuple(self._build_second(number) for number in range(second_count))

    def _build_second(self, number: int) -> Second:
        stats = self._stats.by_second.get(number, SecondStats())
        percentiles = self._percentiles.get(number) or compute_percentiles(stats.response_time)
        return Second(
            self.start_time + number, stats.offered, stats.sent, stats.completed, stats.failed, *percentiles
        )


def shorten_error(text: str) -> str:
    """Return an error text on one line of at most :data:`MAX_ERROR_CHARACTERS`, with secrets masked."""
    line = " ".join(mask_text(text).split())
    return line if len(line) <= MAX_ERROR_CHARACTERS else f"{line[: MAX_ERROR_CHARACTERS - 3]}..."
