"""The thresholds of objectives, to be drawn into the charts of their metrics."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite, nan

from reports.text import formatting
from slo.model import SLI, SLO, HistogramQuantile, ObjectiveVerdict, Proof, ThresholdSLI, parse_unit

_LE_MATCHER = re.compile(r"\ble=\"([^\"]+)\"")


@dataclass(frozen=True, slots=True)
class Threshold:
    """The threshold of a metric, with the query that measures it; ``label`` is e.g. ``p99 ≤ 1 s``."""

    query: str
    metric: str
    value: float
    label: str


def parse_metric_name(query: str) -> str:
    """Return the metric name at the start of a selector."""
    return query.partition("{")[0].strip()


def find_thresholds(proof: Proof) -> list[Threshold]:
    """Return the thresholds of all objectives, each once, in the order of the spec.

    A threshold SLI states its threshold; for an events SLI it is the bucket bound (``le``) of good events.
    """
    slos = {(slo.name, objective.name): slo for slo in proof.spec.slos for objective in slo.objectives}
    thresholds = {}
    for verdict in proof.verdict.objectives:
        slo = slos.get((verdict.slo, verdict.objective))
        for query in verdict.queries if verdict.kind != "composite" else ():
            threshold = _find_objective_threshold(slo, verdict, query) if slo else None
            threshold = threshold or _find_bucket_threshold(verdict, query)
            if threshold and isfinite(threshold.value):
                thresholds[threshold.metric, threshold.value, threshold.label] = threshold
    return list(thresholds.values())


def _find_objective_threshold(slo: SLO, verdict: ObjectiveVerdict, query: str) -> Threshold | None:
    objective = next((objective for objective in slo.objectives if objective.name == verdict.objective), None)
    if objective is None or objective.threshold is None or objective.op is None:
        return None
    metric = parse_metric_name(query)
    quantile = verdict.measured.quantile if verdict.measured else _find_quantile(slo.sli)
    prefix = f"{formatting.format_percentile(quantile)} " if quantile is not None else ""
    limit = formatting.format_quantity(objective.threshold, parse_unit(metric))
    label = f"{prefix}{formatting.OPERATOR_SIGNS[objective.op]} {limit}"
    return Threshold(query, metric, objective.threshold, label)


def _find_quantile(sli: SLI) -> float | None:
    if isinstance(sli, ThresholdSLI) and isinstance(sli.metric, HistogramQuantile):
        return sli.metric.quantile
    return None


def _find_bucket_threshold(verdict: ObjectiveVerdict, query: str) -> Threshold | None:
    """Return the bound of the bucket that an events objective counts as good, if there is one."""
    bound = _LE_MATCHER.search(query)
    if bound is None:
        return None
    metric, value = parse_metric_name(query), _parse_number(bound.group(1))
    limit = formatting.format_quantity(value, parse_unit(metric))
    return Threshold(query, metric, value, f"{formatting.format_exact_percent(verdict.target)} ≤ {limit}")


def _parse_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return nan
