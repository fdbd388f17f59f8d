"""Which labels PromQL's ``by`` and ``without`` leave."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels that an aggregation leaves: these (``by``), or all others (``without``)."""

    names: frozenset[str] = frozenset()
    others: bool = False

    def __contains__(self, label: str) -> bool:
        """Tell whether a label is left."""
        return (label in self.names) is not self.others

    def by(self, names: frozenset[str]) -> Labels:
        """Leave of these labels only ``names``."""
        return Labels(names - self.names if self.others else names & self.names)

    def without(self, names: frozenset[str]) -> Labels:
        """Take ``names`` away."""
        return Labels(self.names | names if self.others else self.names - names, self.others)


ALL_LABELS = Labels(others=True)
