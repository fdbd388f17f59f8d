"""Which arrivals of a schedule one process sends: those that were dealt to it.

Every process walks through the same schedule, and takes the n-th arrival if n is its own by the deal that
holds at that moment. So the shares add up to the schedule exactly, whatever was dealt anew on the way.
"""

from __future__ import annotations

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
        self._deals = list(deals)
        self._holds = self._held = 0
        """Which deal holds where we look, and which held at the last arrival that was taken for good."""
        self._ahead: list[tuple[int, float]] = []
        """What was looked at since the last arrival that was taken for good."""

    def next(self) -> tuple[int, float] | None:
        """Give the next arrival, number and moment, or ``None`` at the end; the one before is taken."""
        self._ahead.clear()
        self._held = self._holds
        deals = self._deals
        for arrival in self._arrivals:
            number, moment = arrival
            while self._holds + 1 < len(deals) and deals[self._holds + 1].since <= moment:
                self._holds += 1
            ours = number % deals[self._holds].shares == deals[self._holds].share
            if ours or moment >= deals[-1].since:  # what lies before is not ours for good
                self._ahead.append(arrival)
            if ours:
                return arrival
        return None

    def deal(self, deal: Deal) -> tuple[int, float] | None:
        """Deal anew, and give the next arrival instead of the one that :meth:`next` gave last.

        ``deal.since`` is not before that of the last deal, nor before what any process has taken.
        """
        self._deals.append(deal)
        self._holds = self._held
        self._arrivals = chain(list(self._ahead), self._arrivals)
        return self.next()


def counted(moments: Iterable[float], deals: Iterable[Deal], until: float) -> int:
    """Count the arrivals before ``until`` (seconds after the load's begin) that these deals give."""
    hand, number = Hand(moments, deals), 0
    while (arrival := hand.next()) is not None and arrival[1] < until:
        number += 1
    return number
