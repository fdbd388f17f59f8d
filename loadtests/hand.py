"""Which arrivals of a schedule one process sends: those that were dealt to it.

Every process walks through the same schedule, and takes the n-th arrival if n is its own by the deal that
holds at that moment. So the shares add up to the schedule exactly, whatever was dealt anew on the way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain


@dataclass(frozen=True, slots=True)
class Deal:
    """From ``since`` (seconds after the load's begin) on, share number ``share`` of ``shares`` is ours.

    The n-th arrival belongs to share n mod ``shares``. A share of -1 is none.
    """

    since: float = 0.0
    share: int = 0
    shares: int = 1


WHOLE = (Deal(),)
"""The deal of a load that one process sends alone."""


class Hand:
    """Gives the arrivals that are dealt to this process, each with its number in the whole schedule."""

    def __init__(self, moments: Iterable[float] = (), deals: Iterable[Deal] = WHOLE) -> None:
        self._arrivals: Iterator[tuple[int, float]] = enumerate(moments)
        self._deals = deque(deals)
        self._ahead: list[tuple[int, float]] = []
        """What was looked at since the last arrival that was taken for good."""

    def next(self) -> tuple[int, float] | None:
        """Give the next arrival, number and moment, or ``None`` at the end; the one before is taken."""
        self._ahead.clear()
        deals = self._deals
        for arrival in self._arrivals:
            number, moment = arrival
            if moment >= deals[-1].since:  # what lies before is dealt for good
                self._ahead.append(arrival)
            while len(deals) > 1 and deals[1].since <= moment:
                deals.popleft()
            if number % deals[0].shares == deals[0].share:
                return arrival
        return None

    def deal(self, deal: Deal) -> tuple[int, float] | None:
        """Deal anew, and give the next arrival instead of the one that :meth:`next` gave last.

        A deal begins later than the one before it, and later than now.
        """
        self._deals.append(deal)
        self._arrivals = chain(list(self._ahead), self._arrivals)
        return self.next()


def counted(moments: Iterable[float], deals: Iterable[Deal], until: float) -> int:
    """Count the arrivals before ``until`` (seconds after the load's begin) that these deals give."""
    hand, number = Hand(moments, deals), 0
    while (arrival := hand.next()) is not None and arrival[1] < until:
        number += 1
    return number
