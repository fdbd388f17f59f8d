"""From a spec and the evidence to the verdict. Pure: no clock, no network, no files."""

from __future__ import annotations

from collections.abc import Iterable

from slo.counting import EvidenceReader
from slo.evaluation.burn_rate_alerts import evaluate_alerts
from slo.evaluation.checks import check_evidence
from slo.evaluation.composite import add_composite_verdicts
from slo.evaluation.withdrawal_rules import EVIDENCE_RULES, RuleContext, apply_rules, decide_objective
from slo.model import Evidence, Outcome, Policy, RunRecord, Spec, Verdict, summarize_failed_requests


def evaluate(
    spec: Spec, evidence: Evidence, run: RunRecord | None = None, policy: Policy | None = None
) -> Verdict:
    """Return the verdict on a spec: one on each objective and each composite SLO, and one on all of them.

    ``run``: what the load generator reports; without it existing traffic is evaluated, and counts continue
    across counter resets and restarts. ``policy``: by default the observed ratio decides.
    """
    policy = policy or Policy()
    reader = EvidenceReader(evidence)
    context = RuleContext(reader, policy, check_evidence(spec, reader, run, policy), run)
    verdicts = [
        decide_objective(slo, objective, context) for slo in spec.slos for objective in slo.objectives
    ]
    objectives = tuple(
        apply_rules(EVIDENCE_RULES, verdict, context)
        for verdict in add_composite_verdicts(spec, verdicts, reader, policy)
    )
    return Verdict(
        combine_outcomes(verdict.outcome for verdict in objectives),
        evidence.window,
        objectives,
        tuple(context.checks),
        policy,
        evaluate_alerts(spec, reader),
        summarize_failed_requests(run) if run else None,
    )


def combine_outcomes(outcomes: Iterable[Outcome]) -> Outcome:
    """Return MISSED if any is MISSED, MET if all are MET, else UNDECIDED; UNDECIDED if there are none."""
    distinct = set(outcomes)
    if Outcome.MISSED in distinct:
        return Outcome.MISSED
    return Outcome.MET if distinct == {Outcome.MET} else Outcome.UNDECIDED
