"""Parts of composite SLOs and the verdict on the composite: a table of cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from slo.evaluation.spec_evaluation import evaluate
from slo.model import (
    SLO,
    EventsSLI,
    Objective,
    Op,
    Outcome,
    Policy,
    PromQL,
    RawRatioSLI,
    Reason,
    ThresholdSLI,
    Verdict,
)
from tests.support.evidence import (
    FAULTY,
    LATENCY,
    OK,
    ServerValue,
    availability_slo,
    bucket_samples,
    latency_slo,
    make_evidence,
    slo_of,
    spec_of,
)

MET, MISSED = Outcome.MET, Outcome.MISSED


def make_part(slo: SLO, weight: float = 1.0, name: str = "") -> SLO:
    """Return an SLO as a part of the composite SLO "journey"."""
    objective = replace(slo.objectives[0], name=name or f"part of {weight:g}")
    return replace(slo, name="journey", weight=weight, objectives=(objective,))


@dataclass(frozen=True)
class Case:
    """Parts, samples, and the composite's verdict, burn rate and text of its detail or notes."""

    parts: tuple[SLO, ...]
    expected: Outcome | Reason
    burn: float | None
    text: str
    samples: Mapping[str, str]
    server_values: Mapping[str, ServerValue] = field(default_factory=dict)
    policy: Policy | None = None

    def evaluate_case(self) -> Verdict:
        """Evaluate the case's evidence."""
        spec = spec_of(*self.parts)
        return evaluate(spec, make_evidence(spec, self.samples, self.server_values), policy=self.policy)


TEN_PERCENT = {OK: "0+9x7", FAULTY: "0+1x7"}
DURATIONS = bucket_samples(total="0+10x7", le_0_1="0+9x7", le_0_5="0+10x7")
MANY = {OK: "0+90x7", FAULTY: "0 11 20 29 41 50 59 70"}
RATIO, PEAK = "my:success:ratio", "max_over_time(depth[1m])"
COMPUTED = slo_of(RawRatioSLI(PromQL(RATIO)), Objective("o", 0.9))
HIGHEST = slo_of(ThresholdSLI(PromQL(PEAK)), Objective("o", 0.9, Op.LT, 5))
BOUNDLESS = slo_of(
    EventsSLI(PromQL(f"{LATENCY}_count"), good=PromQL(f'{LATENCY}_bucket{{le="0.3"}}')), Objective("o", 0.9)
)
COUNT = {f"{LATENCY}_count": "0+10x7"}
GAUGE = slo_of(ThresholdSLI(PromQL("depth")), Objective("o", 0.8, Op.LTE, 5.0))
CASES = {
    "two parts that spend half of their budgets spend the whole budget": Case(
        (make_part(availability_slo(0.8)), make_part(availability_slo(0.8), name="b")),
        MET, 1.0, "1 x 0.5 (part of 1) + 1 x 0.5 (b)", TEN_PERCENT,
    ),
    "parts that are each met can be missed together": Case(
        (make_part(availability_slo(0.8)), make_part(availability_slo(0.8), 1.1)),
        MISSED, 1.05, "1 x 0.5 (part of 1) + 1.1 x 0.5 (part of 1.1)", TEN_PERCENT,
    ),
    "a small weight reduces the effect of a missed part": Case(
        (make_part(availability_slo(0.95), 0.25), make_part(availability_slo(0.8))),
        MET, 1.0, "0.25 x 2 (part of 0.25) + 1 x 0.5", TEN_PERCENT,
    ),
    "an undecided part makes the composite undecided for the same reason": Case(
        (make_part(availability_slo(0.8)), make_part(availability_slo(0.999), name="rare")),
        Reason.TOO_FEW_EVENTS, None, "the burn rate is unknown; rare: 70 events", {OK: "0+10x7"},
    ),
    "the composite is missed if the other parts alone miss it": Case(
        (make_part(availability_slo(0.95)), make_part(latency_slo(0.1), name="unseen")),
        MISSED, 2.0, "1 x unknown (unseen)", TEN_PERCENT,
    ),
    "a threshold inside a bucket leaves an interval that still decides": Case(
        (make_part(latency_slo(0.2, 0.8)), make_part(availability_slo(0.6), 2)),
        MET, 1.0, "1 x 0 to 0.5 (part of 1) + 2 x 0.25 (part of 2)", TEN_PERCENT | DURATIONS,
    ),
    "a threshold inside a bucket leaves an interval that does not decide": Case(
        (make_part(latency_slo(0.2, 0.8)), make_part(availability_slo(0.6), 2.5)),
        Reason.THRESHOLD_INSIDE_BUCKET, None,
        "the burn rate is 0.625 to 1.125; part of 1", TEN_PERCENT | DURATIONS,
    ),
    "a part whose value Prometheus computed": Case(
        (make_part(COMPUTED, 2), make_part(availability_slo(0.8))),
        MET, 0.9, "2 x 0.2 (part of 2) + 1 x 0.5", TEN_PERCENT, {RATIO: 0.98},
    ),
    "a part without a ratio of events": Case(
        (make_part(availability_slo(0.8), 0.5), make_part(HIGHEST)),
        Reason.QUERY_FAILED, None, "the burn rate is 0.25 or more; part of 1: it has no ratio of events",
        TEN_PERCENT, {PEAK: 4.0},
    ),
    "a part whose histogram lacks the bucket": Case(
        (make_part(BOUNDLESS), make_part(availability_slo(0.8))),
        Reason.THRESHOLD_INSIDE_BUCKET, None, "0.5 or more; part of 1", TEN_PERCENT | COUNT,
    ),
    "one part spent 1.5 times the budget, the other is unknown": Case(
        (make_part(BOUNDLESS), make_part(availability_slo(0.9), 1.5)),
        MISSED, 1.5, "1 x unknown (part of 1) + 1.5 x 1 (part of 1.5)", TEN_PERCENT | COUNT,
    ),
    "met at the worst bound of every part's interval": Case(
        (make_part(availability_slo(0.5)), make_part(availability_slo(0.6))),
        MET, 0.45, "to 0.", MANY, policy=Policy(0.95),
    ),
    "met by the observed ratio, but not within the confidence intervals": Case(
        (make_part(availability_slo(0.8)), make_part(availability_slo(0.78))),
        Reason.WITHIN_CONFIDENCE_INTERVAL, None,
        "part of 1: its confidence interval allows other burn rates", MANY, policy=Policy(0.95),
    ),
    "missed together with confidence, though each part can be met": Case(
        (make_part(availability_slo(0.9)), make_part(availability_slo(0.9), name="b")),
        MISSED, 2.0, "1 x 0.", MANY, policy=Policy(0.95),
    ),
    "a part undecided by its bucket and by its confidence interval": Case(
        (make_part(latency_slo(0.2, 0.8)), make_part(availability_slo(0.6), 2.5)),
        Reason.THRESHOLD_INSIDE_BUCKET, None, "its threshold is not a bucket bound",
        MANY | bucket_samples(total="0+100x7", le_0_1="0+90x7", le_0_5="0+100x7"), policy=Policy(0.95),
    ),
    "a part that only Prometheus can evaluate has no confidence interval": Case(
        (make_part(COMPUTED), make_part(availability_slo(0.8), name="b")),
        Reason.WITHIN_CONFIDENCE_INTERVAL, None, "or more; part of 1", MANY, {RATIO: 0.999}, Policy(0.95),
    ),
    "samples of a gauge": Case(
        (make_part(GAUGE), make_part(availability_slo(0.8), 0.5)),
        MET, 0.25, "1 x 0 (part of 1) + 0.5 x 0.5", TEN_PERCENT | {"depth": "1x7"},
    ),
}  # fmt: skip
