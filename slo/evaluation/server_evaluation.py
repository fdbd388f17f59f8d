"""Verdicts on objectives whose PromQL only Prometheus can evaluate; they are marked approximate."""

from __future__ import annotations

from dataclasses import replace

from slo.counting import EvidenceReader, UndecidedError, is_within_threshold
from slo.model import (
    SLO,
    EventsSLI,
    MeasuredValue,
    Objective,
    ObjectiveVerdict,
    Outcome,
    PromQL,
    RawRatioSLI,
    Reason,
    ThresholdSLI,
    calculate_budget_spent,
    calculate_days_to_exhaustion,
    parse_unit,
)
from slo.promql import parse_indicator

_APPROXIMATE_NOTE = "approximate: evaluated by Prometheus at the end of the window, with extrapolation"


def judge_server_value(
    draft: ObjectiveVerdict, slo: SLO, objective: Objective, reader: EvidenceReader
) -> ObjectiveVerdict:
    """Return the verdict on the values that Prometheus computed at the end of the window.

    Raises:
        UndecidedError: there is no value, or it is not a ratio from 0 to 1.
    """
    if isinstance(slo.sli, ThresholdSLI):
        query = parse_indicator(slo.sli).expressions["metric"].text
        return _judge_threshold(draft, objective, reader.read_value(query), query)
    ratio = read_server_ratio(slo.sli, reader)
    if not 0 <= ratio <= 1:
        raise UndecidedError(
            Reason.QUERY_FAILED, f"{' / '.join(draft.queries)} is {ratio:g}, not a ratio from 0 to 1"
        )
    burn_rate = calculate_budget_spent(1 - ratio, 1, draft.target)
    return replace(
        draft,
        outcome=Outcome.MET if ratio >= draft.target else Outcome.MISSED,
        sli=ratio,
        bounds=(ratio, ratio),
        budget_spent=burn_rate,
        burn_rate=burn_rate,
        days_to_exhaustion=calculate_days_to_exhaustion(burn_rate, slo.window_seconds),
        notes=(_APPROXIMATE_NOTE,),
    )


def read_server_ratio(sli: EventsSLI | RawRatioSLI, reader: EvidenceReader) -> float:
    """Return the ratio of good events that Prometheus computed.

    Raises:
        UndecidedError: there is no value.
    """
    if isinstance(sli, EventsSLI):
        return _read_ratio(sli.good, sli.bad, sli.total, reader)
    value = reader.read_value(sli.raw.query)
    return value if sli.success else 1 - value


def _read_ratio(good: PromQL | None, bad: PromQL | None, total: PromQL, reader: EvidenceReader) -> float:
    """Return the ratio of good events of values that Prometheus computed."""
    total_value = reader.read_value(total.query)
    if not total_value:
        raise UndecidedError(Reason.NO_DATA, f"{total.query} is 0")
    if good is not None:
        return reader.read_value(good.query) / total_value
    if bad is None:
        raise TypeError("an events SLI needs good or bad")
    return 1 - reader.read_value(bad.query) / total_value


def _judge_threshold(
    draft: ObjectiveVerdict, objective: Objective, value: float, query: str
) -> ObjectiveVerdict:
    if objective.op is None or objective.threshold is None:
        raise TypeError(f"objective {objective.name!r} has no threshold")
    met = is_within_threshold(objective.op, value, objective.threshold)
    measured = MeasuredValue(value, (value, value), objective.op, objective.threshold, parse_unit(query))
    return replace(
        draft, outcome=Outcome.MET if met else Outcome.MISSED, measured=measured, notes=(_APPROXIMATE_NOTE,)
    )
