"""The thresholds that objectives ask for, to be drawn where what they judge is drawn."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite, nan

from reports.text import formatting
from slo.model import SLI, SLO, HistogramQuantile, ObjectiveVerdict, Proof, ThresholdSLI

_BUCKET = re.compile(r"\ble=\"([^\"]+)\"")


@dataclass(frozen=True, slots=True)
class Threshold:
    """A value asked of a metric, with the query that measures it; ``label`` is e.g. ``p99 ≤ 1 s``."""

    query: str
    metric: str
    value: float
    label: str


def metric_of(query: str) -> str:
    """Give the metric name that a selector begins with."""
    return query.partition("{")[0].strip()


def thresholds(proof: Proof) -> list[Threshold]:
    """List the thresholds of all objectives, each once, in the order of the spec.

    Those of threshold indicators as written; those of events from the bucket (``le``) that is good.
    """
    slos = {(slo.name, objective.name): slo for slo in proof.spec.slos for objective in slo.objectives}
    found = {}
    for verdict in proof.verdict.objectives:
        slo = slos.get((verdict.slo, verdict.objective))
        for query in verdict.queries if verdict.kind != "composite" else ():
            made = (_written(slo, verdict, query) if slo else None) or _bucket(verdict, query)
            if made and isfinite(made.value):
                found[made.metric, made.value, made.label] = made
    return list(found.values())


def _written(slo: SLO, verdict: ObjectiveVerdict, query: str) -> Threshold | None:
    objective = next((one for one in slo.objectives if one.name == verdict.objective), None)
    if objective is None or objective.threshold is None or objective.op is None:
        return None
    metric = metric_of(query)
    quantile = verdict.measured.quantile if verdict.measured else _quantile(slo.sli)
    name = f"{formatting.percentile(quantile)} " if quantile is not None else ""
    limit = formatting.quantity(objective.threshold, formatting.unit_of(metric))
    return Threshold(query, metric, objective.threshold, f"{name}{formatting.SIGNS[objective.op]} {limit}")


def _quantile(sli: SLI) -> float | None:
    if isinstance(sli, ThresholdSLI) and isinstance(sli.metric, HistogramQuantile):
        return sli.metric.quantile
    return None


def _bucket(verdict: ObjectiveVerdict, query: str) -> Threshold | None:
    """Read the threshold off the bucket that an events objective counts as good."""
    bound = _BUCKET.search(query)
    if bound is None:
        return None
    metric, value = metric_of(query), _number(bound.group(1))
    limit = formatting.quantity(value, formatting.unit_of(metric))
    return Threshold(query, metric, value, f"{formatting.exact_percent(verdict.target)} ≤ {limit}")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return nan
