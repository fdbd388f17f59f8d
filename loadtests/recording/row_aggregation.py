"""From rows, one a request, to statistics by request name and by second."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from loadtests.recording.hdr_histogram import DurationHistogram
from loadtests.recording.stats import RequestStats, SecondStats, StatsTable

Row = tuple[float, float, float, float, float, float, float, float]
"""(name code, intended start, sent at, first byte at, ended at, status, error code, body bytes).

Times are in Unix seconds. The intended start is NaN for a request that counts as offered when it was sent.
All other times are NaN for a dropped arrival; that of the first byte also where it is unknown. The status is
0 without a response, the error code 0 without an error.
"""
COLUMN_COUNT = 8
Rows = npt.NDArray[np.float64]
Column = npt.NDArray[np.float64]


def aggregate_rows(
    rows: Rows,
    start_time: float,
    names: Mapping[int, str],
    methods: Mapping[int, str],
    errors: Mapping[int, str],
) -> StatsTable:
    """Return the statistics of one or more rows; names, methods and errors are looked up by their codes."""
    _, intended_start, sent_at, _, ended_at, *_ = rows.T
    starts = _find_start_times(intended_start, sent_at)
    by_name = {}
    for code in np.unique(rows[:, 0]).astype(int).tolist():
        stats = _aggregate_requests(rows[rows[:, 0] == code], errors)
        stats.method = methods.get(code, "")
        by_name[names[code]] = stats
    last_end = float(np.fmax(ended_at, starts).max())
    return StatsTable(by_name, _aggregate_seconds(rows, start_time), float(starts.min()), last_end)


def _aggregate_requests(rows: Rows, errors: Mapping[int, str]) -> RequestStats:
    """Return the statistics of the rows of one request name."""
    _, intended_start, sent_at, first_byte_at, ended_at, status, error, body_bytes = rows.T
    is_sent = ~np.isnan(sent_at)
    stats = RequestStats(
        offered=len(rows),
        sent=int(is_sent.sum()),
        completed=int((status > 0).sum()),
        failed=int((is_sent & (error > 0)).sum()),
        body_bytes=int(body_bytes.sum()),
    )
    stats.lateness.add((sent_at - intended_start)[is_sent & ~np.isnan(intended_start)])
    stats.response_time.add((ended_at - _find_start_times(intended_start, sent_at))[is_sent])
    stats.service_time.add((ended_at - sent_at)[is_sent])
    stats.time_to_first_byte.add((first_byte_at - sent_at)[is_sent & (status > 0) & ~np.isnan(first_byte_at)])
    stats.statuses.update(status[status > 0].astype(int).tolist())
    stats.errors.update(errors[code] for code in error[error > 0].astype(int).tolist())
    has_failed = is_sent & (error > 0)
    failed_codes = error[has_failed].astype(int).tolist()
    stats.failures.update(errors[code] for code in failed_codes)
    failed_statuses = status[has_failed].astype(int).tolist()
    stats.failed_answers.update(
        f"{failed_status} {errors[code]}"
        for failed_status, code in zip(failed_statuses, failed_codes, strict=True)
    )
    return stats


def _aggregate_seconds(rows: Rows, start_time: float) -> dict[int, SecondStats]:
    """Return the statistics of each second, by its number."""
    _, intended_start, sent_at, _, ended_at, status, error, _ = rows.T
    starts, is_sent = _find_start_times(intended_start, sent_at), ~np.isnan(sent_at)
    seconds: dict[int, SecondStats] = {}
    for name, times in (
        ("offered", starts),
        ("sent", sent_at[is_sent]),
        ("completed", ended_at[status > 0]),
        ("failed", ended_at[is_sent & (error > 0)]),
    ):
        numbers, counts = np.unique(_number_seconds(times, start_time), return_counts=True)
        for number, count in zip(numbers, counts, strict=True):
            setattr(seconds.setdefault(int(number), SecondStats()), name, int(count))
    numbers, response_times = _number_seconds(ended_at[is_sent], start_time), (ended_at - starts)[is_sent]
    for number in np.unique(numbers).tolist():
        seconds.setdefault(number, SecondStats()).response_time.add(response_times[numbers == number])
    return seconds


def _number_seconds(times: Column, start_time: float) -> npt.NDArray[np.int64]:
    """Return the number of the second that each time is in; 0 for times before the start."""
    return np.maximum(np.floor(times - start_time), 0).astype(np.int64)


def _find_start_times(intended_start: Column, sent_at: Column) -> Column:
    """Return the intended start of each row, or the time of the send where there is none."""
    return np.where(np.isnan(intended_start), sent_at, intended_start)


Percentiles = tuple[float | None, float | None, float | None]


def compute_percentiles(response_time: DurationHistogram) -> Percentiles:
    """Return the 50th, 95th and 99th percentile in seconds."""
    p50, p95, p99 = (response_time.compute_quantile(ratio) for ratio in (0.5, 0.95, 0.99))
    return p50, p95, p99
