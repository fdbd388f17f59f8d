"""Which arrivals of a schedule a process sends: the shards of a load with several processes.

Every process iterates over the same schedule and takes arrival number n when the assignment that applies at
the time of that arrival gives it the shard of n. The shards therefore add up to the whole schedule, even when
they are reassigned during the load.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain


@dataclass(frozen=True, slots=True)
class ShardAssignment:
    """The shard that a process sends from ``since`` on, in seconds since the start of the load.

    Arrival number n belongs to shard n mod ``shard_count``. A ``shard`` of -1 means no arrivals.
    """

    since: float = 0.0
    shard: int = 0
    shard_count: int = 1


WHOLE_SCHEDULE = (ShardAssignment(),)
"""The assignment of a load that one process sends alone."""


class ShardCursor:
    """Iterates over the arrivals of this process, each with its number in the whole schedule."""

    def __init__(
        self, arrival_times: Iterable[float] = (), assignments: Iterable[ShardAssignment] = WHOLE_SCHEDULE
    ) -> None:
        self._arrivals: Iterator[tuple[int, float]] = enumerate(arrival_times)
        self._assignments = list(assignments)
        self._current_index = self._committed_index = 0
        """Index of the assignment at the cursor, and at the last arrival that was definitely taken."""
        self._lookahead: list[tuple[int, float]] = []
        """Arrivals read since the last one that was definitely taken; a reassignment reads them again."""

    def take_next(self) -> tuple[int, float] | None:
        """Return number and time of the next arrival, or ``None`` at the end.

        The call makes the arrival that was returned before definite: :meth:`reassign` can't replace it any
        more.
        """
        self._lookahead.clear()
        self._committed_index = self._current_index
        assignments = self._assignments
        for arrival in self._arrivals:
            number, time = arrival
            while (
                self._current_index + 1 < len(assignments)
                and assignments[self._current_index + 1].since <= time
            ):
                self._current_index += 1
            assignment = assignments[self._current_index]
            is_ours = number % assignment.shard_count == assignment.shard
            if is_ours or time >= assignments[-1].since:  # earlier arrivals can't be reassigned
                self._lookahead.append(arrival)
            if is_ours:
                return arrival
        return None

    def reassign(self, assignment: ShardAssignment) -> tuple[int, float] | None:
        """Add an assignment, and return the next arrival, which replaces the last one that was returned.

        ``assignment.since`` must not be before that of the last assignment, nor before an arrival that any
        process has taken.
        """
        self._assignments.append(assignment)
        self._current_index = self._committed_index
        self._arrivals = chain(list(self._lookahead), self._arrivals)
        return self.take_next()


def count_arrivals(
    arrival_times: Iterable[float], assignments: Iterable[ShardAssignment], until: float
) -> int:
    """Count the arrivals of a shard before ``until`` (seconds since the start of the load)."""
    cursor, count = ShardCursor(arrival_times, assignments), 0
    while (arrival := cursor.take_next()) is not None and arrival[1] < until:
        count += 1
    return count
