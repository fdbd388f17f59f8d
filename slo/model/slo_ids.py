"""The name of each objective, on which recording rules and dashboards have to agree. Pure.

Sloth (https://sloth.dev) has one objective an SLO, and its labels ``sloth_slo`` and ``sloth_id`` name both.
An SLO of several objectives, or one made of parts, bears several of these names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from slo.model import SLO, Objective, Spec


@dataclass(frozen=True, slots=True)
class Named:
    """One objective of an SLO under a name that no other of its service has."""

    slo: SLO
    objective: Objective
    name: str

    @property
    def id(self) -> str:
        """The name with the service's before it: Sloth's ``sloth_id``."""
        return f"{self.slo.service}-{self.name}"


def named(spec: Spec) -> tuple[Named, ...]:
    """Name each objective of a spec, in the spec's order.

    A sole objective bears the SLO's name; of several, and of the parts of a composite SLO, each is
    ``slo-objective`` in small letters and digits. What is taken is numbered.
    """
    taken = {(slo.service, slo.name) for slo in spec.slos if _shared(slo)}
    found: list[tuple[int, Named]] = []
    # Sole objectives first: no other one's name may take theirs.
    for place, slo in sorted(enumerate(spec.slos), key=lambda pair: _shared(pair[1])):
        for objective in slo.objectives:
            wanted = f"{slo.name}-{_slug(objective.name)}" if _shared(slo) else slo.name
            name = _free(wanted, slo.service, taken)
            taken.add((slo.service, name))
            found.append((place, Named(slo, objective, name)))
    return tuple(one for _, one in sorted(found, key=lambda pair: pair[0]))


def _free(wanted: str, service: str, taken: set[tuple[str, str]]) -> str:
    name, number = wanted, 1
    while (service, name) in taken:
        number += 1
        name = f"{wanted}-{number}"
    return name


def _shared(slo: SLO) -> bool:
    """Tell whether other objectives bear an SLO's name: it has several, or is part of a composite SLO."""
    return len(slo.objectives) > 1 or slo.weight is not None


def _slug(text: str) -> str:
    """Make a part of a name of an objective's: ``99.95%`` becomes ``99-95``."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "objective"
