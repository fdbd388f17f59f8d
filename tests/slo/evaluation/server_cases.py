"""Values that Prometheus computed and the verdict on them: a table of cases."""

from __future__ import annotations

from math import nan

import pytest

from slo.model import SLO, EventsSLI, Objective, Op, PromQL, RawRatioSLI, Reason, ThresholdSLI
from slo.promql import list_existence_queries
from tests.slo.evaluation.verdict_cases import MET, MISSED, Case
from tests.support.evidence import OK, slo_of

RAW, PEAK = "my:success:ratio", "max_over_time(queue_depth[1m])"
TOTAL_MAX, GOOD_MAX = "max(orders)", "max(paid)"


def _ratio_slo(target: float, *, success: bool = True) -> SLO:
    return slo_of(RawRatioSLI(PromQL(RAW), success), Objective("o", target))


SOLD = slo_of(EventsSLI(PromQL(TOTAL_MAX), good=PromQL(GOOD_MAX)), Objective("o", 0.9))
LOST = slo_of(EventsSLI(PromQL(TOTAL_MAX), bad=PromQL(GOOD_MAX)), Objective("o", 0.9))
GHOST_QUERY = "sum(rate(ghost_total[1m])) or vector(0)"
GHOST = slo_of(ThresholdSLI(PromQL(GHOST_QUERY)), Objective("o", 0.9, Op.LTE, 1))


def exists(metric: str) -> str:
    """Return the query of whether a metric exists."""
    return list_existence_queries(metric)[metric]


TRAFFIC = {OK: "0+10x7"}
SERVER = {
    "a ratio of good events exactly at the target": Case(
        _ratio_slo(0.99), TRAFFIC, MET, {"sli": 0.99, "kind": "ratio", "total": None}, {RAW: 0.99}
    ),
    "a ratio of good events below the target": Case(
        _ratio_slo(0.99), TRAFFIC, MISSED, {"sli": 0.98}, {RAW: 0.98}
    ),
    "a ratio of bad events": Case(
        _ratio_slo(0.99, success=False),
        TRAFFIC,
        MISSED,
        {"sli": 0.98, "burn_rate": pytest.approx(2)},
        {RAW: 0.02},
    ),
    "a ratio of bad events exactly at the target": Case(
        _ratio_slo(0.99, success=False), TRAFFIC, MET, {"sli": 0.99}, {RAW: 0.01}
    ),
    "no good events": Case(
        _ratio_slo(0.9), TRAFFIC, MISSED, {"sli": 0.0, "burn_rate": pytest.approx(10)}, {RAW: 0.0}
    ),
    "only good events": Case(_ratio_slo(0.9), TRAFFIC, MET, {"sli": 1.0, "burn_rate": 0.0}, {RAW: 1.0}),
    "a ratio above 1": Case(_ratio_slo(0.9), TRAFFIC, Reason.QUERY_FAILED, {}, {RAW: 1.5}),
    "a ratio below 0": Case(_ratio_slo(0.9), TRAFFIC, Reason.QUERY_FAILED, {}, {RAW: -0.1}),
    "computed good events exceed the computed total": Case(
        SOLD, TRAFFIC, Reason.QUERY_FAILED, {}, {TOTAL_MAX: 10.0, GOOD_MAX: 11.0}
    ),
    "a value far above 1 is not a ratio": Case(
        _ratio_slo(0.9), TRAFFIC, Reason.QUERY_FAILED, {}, {RAW: 99.0}
    ),
    "a ratio without a value": Case(_ratio_slo(0.9), TRAFFIC, Reason.NO_DATA),
    "a ratio of 0 / 0": Case(_ratio_slo(0.9), TRAFFIC, Reason.NO_DATA, {}, {RAW: nan}),
    "a ratio of several series": Case(_ratio_slo(0.9), TRAFFIC, Reason.QUERY_FAILED, {}, {RAW: (0.9, 1.0)}),
    "Prometheus returns an error for the ratio": Case(
        _ratio_slo(0.9), TRAFFIC, Reason.QUERY_FAILED, {}, {RAW: "too long"}
    ),
    "good of total, both computed": Case(
        SOLD, TRAFFIC, MET, {"sli": 0.9, "kind": "events"}, {TOTAL_MAX: 10.0, GOOD_MAX: 9.0}
    ),
    "bad of total, both computed": Case(
        LOST, TRAFFIC, MISSED, {"sli": pytest.approx(0.8)}, {TOTAL_MAX: 10.0, GOOD_MAX: 2.0}
    ),
    "a computed total of 0": Case(SOLD, TRAFFIC, Reason.NO_DATA, {}, {TOTAL_MAX: 0.0, GOOD_MAX: 0.0}),
    "a ratio of a scrape target that went down": Case(
        _ratio_slo(0.99), TRAFFIC | {"up": "1x1 0x5"}, Reason.TARGET_DOWN, {}, {RAW: 0.99}
    ),
    "a value although its metric does not exist": Case(
        GHOST, TRAFFIC, Reason.NO_DATA, {}, {GHOST_QUERY: 0.0, exists("ghost_total"): ()}
    ),
    "a value of a metric that exists": Case(GHOST, TRAFFIC, MET, {}, {GHOST_QUERY: 0.0}),
    "a value above the threshold although its metric does not exist": Case(
        GHOST, TRAFFIC, Reason.NO_DATA, {}, {GHOST_QUERY: 2.0, exists("ghost_total"): ()}
    ),
    "Prometheus can't say whether the metric exists": Case(
        GHOST, TRAFFIC, Reason.QUERY_FAILED, {}, {GHOST_QUERY: 0.0, exists("ghost_total"): "too long"}
    ),
    "a ratio of a metric that does not exist": Case(
        _ratio_slo(0.9), TRAFFIC, Reason.NO_DATA, {}, {RAW: 1.0, exists(RAW): ()}
    ),
    "good events of a metric that does not exist": Case(
        SOLD, TRAFFIC, Reason.NO_DATA, {}, {TOTAL_MAX: 10.0, GOOD_MAX: 10.0, exists("paid"): ()}
    ),
    "a total of a metric that does not exist": Case(
        SOLD, TRAFFIC, Reason.NO_DATA, {}, {TOTAL_MAX: 10.0, GOOD_MAX: 10.0, exists("orders"): ()}
    ),
    "a computed value within the threshold": Case(
        slo_of(ThresholdSLI(PromQL(PEAK)), Objective("o", 0.9, Op.LT, 5)),
        TRAFFIC,
        MET,
        {"kind": "threshold", "sli": None},
        {PEAK: 4.9},
    ),
    "a computed value not within the threshold": Case(
        slo_of(ThresholdSLI(PromQL(PEAK)), Objective("o", 0.9, Op.LT, 5)), TRAFFIC, MISSED, {}, {PEAK: 5.0}
    ),
}
