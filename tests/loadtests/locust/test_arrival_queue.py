"""Each arrival of a schedule is taken exactly once, also when users start and stop."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import gevent
import pytest

from loadtests.locust.arrival_queue import BATCH_SIZE, ArrivalQueue
from loadtests.recording import Recorder
from loadtests.schedule import ShardAssignment, ShardCursor, now

SECONDS = 0.3
ARRIVAL_TIMES = [SECONDS * number / 400 for number in range(400)]


@dataclass
class Users:
    """Users that take arrivals, and the numbers of the arrivals that they took."""

    queue: ArrivalQueue = field(default_factory=ArrivalQueue)
    taken: list[int] = field(default_factory=list)
    greenlets: list[gevent.Greenlet[..., None]] = field(default_factory=list)

    def start(self, count: int, work: Callable[[], float]) -> None:
        for _ in range(count):
            self.greenlets.append(gevent.spawn(self._run_user, work))

    def _run_user(self, work: Callable[[], float]) -> None:
        while True:
            arrival = self.queue.take()
            self.taken.append(arrival.number)
            try:
                if seconds := work():
                    gevent.sleep(seconds)
            finally:
                self.queue.settle(arrival)

    def send(self, arrival_times: list[float], meanwhile: Callable[[], None] | None = None) -> None:
        self.queue.start(ShardCursor(arrival_times), now() + 0.02, now() + 30, Recorder())
        if meanwhile:
            gevent.spawn(meanwhile)
        self.queue.wait_until_settled(20)
        gevent.killall(self.greenlets)
        self.queue.close()


WORK: dict[str, Callable[[], float]] = {
    "tasks that end at once": lambda: 0,
    "tasks that take 1 ms": lambda: 0.001,
    "tasks of which 2 % take 100 ms": lambda: 0.1 if random.random() < 0.02 else 0,  # noqa: S311 - no secret
}


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
@pytest.mark.parametrize("number", [1, 3, 50])
def test_each_arrival_is_taken_once_and_in_order(number: int, work: Callable[[], float]) -> None:
    users = Users()
    users.start(number, work)
    users.send(ARRIVAL_TIMES)
    assert users.taken == list(range(len(ARRIVAL_TIMES)))
    assert not users.queue.pending


@pytest.mark.parametrize("seed", range(4))
def test_each_arrival_is_taken_once_while_users_start_and_stop(seed: int) -> None:
    users, dice = Users(), random.Random(seed)  # noqa: S311 - no secret

    def start_and_stop() -> None:
        for _ in range(60):
            gevent.sleep(dice.uniform(0, 0.008))
            if dice.random() < 0.5 and users.greenlets:
                greenlet = users.greenlets.pop(dice.randrange(len(users.greenlets)))
                greenlet.kill(block=dice.random() < 0.5)
            else:
                users.start(dice.randint(1, 3), lambda: dice.choice([0, 0, 0.002]))
        users.start(2, lambda: 0)

    users.start(2, lambda: 0)
    users.send(ARRIVAL_TIMES, start_and_stop)
    assert sorted(users.taken) == list(range(len(ARRIVAL_TIMES)))
    assert not users.queue.pending


def test_arrivals_due_at_the_same_time_are_all_taken() -> None:
    users = Users()
    users.start(5, lambda: 0)
    users.send([0.0] * (BATCH_SIZE * 3 + 1))
    assert users.taken == list(range(BATCH_SIZE * 3 + 1))


def test_a_shard_assigned_during_the_load_is_taken() -> None:
    users = Users()
    users.start(3, lambda: 0)
    half = SECONDS / 2
    users.send(ARRIVAL_TIMES, lambda: users.queue.assign_shard(ShardAssignment(half, 1, 2)))
    expected = [n for n, seconds in enumerate(ARRIVAL_TIMES) if seconds < half or n % 2]
    assert users.taken == expected


def test_due_arrivals_without_a_user_stay_pending() -> None:
    queue = ArrivalQueue()
    queue.start(ShardCursor([0.0, 0.001, 60.0]), now() - 1, now() + 30, Recorder())
    gevent.sleep(0.01)
    assert queue.stop() == []
    assert len(queue.pending) == 2, "two were due, and there was no user"
    queue.close()
