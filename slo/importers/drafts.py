"""An SLO on its way to OpenSLO, and the indicators that it may have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slo.documents import Problem


@dataclass(frozen=True)
class SLODraft:
    """An SLO to be written as OpenSLO; ``notes`` name what OpenSLO can't express and what was added."""

    name: str
    service: str
    indicator: Mapping[str, Any]
    objective: Mapping[str, Any]
    window: str
    description: str = ""
    display_name: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Problem, ...] = ()


def build_metric(query: str) -> dict[str, Any]:
    """Return OpenSLO's metric of a query to Prometheus."""
    return {"metricSource": {"type": "Prometheus", "spec": {"query": query}}}


def build_events_indicator(part: str, query: str, total: str) -> dict[str, Any]:
    """Return OpenSLO's indicator of two counters; ``part`` is ``good`` or ``bad``."""
    return {"ratioMetric": {"counter": True, part: build_metric(query), "total": build_metric(total)}}


def build_raw_indicator(query: str, raw_type: str) -> dict[str, Any]:
    """Return OpenSLO's indicator of one expression; ``raw_type`` is ``success`` or ``failure``."""
    return {"ratioMetric": {"rawType": raw_type, "raw": build_metric(query)}}
