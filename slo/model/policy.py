"""How verdicts are reached."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a run is compared with: ``runs`` as ``proofload compare --baseline`` names them, and how.

    The other fields are those of :class:`slo.compared.Criteria`; ``figures`` are names or patterns of them.
    """

    runs: tuple[str, ...]
    figures: tuple[str, ...]
    tolerance: float
    least_seconds: float
    least_ratio: float
    confidence: float
    minimum_runs: int


@dataclass(frozen=True, slots=True)
class Policy:
    """How verdicts are reached.

    ``confidence``: MET and MISSED stand only where an interval at this level lies on one side of the target;
    ``None`` judges what was observed. ``baseline``: what a run must not be worse than; ``None``: nothing.
    """

    confidence: float | None = None
    baseline: Baseline | None = None
