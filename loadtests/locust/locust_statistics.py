"""Locust's own statistics, filled from the books in batches: an event a request would cost a third of a core.

What Locust's web UI, its CSV and its HTML show is read from there.
"""

from __future__ import annotations

import locust.stats
from locust.stats import RequestStats, StatsEntry, StatsError

from loadtests.recording.stats import Account, Sums
from loadtests.schedule.clock import now

_MILLI = 1000


class LocustStatistics:
    """Adds sums to Locust's statistics; their response times count from the intended start."""

    def __init__(self, stats: RequestStats) -> None:
        self._stats = stats

    def add(self, sums: Sums) -> None:
        """Take what was added to the books."""
        for name, account in sums.accounts.items():
            for entry in (self._stats.total, self._stats.entries[(name, account.method)]):
                _log(entry, account)
            self._log_errors(name, account)

    def _log_errors(self, name: str, account: Account) -> None:
        for error, number in account.errors.items():
            key = StatsError.create_key(account.method, name, error)
            seen = self._stats.errors.setdefault(key, StatsError(account.method, name, error))
            seen.occurrences += number
            seen.last_seen = now()
            seen.first_seen = seen.first_seen or seen.last_seen


def _log(entry: StatsEntry, account: Account) -> None:
    """Do for many requests what ``StatsEntry.log`` and ``log_error`` do for one."""
    if not account.sent:
        return
    time = now()
    second, before = int(time), entry.last_request_timestamp
    if entry.use_response_times_cache and before and second > int(before):
        entry._cache_response_times(second - 1)  # noqa: SLF001 - the "current" percentiles are read from it
    entry.num_requests += account.sent
    entry.num_failures += account.failed
    entry.num_reqs_per_sec[second] += account.sent
    entry.num_fail_per_sec[second] += account.failed
    entry.last_request_timestamp = time
    entry.total_content_length += account.body_bytes
    values = [(seconds * _MILLI, number) for seconds, number in account.response_time.values()]
    entry.total_response_time += account.response_time.sum * _MILLI  # type: ignore[assignment] # Locust adds floats too
    lowest = values[0][0]
    entry.min_response_time = min(entry.min_response_time or lowest, lowest)  # type: ignore[assignment]
    entry.max_response_time = max(entry.max_response_time, account.response_time.highest * _MILLI)  # type: ignore[assignment]
    for value, number in values:
        entry.response_times[locust.stats.bucket_response_time(value)] += number
