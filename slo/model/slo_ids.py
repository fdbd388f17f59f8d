"""Unique names of objectives, used alike by recording rules and dashboards.

In Sloth (https://sloth.dev) an SLO has one objective, and the labels ``sloth_slo`` and ``sloth_id`` identify
both. Here an SLO can have several objectives, and each needs a name of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from slo.model.spec import SLO, Objective, Spec


@dataclass(frozen=True, slots=True)
class NamedObjective:
    """An objective of an SLO, with a name that is unique in its service."""

    slo: SLO
    objective: Objective
    name: str

    @property
    def sloth_id(self) -> str:
        """Service and name: the value of Sloth's label ``sloth_id``."""
        return f"{self.slo.service}-{self.name}"


def name_objectives(spec: Spec) -> tuple[NamedObjective, ...]:
    """Return each objective of a spec with its name, in the spec's order.

    The only objective of an SLO has the SLO's name. Each of several objectives, and each part of a composite
    SLO, is named ``slo-objective`` in lower-case letters and digits. A name that is already taken gets a
    number.
    """
    taken_names = {(slo.service, slo.name) for slo in spec.slos if _shares_slo_name(slo)}
    named: list[tuple[int, NamedObjective]] = []
    # SLOs with one objective first: another objective must not take their name.
    for position, slo in sorted(enumerate(spec.slos), key=lambda pair: _shares_slo_name(pair[1])):
        for objective in slo.objectives:
            preferred = f"{slo.name}-{_to_slug(objective.name)}" if _shares_slo_name(slo) else slo.name
            name = _make_unique_name(preferred, slo.service, taken_names)
            taken_names.add((slo.service, name))
            named.append((position, NamedObjective(slo, objective, name)))
    return tuple(objective for _, objective in sorted(named, key=lambda pair: pair[0]))


def _make_unique_name(preferred_name: str, service: str, taken_names: set[tuple[str, str]]) -> str:
    name, number = preferred_name, 1
    while (service, name) in taken_names:
        number += 1
        name = f"{preferred_name}-{number}"
    return name


def _shares_slo_name(slo: SLO) -> bool:
    """Return whether several objectives share an SLO's name: its own, or those of its composite SLO."""
    return len(slo.objectives) > 1 or slo.weight is not None


def _to_slug(text: str) -> str:
    """Return an objective's name in lower-case letters, digits and ``-``: ``99.95%`` becomes ``99-95``."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "objective"
