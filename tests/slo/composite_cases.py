"""Parts of composite SLOs and what becomes of them together, one sentence a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from slo.evaluate import evaluate
from slo.model import SLO, Objective, Op, Outcome, PromQL, Reason, ThresholdSLI, Verdict
from tests.slo.evidence_cases import FAULTY, OK, availability, buckets, evidence, quick, slo_of, spec_of

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

    def judge(self) -> Verdict:
        """Evaluate the case's evidence."""
        spec = spec_of(*self.parts)
        return evaluate(spec, evidence(spec, self.samples))


TEN_PERCENT = {OK: "0+9x7", FAULTY: "0+1x7"}
LATENCY = buckets(total="0+10x7", le_0_1="0+9x7", le_0_5="0+10x7")
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
        MET, 1.0, "1 x 0 to 0.5 (part of 1) + 2 x 0.25 (part of 2)", TEN_PERCENT | LATENCY,
    ),
    "or not": Case(
        (part(quick(0.2, 0.8)), part(availability(0.6), 2.5)),
        Reason.THRESHOLD_INSIDE_BUCKET, None,
        "the burn rate is 0.625 to 1.125; part of 1", TEN_PERCENT | LATENCY,
    ),
    "samples of a gauge": Case(
        (part(GAUGE), part(availability(0.8), 0.5)),
        MET, 0.25, "1 x 0 (part of 1) + 0.5 x 0.5", TEN_PERCENT | {"depth": "1x7"},
    ),
}  # fmt: skip
