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
    make_value_key,
    parse_unit,
)
from slo.promql import list_existence_queries, parse_indicator

_APPROXIMATE_NOTE = "approximate: evaluated by Prometheus at the end of the window, with extrapolation"


def judge_server_value(
    draft: ObjectiveVerdict, slo: SLO, objective: Objective, reader: EvidenceReader
) -> ObjectiveVerdict:
    """Return the verdict on the values that Prometheus computed at the end of the window.

    Raises:
        UndecidedError: a metric has no samples in the window, there is no value, or it is not a ratio from
            0 to 1.
    """
    _require_metrics(slo, reader)
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


def _require_metrics(slo: SLO, reader: EvidenceReader) -> None:
    """Raise an error if a metric that the queries read has no samples in the window."""
    texts = [expression.text for expression in parse_indicator(slo.sli).expressions.values()]
    queries = {metric: query for text in texts for metric, query in list_existence_queries(text).items()}
    missing = [
        metric for metric, query in queries.items() if not reader.read_result(make_value_key(query)).series
    ]
    if missing:
        verb = "has" if len(missing) == 1 else "have"
        detail = f"{', '.join(missing)} {verb} no samples in the window: the query's value proves nothing"
        raise UndecidedError(Reason.NO_DATA, detail)


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
