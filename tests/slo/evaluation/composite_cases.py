"""Parts of composite SLOs and what becomes of them together, one sentence a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from slo.evaluation.evaluate import evaluate
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
    Answer,
    availability,
    buckets,
    evidence,
    quick,
    slo_of,
    spec_of,
)

MET, MISSED = Outcome.MET, Outcome.MISSED


def part(slo: SLO, weight: float = 1.0, name: str = "") -> SLO:
    """Make an SLO a part of the composite one."""
    objective = replace(slo.objectives[0], name=name or f"part of {weight:g}")
    return replace(slo, name="journey", weight=weight, objectives=(objective,))


@dataclass(frozen=True)
class Case:
    """Parts, samples, and the composite's verdict, burn rate and what is said."""

    parts: tuple[SLO, ...]
    expected: Outcome | Reason
    burn: float | None
    says: str
    samples: Mapping[str, str]
    answers: Mapping[str, Answer] = field(default_factory=dict)
    policy: Policy | None = None

    def judge(self) -> Verdict:
        """Evaluate the case's evidence."""
        spec = spec_of(*self.parts)
        return evaluate(spec, evidence(spec, self.samples, self.answers), policy=self.policy)


TEN_PERCENT = {OK: "0+9x7", FAULTY: "0+1x7"}
DURATIONS = buckets(total="0+10x7", le_0_1="0+9x7", le_0_5="0+10x7")
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
    "two parts that spend half of their budgets spend the whole one": Case(
        (part(availability(0.8)), part(availability(0.8), name="b")),
        MET, 1.0, "1 x 0.5 (part of 1) + 1 x 0.5 (b)", TEN_PERCENT,
    ),
    "parts that are met by themselves may miss together": Case(
        (part(availability(0.8)), part(availability(0.8), 1.1)),
        MISSED, 1.05, "1 x 0.5 (part of 1) + 1.1 x 0.5 (part of 1.1)", TEN_PERCENT,
    ),
    "a light weight forgives": Case(
        (part(availability(0.95), 0.25), part(availability(0.8))),
        MET, 1.0, "0.25 x 2 (part of 0.25) + 1 x 0.5", TEN_PERCENT,
    ),
    "a part that is undecided leaves it undecided for the same reason": Case(
        (part(availability(0.8)), part(availability(0.999), name="rare")),
        Reason.TOO_FEW_EVENTS, None, "the burn rate is unknown; rare: 70 events", {OK: "0+10x7"},
    ),
    "unless the others miss it whatever that part did": Case(
        (part(availability(0.95)), part(quick(0.1), name="unseen")),
        MISSED, 2.0, "1 x unknown (unseen)", TEN_PERCENT,
    ),
    "a part inside a bucket leaves an interval that may still decide": Case(
        (part(quick(0.2, 0.8)), part(availability(0.6), 2)),
        MET, 1.0, "1 x 0 to 0.5 (part of 1) + 2 x 0.25 (part of 2)", TEN_PERCENT | DURATIONS,
    ),
    "or not": Case(
        (part(quick(0.2, 0.8)), part(availability(0.6), 2.5)),
        Reason.THRESHOLD_INSIDE_BUCKET, None,
        "the burn rate is 0.625 to 1.125; part of 1", TEN_PERCENT | DURATIONS,
    ),
    "a part that Prometheus computed": Case(
        (part(COMPUTED, 2), part(availability(0.8))),
        MET, 0.9, "2 x 0.2 (part of 2) + 1 x 0.5", TEN_PERCENT, {RATIO: 0.98},
    ),
    "a part that has no ratio of events": Case(
        (part(availability(0.8), 0.5), part(HIGHEST)),
        Reason.QUERY_FAILED, None, "the burn rate is 0.25 or more; part of 1: it has no ratio of events",
        TEN_PERCENT, {PEAK: 4.0},
    ),
    "a part whose bucket there is not": Case(
        (part(BOUNDLESS), part(availability(0.8))),
        Reason.THRESHOLD_INSIDE_BUCKET, None, "0.5 or more; part of 1", TEN_PERCENT | COUNT,
    ),
    "a part that spent all of it and half again": Case(
        (part(BOUNDLESS), part(availability(0.9), 1.5)),
        MISSED, 1.5, "1 x unknown (part of 1) + 1.5 x 1 (part of 1.5)", TEN_PERCENT | COUNT,
    ),
    "surely met, were every part as bad as its interval allows": Case(
        (part(availability(0.5)), part(availability(0.6))),
        MET, 0.45, "to 0.", MANY, policy=Policy(0.95),
    ),
    "met by what was seen, but not surely": Case(
        (part(availability(0.8)), part(availability(0.78))),
        Reason.WITHIN_CONFIDENCE_INTERVAL, None,
        "part of 1: another run might have shown another ratio", MANY, policy=Policy(0.95),
    ),
    "surely missed together, though each part may be met": Case(
        (part(availability(0.9)), part(availability(0.9), name="b")),
        MISSED, 2.0, "1 x 0.", MANY, policy=Policy(0.95),
    ),
    "a part whose bucket and chance leave it open": Case(
        (part(quick(0.2, 0.8)), part(availability(0.6), 2.5)),
        Reason.THRESHOLD_INSIDE_BUCKET, None, "its threshold is no bucket bound",
        MANY | buckets(total="0+100x7", le_0_1="0+90x7", le_0_5="0+100x7"), policy=Policy(0.95),
    ),
    "a part that only Prometheus can tell is never sure": Case(
        (part(COMPUTED), part(availability(0.8), name="b")),
        Reason.WITHIN_CONFIDENCE_INTERVAL, None, "or more; part of 1", MANY, {RATIO: 0.999}, Policy(0.95),
    ),
    "samples of a gauge": Case(
        (part(GAUGE), part(availability(0.8), 0.5)),
        MET, 0.25, "1 x 0 (part of 1) + 0.5 x 0.5", TEN_PERCENT | {"depth": "1x7"},
    ),
}  # fmt: skip
