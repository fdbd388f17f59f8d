"""Shards of a schedule add up to the whole, however often they are reassigned during the load."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, chain, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests.schedule.schedule_shard import WHOLE_SCHEDULE, ShardAssignment, ShardCursor, count_arrivals

QUICK = settings(max_examples=50, deadline=None)
"""No deadline: a busy machine makes examples slow."""
GAPS = st.lists(st.one_of(st.floats(0.001, 0.1), st.floats(1, 30)), max_size=60)
"""Seconds between arrivals, at high and at low rates."""
ARRIVAL_TIMES = GAPS.map(lambda gaps: list(accumulate(gaps)))
SHARD_COUNTS = st.integers(1, 5)
Taken = list[tuple[int, float]]
Plan = list[tuple[float, int]]
"""From when on the schedule has how many shards."""


def take_all(cursor: ShardCursor) -> Taken:
    return list(iter(cursor.take_next, None))


@st.composite
def plans(draw: st.DrawFn) -> tuple[Plan, int]:
    """Draw a plan, and the largest number of processes in it."""
    counts = draw(st.lists(SHARD_COUNTS, min_size=1, max_size=5))
    since = sorted(draw(st.lists(st.floats(0, 60), min_size=len(counts) - 1, max_size=len(counts) - 1)))
    return list(zip([0.0, *since], counts, strict=True)), max(counts)


def assignments_of(process: int, plan: Plan) -> list[ShardAssignment]:
    return [ShardAssignment(since, process if process < count else -1, count) for since, count in plan]


@QUICK
@given(ARRIVAL_TIMES, plans())
def test_shards_that_are_known_from_the_start_add_up_to_the_schedule(
    arrival_times: list[float], plan_and_processes: tuple[Plan, int]
) -> None:
    plan, processes = plan_and_processes
    taken = [
        take_all(ShardCursor(arrival_times, assignments_of(process, plan))) for process in range(processes)
    ]
    assert sorted(chain(*taken)) == list(enumerate(arrival_times))


def take_with_reassignments(
    arrival_times: list[float], assignments: list[ShardAssignment], lead_seconds: list[float]
) -> Iterator[tuple[int, float]]:
    """Take a shard as a process does: each assignment arrives its lead time before it applies.

    An arrival is taken once its time has come; an assignment may come after the next one was looked at.
    """
    cursor = ShardCursor(arrival_times, assignments[:1])
    pending = [
        (assignment.since - lead, assignment)
        for assignment, lead in zip(assignments[1:], lead_seconds, strict=True)
    ]
    pending.sort(key=lambda item: item[1].since)
    arrival = cursor.take_next()
    while True:
        while pending and (arrival is None or pending[0][0] <= arrival[1]):
            arrival = cursor.reassign(pending.pop(0)[1])
        if arrival is None:
            return
        yield arrival
        arrival = cursor.take_next()


@QUICK
@given(ARRIVAL_TIMES, plans(), st.data())
def test_shards_that_are_reassigned_during_the_load_add_up_to_the_schedule(
    arrival_times: list[float], plan_and_processes: tuple[Plan, int], data: st.DataObject
) -> None:
    plan, processes = plan_and_processes
    leads = st.lists(st.floats(0, 40), min_size=len(plan) - 1, max_size=len(plan) - 1)
    taken: Taken = []
    for process in range(processes):
        lead_seconds = data.draw(leads)  # each process receives an assignment at another time
        taken += take_with_reassignments(arrival_times, assignments_of(process, plan), lead_seconds)
    assert sorted(taken) == list(enumerate(arrival_times))


def test_arrivals_that_were_looked_at_use_the_assignment_of_their_own_time() -> None:
    cursor = ShardCursor(
        [1.0, 5.0, 9.0], [ShardAssignment(0, 1, 2), ShardAssignment(4, 0, 3), ShardAssignment(8, 0, 2)]
    )
    assert cursor.take_next() == (2, 9.0)
    assert cursor.reassign(ShardAssignment(20, 0, 1)) == (2, 9.0)
    assert cursor.take_next() is None


@QUICK
@given(ARRIVAL_TIMES, plans(), st.floats(0, 100))
def test_the_count_of_arrivals_agrees_with_the_arrivals_taken(
    arrival_times: list[float], plan_and_processes: tuple[Plan, int], until: float
) -> None:
    assignments = assignments_of(0, plan_and_processes[0])
    taken_times = [time for _, time in take_all(ShardCursor(arrival_times, assignments))]
    assert count_arrivals(arrival_times, assignments, until) == sum(time < until for time in taken_times)


def test_a_single_process_takes_the_whole_schedule() -> None:
    assert take_all(ShardCursor([0.0, 0.0, 2.0], WHOLE_SCHEDULE)) == [(0, 0.0), (1, 0.0), (2, 2.0)]
    assert take_all(ShardCursor()) == []


@QUICK
@given(ARRIVAL_TIMES, st.lists(st.integers(0, 60), max_size=20))
def test_repeating_the_same_assignment_changes_nothing(
    arrival_times: list[float], positions: list[int]
) -> None:
    cursor = ShardCursor(arrival_times, (ShardAssignment(0, 1, 3),))
    taken: Taken = []
    arrival = cursor.take_next()
    while arrival is not None:
        for _ in range(positions.count(len(taken))):
            arrival = cursor.reassign(ShardAssignment(0, 1, 3))
        if arrival is None:
            break
        taken.append(arrival)
        arrival = cursor.take_next()
    assert taken == [(number, time) for number, time in enumerate(arrival_times) if number % 3 == 1]
    assert all(before < after for before, after in pairwise(taken))
