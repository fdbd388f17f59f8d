"""Every arrival of a schedule is handed out once, whatever users come and go."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import gevent
import pytest

from loadtests.locust.arrival_queue import BATCH, Schedule
from loadtests.recording.recorder import Books
from loadtests.schedule.clock import now
from loadtests.schedule.schedule_shard import Deal, Hand

SECONDS = 0.3
MOMENTS = [SECONDS * number / 400 for number in range(400)]


@dataclass
class Crew:
    """Users that take arrivals, and the numbers they took."""

    schedule: Schedule = field(default_factory=Schedule)
    taken: list[int] = field(default_factory=list)
    users: list[gevent.Greenlet[..., None]] = field(default_factory=list)

    def join(self, number: int, work: Callable[[], float]) -> None:
        for _ in range(number):
            self.users.append(gevent.spawn(self._user, work))

    def _user(self, work: Callable[[], float]) -> None:
        while True:
            arrival = self.schedule.take()
            self.taken.append(arrival.number)
            try:
                if seconds := work():
                    gevent.sleep(seconds)
            finally:
                self.schedule.settle(arrival)

    def run(self, moments: list[float], meanwhile: Callable[[], None] | None = None) -> None:
        self.schedule.start(Hand(moments), now() + 0.02, now() + 30, Books())
        if meanwhile:
            gevent.spawn(meanwhile)
        self.schedule.wait(20)
        gevent.killall(self.users)
        self.schedule.close()


WORK: dict[str, Callable[[], float]] = {
    "users that are done at once": lambda: 0,
    "users that wait a moment": lambda: 0.001,
    "users that wait long, now and then": lambda: 0.1 if random.random() < 0.02 else 0,  # noqa: S311 - no secret
}


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
@pytest.mark.parametrize("number", [1, 3, 50])
def test_each_arrival_is_taken_once_and_in_order(number: int, work: Callable[[], float]) -> None:
    crew = Crew()
    crew.join(number, work)
    crew.run(MOMENTS)
    assert crew.taken == list(range(len(MOMENTS)))
    assert not crew.schedule.pending


@pytest.mark.parametrize("seed", range(4))
def test_users_may_come_and_go(seed: int) -> None:
    crew, dice = Crew(), random.Random(seed)  # noqa: S311 - likewise

    def come_and_go() -> None:
        for _ in range(60):
            gevent.sleep(dice.uniform(0, 0.008))
            if dice.random() < 0.5 and crew.users:
                crew.users.pop(dice.randrange(len(crew.users))).kill(block=dice.random() < 0.5)
            else:
                crew.join(dice.randint(1, 3), lambda: dice.choice([0, 0, 0.002]))
        crew.join(2, lambda: 0)

    crew.join(2, lambda: 0)
    crew.run(MOMENTS, come_and_go)
    assert sorted(crew.taken) == list(range(len(MOMENTS)))
    assert not crew.schedule.pending


def test_arrivals_that_are_due_at_once_are_all_taken() -> None:
    crew = Crew()
    crew.join(5, lambda: 0)
    crew.run([0.0] * (BATCH * 3 + 1))
    assert crew.taken == list(range(BATCH * 3 + 1))


def test_a_share_dealt_on_the_way_is_taken() -> None:
    crew = Crew()
    crew.join(3, lambda: 0)
    half = SECONDS / 2
    crew.run(MOMENTS, lambda: crew.schedule.deal(Deal(half, 1, 2)))
    expected = [n for n, moment in enumerate(MOMENTS) if moment < half or n % 2]
    assert crew.taken == expected


def test_what_nobody_takes_is_left_over() -> None:
    schedule = Schedule()
    schedule.start(Hand([0.0, 0.001, 60.0]), now() - 1, now() + 30, Books())
    gevent.sleep(0.01)
    assert schedule.stop() == []
    assert len(schedule.pending) == 2, "they were due, and nobody came"
    schedule.close()
