"""What a conversion leaves out, counted by reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


class NotConvertibleError(ValueError):
    """A request can't be declared in a profile; the message is the reason, such as "with a binary body"."""


@dataclass
class Omissions:
    """The number of things left out for each reason, and the place of the first of them."""

    counts: Counter[str] = field(default_factory=Counter)
    first_places: dict[str, str] = field(default_factory=dict)

    def add(self, reason: str, place: str) -> None:
        """Count one more, which is at ``place`` in its file."""
        self.counts[reason] += 1
        self.first_places.setdefault(reason, place)
