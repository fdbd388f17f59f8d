"""Proofs for report tests: a run of 30 s at 100 requests/s; met, missed, undecided and edge cases."""

from __future__ import annotations

from dataclasses import replace

from slo.counting import EvidenceObservations
from slo.model import (
    SLO,
    Alert,
    AlertCondition,
    AlertPolicy,
    BudgetingMethod,
    Check,
    CheckStatus,
    EventsSLI,
    Evidence,
    FailedRequests,
    Firing,
    HistogramQuantile,
    Interval,
    Intervals,
    MeasuredValue,
    NamedFailureCount,
    Objective,
    ObjectiveVerdict,
    Op,
    Outcome,
    PromQL,
    Proof,
    QueryResult,
    Reason,
    RunRecord,
    Service,
    Spec,
    ThresholdSLI,
    Verdict,
    make_samples_key,
    summarize_failed_requests,
)
from tests.support.observed_run import (
    ACCURACY,
    ALL,
    BAD,
    BUCKETS,
    COUNT,
    DAYS,
    FAST,
    PSI,
    START,
    WINDOW,
    evidence,
    run,
)

SPEC = Spec(
    slos=(
        SLO(
            "availability",
            "classifier",
            EventsSLI(total=PromQL(ALL), bad=PromQL(BAD)),
            BudgetingMethod.OCCURRENCES,
            DAYS * 86_400,
            (Objective("No server error", 0.995),),
        ),
        SLO(
            "predict-latency",
            "classifier",
            EventsSLI(total=PromQL(COUNT), good=PromQL(FAST)),
            BudgetingMethod.OCCURRENCES,
            DAYS * 86_400,
            (Objective("Within 250 ms", 0.95),),
        ),
        SLO(
            "predict-latency-p99",
            "classifier",
            ThresholdSLI(
                HistogramQuantile('http_request_duration_seconds{job="target",handler="/predict"}', 0.99)
            ),
            BudgetingMethod.OCCURRENCES,
            DAYS * 86_400,
            (Objective("p99 within 1 s", 0.99, Op.LTE, 1.0),),
        ),
        SLO(
            "data-drift",
            "classifier",
            ThresholdSLI(PromQL(PSI)),
            BudgetingMethod.OCCURRENCES,
            DAYS * 86_400,
            (Objective("PSI up to 0.25", 0.99, Op.LTE, 0.25),),
        ),
        SLO(
            "model-decay",
            "classifier",
            ThresholdSLI(PromQL(ACCURACY)),
            BudgetingMethod.OCCURRENCES,
            DAYS * 86_400,
            (Objective("Accuracy from 90 %", 0.8, Op.GTE, 0.9),),
        ),
    ),
    services=(
        Service(
            "classifier",
            "Breast cancer classifier",
            request_counter=ALL,
            context_selectors=(ALL, BUCKETS, PSI, ACCURACY),
        ),
    ),
)


ANSWERS = Check(
    "answers",
    CheckStatus.PASS,
    "0 of 3,000 requests failed",
    numbers={"sent": 3000, "failed": 0, "unexplained": 0},
)
ANSWERS_60 = Check(
    "answers",
    CheckStatus.PASS,
    "60 of 3,000 requests failed: 60 status 500; 60 of them are counted as bad events",
    numbers={"sent": 3000, "failed": 60, "unexplained": 0},
)

# --- The verdicts -------------------------------------------------------------------------------


def met() -> Proof:
    return _proof(verdict_met(), evidence(), run())


def missed() -> Proof:
    """2 % of the requests failed, starting in second 10; predictions took 300 ms longer."""
    checks = (*checks_passed()[:-2], ANSWERS_60, checks_passed()[-1])
    verdict = replace(verdict_missed(), alerts=alerts(), checks=checks)
    return _proof(verdict, evidence(failing=0.03, slower=0.3), run(failing=0.03, slower=0.3))


def undecided(reason: Reason = Reason.TARGET_RESTARTED) -> Proof:
    """A failed check makes every objective UNDECIDED."""
    detail = "restarted inside the window: target 127.0.0.1:8000"
    checks = (*checks_passed()[:2], Check("restarts", CheckStatus.FAIL, detail, reason, {"restarted": 1}))
    objectives = tuple(
        replace(objective, outcome=Outcome.UNDECIDED, reason=reason, detail=detail)
        for objective in verdict_met().objectives
    )
    return _proof(Verdict(Outcome.UNDECIDED, WINDOW, objectives, checks), evidence(), run())


def past_window() -> Proof:
    """A past window evaluated by ``check``, without a run record."""
    checks = tuple(
        check for check in checks_passed() if check.name not in {"run", "answers", "counts_reconcile"}
    )
    return _proof(replace(verdict_met(), checks=checks), evidence(), None)


def nothing() -> Proof:
    """Prometheus could not be reached: no evidence, no values."""
    error = "http://127.0.0.1:9090 refused the connection"
    objectives = tuple(
        ObjectiveVerdict(
            slo=objective.slo,
            objective=objective.objective,
            kind=objective.kind,
            outcome=Outcome.UNDECIDED,
            target=objective.target,
            exact=True,
            reason=Reason.PROMETHEUS_UNREACHABLE,
            detail=error,
            window_days=DAYS,
            queries=objective.queries,
        )
        for objective in verdict_met().objectives
    )
    check = Check("prometheus", CheckStatus.FAIL, error, Reason.PROMETHEUS_UNREACHABLE)
    empty = Evidence(WINDOW, {}, START + 31, 300.0, error=error)
    return _proof(Verdict(Outcome.UNDECIDED, WINDOW, objectives, (check,)), empty, None)


def bare() -> Proof:
    """The smallest possible proof: no objective, no evidence, no run."""
    empty = Evidence(WINDOW, {}, START + 31, 300.0)
    verdict = Verdict(Outcome.UNDECIDED, WINDOW, ())
    return Proof(verdict, empty, Spec(slos=()), EvidenceObservations(empty))


def many(number: int) -> Proof:
    """``number`` objectives with long names; one in a hundred is MISSED."""
    good, bad = verdict_met().objectives[0], verdict_missed().objectives[0]
    objectives = tuple(
        replace(bad if n % 100 == 0 else good, slo=f"slo-{n}-{'long' * 40}", objective="name " * 40)
        for n in range(number)
    )
    return replace(met(), verdict=Verdict(Outcome.MISSED, WINDOW, objectives, checks_passed()))


def hostile(text: str) -> Proof:
    """Put a text into every field that can contain untrusted text."""
    proof = missed()
    results = {
        key: replace(
            result,
            query=f"{text}{key}",
            warnings=(text,),
            series=tuple(
                replace(series, labels={**series.labels, "extra": f"{text}{number % 2}"})
                for number, series in enumerate(result.series)
            ),
        )
        for key, result in proof.evidence.results.items()
    }
    results[make_samples_key("failed")] = QueryResult(text, START, error=text)
    objectives = tuple(
        replace(
            objective, slo=text + objective.slo, objective=text, detail=text, queries=(text,), notes=(text,)
        )
        for objective in proof.verdict.objectives
    )
    checks = (Check(text, CheckStatus.FAIL, text, Reason.NO_DATA, {text: 1}), *proof.verdict.checks)
    condition = AlertCondition(text, text, Op.GT, 1, 60)
    alert = Alert(text, text, AlertPolicy(text, condition), detail=text, notes=(text,))
    record = run()
    counts = replace(record.total, statuses={text: 1}, errors={text: 2})
    hostile_evidence = replace(proof.evidence, results=results, server={text: text}, error=text)
    return Proof(
        Verdict(
            Outcome.MISSED,
            WINDOW,
            objectives,
            checks,
            alerts=(alert, replace(alert, detail="")),
            failed_requests=FailedRequests(3, 3, (NamedFailureCount(text, text, 200, 3),), 2, 2),
        ),
        hostile_evidence,
        Spec(slos=(), services=(Service(text, text),)),
        EvidenceObservations(hostile_evidence),
        replace(
            record, id=text, target=text, engine=text, requests={text: counts}, profile={text: text},
            generator={text: text},
        ),
        ((text, 1.0),),
        {text: text},
        {text: text},
    )  # fmt: skip


def _proof(verdict: Verdict, gathered: Evidence, record: RunRecord | None) -> Proof:
    timings = (
        ("stack up", 2.1),
        ("load", 30.2),
        ("scrape after", 0.84),
        ("evidence", 0.12),
        ("verdict", 0.004),
    )
    versions = {"proofload": "0.1.0", "Python": "3.11.7", "Locust": "2.47.0"}
    settings = {"spec": "slo/objectives.yaml", "rate": "100"}
    if record:
        verdict = replace(verdict, failed_requests=summarize_failed_requests(record))
    return Proof(verdict, gathered, SPEC, EvidenceObservations(gathered), record, timings, versions, settings)


def verdict_met() -> Verdict:
    intervals = Intervals(
        level=0.95,
        bucket=Interval(2999 / 3000, 2999 / 3000),
        sampling=Interval(0.99814, 0.99999),
        combined=Interval(0.99814, 0.99999),
        slices=31,
        target_shown=0.999,
        independent_events=2104.4,
    )
    objectives = (
        replace(_events("availability", "No server error", 0.995, 1, 3000, (BAD, ALL)), intervals=intervals),
        _events("predict-latency", "Within 250 ms", 0.95, 3, 2700, (FAST, COUNT)),
        _percentile(3, 2700, 0.0441, (0.025, 0.05)),
        _samples("data-drift", "PSI up to 0.25", 0.99, 0, 900, PSI, _psi(0.2211, 0.0104, 0.25)),
        _samples("model-decay", "Accuracy from 90 %", 0.8, 0, 30, ACCURACY, _accuracy(0.941, 0.968)),
    )
    return Verdict(Outcome.MET, WINDOW, objectives, checks_passed())


def verdict_missed() -> Verdict:
    met_objectives = verdict_met().objectives
    objectives = (
        replace(
            _events("availability", "No server error", 0.995, 60, 3000, (BAD, ALL)),
            outcome=Outcome.MISSED,
            notes=("bad: 1 series is new in the window and counts from zero",),
        ),
        replace(
            _events("predict-latency", "Within 250 ms", 0.95, 2640, 2700, (FAST, COUNT)),
            outcome=Outcome.MISSED,
        ),
        replace(_percentile(27, 2700, 0.94, (0.75, 1.0)), budget_spent=1.0, burn_rate=1.0),
        met_objectives[3],
        replace(
            met_objectives[4],
            outcome=Outcome.UNDECIDED,
            reason=Reason.TOO_FEW_EVENTS,
            detail="3 events; a target of 0.8 needs at least 5",
            total=3.0,
            good=3.0,
        ),
    )
    return Verdict(Outcome.MISSED, WINDOW, objectives, checks_passed())


def alerts() -> tuple[Alert, ...]:
    """Alerts that fired and resolved, fired often and still fire, are pending, and can't be told."""
    fast = AlertPolicy("page", AlertCondition("fast", "page", Op.GT, 14.4, 10, 5), when_breaching=True)
    hours = AlertCondition("ticket", "ticket", Op.GTE, 1, 21_600, 1800)
    slow = AlertPolicy("ticket", hours, when_breaching=True)
    many_firings = (
        *(Firing(2.0 * n, 2.0 * n + 1, 20.0) for n in range(1, 6)),
        Firing(29.0, None, None, True),
    )
    return (
        Alert("availability", "No server error", slow, peak_burn_rate=0.99996, notes=("pending at the end",)),
        Alert("availability", "No server error", fast, (Firing(6.25, 21.5, 31.25),), 31.25),
        Alert("predict-latency", "composite", fast, many_firings, 20.0),
        Alert("data-drift", "PSI up to 0.25", fast, detail="burn rates need raw samples"),
    )


def checks_passed() -> tuple[Check, ...]:
    counted = {"sent": 3000, "completed": 3000, "counted": 3000.0, "difference": 0.0}
    return (
        Check("prometheus", CheckStatus.PASS, "http://127.0.0.1:9090 answered, version 2.42.0"),
        Check("run", CheckStatus.PASS, "locust ran the whole profile"),
        Check("restarts", CheckStatus.PASS, "no process restarted", numbers={"restarted": 0}),
        Check("scrapes", CheckStatus.PASS, "no gap", numbers={"scrape_interval_seconds": 1.0}),
        ANSWERS,
        Check(
            "counts_reconcile",
            CheckStatus.PASS,
            "3,000 requests sent, 3,000 counted by the service, difference 0",
            numbers=counted,
        ),
    )


def _events(
    slo: str, objective: str, target: float, bad: float, total: float, queries: tuple[str, ...]
) -> ObjectiveVerdict:
    burn = bad / total / (1 - target)
    sli = (total - bad) / total
    return ObjectiveVerdict(
        slo=slo,
        objective=objective,
        kind="events",
        outcome=Outcome.MET,
        target=target,
        exact=True,
        good=total - bad,
        bad=bad,
        total=total,
        sli=sli,
        bounds=(sli, sli),
        budget_spent=burn,
        burn_rate=burn,
        days_to_exhaustion=DAYS / burn if burn else None,
        window_days=DAYS,
        queries=queries,
    )


def _percentile(bad: float, total: float, value: float, bounds: tuple[float, float]) -> ObjectiveVerdict:
    verdict = _events("predict-latency-p99", "p99 within 1 s", 0.99, bad, total, (BUCKETS,))
    return replace(
        verdict, kind="latency", measured=MeasuredValue(value, bounds, Op.LTE, 1.0, "seconds", quantile=0.99)
    )


def _samples(
    slo: str, objective: str, target: float, bad: float, total: float, query: str, measured: MeasuredValue
) -> ObjectiveVerdict:
    verdict = _events(slo, objective, target, bad, total, (query,))
    return replace(verdict, kind="threshold", measured=measured)


def _psi(worst: float, lowest: float, threshold: float) -> MeasuredValue:
    return MeasuredValue(worst, (lowest, worst), Op.LTE, threshold)


def _accuracy(worst: float, best: float) -> MeasuredValue:
    return MeasuredValue(worst, (worst, best), Op.GTE, 0.9, "ratio")
