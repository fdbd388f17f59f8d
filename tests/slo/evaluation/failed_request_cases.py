"""Runs in which requests failed, and the verdict on each objective: a table of cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from slo.evaluation import evaluate
from slo.model import (
    SLO,
    Check,
    EventsSLI,
    Objective,
    Op,
    Outcome,
    Policy,
    PromQL,
    RawRatioSLI,
    Reason,
    RunRecord,
    Spec,
    ThresholdSLI,
    Verdict,
)
from tests.support.evidence import (
    ALL,
    LATENCY,
    OK,
    ServerValue,
    availability_slo,
    bucket_samples,
    failing_run,
    latency_slo,
    make_evidence,
    run_record,
    slo_of,
    spec_of,
    with_time_slices,
)

MET, MISSED = Outcome.MET, Outcome.MISSED
LOAD_FAILED = Reason.LOAD_FAILED


@dataclass(frozen=True)
class FailedCase:
    """A run of 700 requests, the expected outcome or reason of each objective, and unexplained failures."""

    slos: tuple[SLO, ...]
    samples: Mapping[str, str]
    run: RunRecord
    expected: tuple[Outcome | Reason, ...]
    unexplained: float | None = None
    text: str = ""
    policy: Policy = field(default_factory=Policy)
    server_values: Mapping[str, ServerValue] = field(default_factory=dict)
    annotated: bool = True

    def evaluate_case(self) -> Verdict:
        spec = spec_of(*self.slos) if self.annotated else Spec(self.slos)
        evidence = make_evidence(spec, self.samples, self.server_values)
        return evaluate(spec, evidence, self.run, self.policy)

    def check(self) -> Check:
        return next(check for check in self.evaluate_case().checks if check.name == "answers")


def counted(**per_scrape: int) -> dict[str, str]:
    """Return counters of statuses: ``s200=90`` is a series that counts 90 of status 200 at each scrape."""
    return {
        f'{ALL}{{status="{name.removeprefix("s")}"}}': f"0+{number}x7" for name, number in per_scrape.items()
    }


def good_of_all(good: str, total: str = ALL, target: float = 0.9) -> SLO:
    return slo_of(EventsSLI(PromQL(total), good=PromQL(good)), Objective("o", target))


FAST = bucket_samples(le_0_1="0+100x7", total="0+100x7")
P90, P99 = latency_slo(0.1), latency_slo(0.1, 0.99)
WITHIN = good_of_all(f'{LATENCY}_bucket{{le="0.1"}}', f"{LATENCY}_count")
FAST_EVENTS = FAST | {f"{LATENCY}_count": "0+100x7"}
GAUGE = slo_of(ThresholdSLI(PromQL("queue_depth")), Objective("o", 0.5, Op.LTE, 5))
CLIENT_ERRORS = slo_of(EventsSLI(PromQL(ALL), bad=PromQL(f'{ALL}{{status=~"4..|5.."}}')), Objective("o", 0.9))
UNAUTHORIZED, NOT_FOUND, SERVER_ERROR = "status 401", "status 404", "status 500"
FAILED_JOBS = slo_of(EventsSLI(PromQL("jobs_total"), bad=PromQL("jobs_failed_total")), Objective("o", 0.9))
OPAQUE_RATIO = "sum(irate(failed_total[1m])) / sum(irate(all_total[1m]))"
OPAQUE = slo_of(RawRatioSLI(PromQL(OPAQUE_RATIO), success=False), Objective("o", 0.9))
OPAQUE_BUCKETS = (
    f'sum(irate({LATENCY}_bucket{{le="0.1"}}[1m])) / sum(irate({LATENCY}_bucket{{le="+Inf"}}[1m]))'
)
OPAQUE_LATENCY = slo_of(RawRatioSLI(PromQL(OPAQUE_BUCKETS)), Objective("o", 0.9))

FAST_AND_FINE = good_of_all(f'{LATENCY}_bucket{{le="0.1",status=~"2.."}}', f"{LATENCY}_count")


def by_status(**per_scrape: int) -> dict[str, str]:
    """Return a histogram for each status in which every observation is fast, and the counters beside it."""
    samples = counted(**per_scrape)
    for name, number in per_scrape.items():
        status = name.removeprefix("s")
        samples[f'{LATENCY}_count{{status="{status}"}}'] = f"0+{number}x7"
        samples[f'{LATENCY}_bucket{{le="0.1",status="{status}"}}'] = f"0+{number}x7"
    return samples


UNEXPLAINED = {
    "an expired token: every answer is 401, and only 5xx is bad": FailedCase(
        (availability_slo(),),
        counted(s401=100),
        failing_run(700, (UNAUTHORIZED, 401, 700)),
        (LOAD_FAILED,),
        700,
        "700 of 700 requests failed: 700 status 401; 700 of them are no bad events of any objective; at most "
        "1 % of the requests may fail (policy.failed_requests)",
    ),
    "a wrong path: every answer is 404": FailedCase(
        (availability_slo(),),
        counted(s404=100),
        failing_run(700, (NOT_FOUND, 404, 700)),
        (LOAD_FAILED,),
        700,
    ),
    "401 at once makes the latency look good": FailedCase(
        (P90, P99, WITHIN),
        counted(s401=100) | FAST_EVENTS,
        failing_run(700, (UNAUTHORIZED, 401, 700)),
        (LOAD_FAILED,) * 3,
        700,
    ),
    "the gauge of an idle service": FailedCase(
        (GAUGE,),
        counted(s401=100) | {"queue_depth": "0x7"},
        failing_run(700, (UNAUTHORIZED, 401, 700)),
        (LOAD_FAILED,),
        700,
    ),
    "the status is not the expected one": FailedCase(
        (availability_slo(),),
        counted(s401=100),
        failing_run(700, ("unexpected answer", 401, 700)),
        (LOAD_FAILED,),
        700,
        "700 unexpected answer (status 401)",
    ),
    "the body is not the expected one": FailedCase(
        (availability_slo(),),
        counted(s200=100),
        failing_run(700, ("unexpected body", 200, 8)),
        (LOAD_FAILED,),
        8,
        "8 of 700 requests failed: 8 unexpected body (status 200)",
    ),
    "as many 401 as bad 5xx that the client did not see": FailedCase(
        (availability_slo(),),
        counted(s200=65, s401=30, s500=5),
        failing_run(700, (UNAUTHORIZED, 401, 210)),
        (LOAD_FAILED,),
        210,
    ),
    "5xx within the budget, and 401 beside them": FailedCase(
        (availability_slo(),),
        counted(s200=90, s401=5, s500=5),
        failing_run(700, (UNAUTHORIZED, 401, 35), (SERVER_ERROR, 500, 35)),
        (LOAD_FAILED,),
        35,
        "70 of 700 requests failed: 35 status 401, 35 status 500; 35 of them are no bad",
    ),
    "as many slow requests as 401": FailedCase(
        (P90,),
        counted(s200=95, s401=5) | bucket_samples(le_0_1="0+95x7", total="0+100x7"),
        failing_run(700, (UNAUTHORIZED, 401, 35)),
        (LOAD_FAILED,),
        35,
    ),
    "503 at once, counted by nothing, makes the latency look good": FailedCase(
        (P90,),
        counted(s200=95, s503=5) | FAST,
        failing_run(700, ("status 503", 503, 35)),
        (LOAD_FAILED,),
        35,
    ),
    "requests without a response that the service did not count": FailedCase(
        (availability_slo(),),
        counted(s200=98),
        failing_run(700, ("timed out", 0, 14)),
        (LOAD_FAILED,),
        14,
        "14 timed out",
    ),
    "requests without a response, and as many slow ones among those counted": FailedCase(
        (P90,),
        counted(s200=98) | bucket_samples(le_0_1="0+96x7", total="0+98x7"),
        failing_run(700, ("timed out", 0, 14)),
        (LOAD_FAILED,),
        14,
    ),
    "good events of another metric count the 401 as good": FailedCase(
        (good_of_all("answered_total"),),
        counted(s401=100) | {"answered_total": "0+100x7"},
        failing_run(700, (UNAUTHORIZED, 401, 700)),
        (LOAD_FAILED,),
        700,
    ),
    "time slices without a bad event": FailedCase(
        (with_time_slices(availability_slo(), 0.9),),
        counted(s401=100),
        failing_run(700, (UNAUTHORIZED, 401, 700)),
        (LOAD_FAILED,),
        700,
    ),
    "a ratio of buckets that Prometheus computes": FailedCase(
        (OPAQUE_LATENCY,),
        counted(s200=95, s401=5),
        failing_run(700, (UNAUTHORIZED, 401, 35)),
        (LOAD_FAILED,),
        35,
        server_values={OPAQUE_BUCKETS: 0.95},
    ),
    "the reason of each failure is not recorded": FailedCase(
        (availability_slo(),),
        counted(s200=100),
        replace(run_record(700), total=replace(run_record(700).total, failed=8)),
        (LOAD_FAILED,),
        8,
        "8 reason not recorded",
    ),
    "a failure class of an older record": FailedCase(
        (availability_slo(),),
        counted(s401=100),
        replace(
            run_record(700), total=replace(run_record(700).total, failed=700, errors={UNAUTHORIZED: 700})
        ),
        (LOAD_FAILED,),
        700,
        "700 status 401",
    ),
    "many reasons are listed up to a number": FailedCase(
        (availability_slo(),),
        counted(s200=100),
        failing_run(700, *((f"reason {number}", 200, 10 - number) for number in range(8))),
        (LOAD_FAILED,),
        52,
        "6 reason 4 (status 200), and 3 more reasons; 52 of them",
    ),
}

EXPLAINED = {
    "no request failed": FailedCase(
        (availability_slo(),), counted(s200=100), run_record(700), (MET,), 0, "0 of 700 requests failed"
    ),
    "1 % of the requests failed": FailedCase(
        (availability_slo(),), counted(s200=100), failing_run(700, (UNAUTHORIZED, 401, 7)), (MET,), 7
    ),
    "one request more than 1 % failed": FailedCase(
        (availability_slo(),), counted(s200=100), failing_run(700, (UNAUTHORIZED, 401, 8)), (LOAD_FAILED,), 8
    ),
    "a share that the policy allows": FailedCase(
        (availability_slo(),),
        counted(s200=71, s401=29),
        failing_run(700, (UNAUTHORIZED, 401, 203)),
        (MET,),
        203,
        policy=Policy(failed_requests=0.29),
    ),
    "a policy that allows no failure": FailedCase(
        (availability_slo(),),
        counted(s200=100),
        failing_run(700, (UNAUTHORIZED, 401, 1)),
        (LOAD_FAILED,),
        1,
        "at most 0 % of",
        policy=Policy(failed_requests=0.0),
    ),
    "a policy that allows every failure": FailedCase(
        (availability_slo(),),
        counted(s200=100),
        failing_run(700, (UNAUTHORIZED, 401, 600)),
        (MET,),
        600,
        policy=Policy(failed_requests=1.0),
    ),
    "5xx within the budget that availability counts": FailedCase(
        (availability_slo(),),
        counted(s200=95, s500=5),
        failing_run(700, (SERVER_ERROR, 500, 35)),
        (MET,),
        0,
        "35 of 700 requests failed: 35 status 500; 35 of them are counted as bad events",
    ),
    "5xx within the budget of availability, and latencies beside it": FailedCase(
        (availability_slo(), P90, P99, WITHIN, GAUGE),
        counted(s200=95, s500=5) | FAST_EVENTS | {"queue_depth": "0x7"},
        failing_run(700, (SERVER_ERROR, 500, 35)),
        (MET,) * 5,
        0,
    ),
    "5xx beyond the budget": FailedCase(
        (availability_slo(), P90),
        counted(s200=80, s500=20) | FAST,
        failing_run(700, (SERVER_ERROR, 500, 140)),
        (MISSED, MET),
        0,
    ),
    "every answer is 5xx: a latency of errors is not met": FailedCase(
        (availability_slo(), P90, WITHIN, GAUGE),
        counted(s500=100) | FAST_EVENTS | {"queue_depth": "0x7"},
        failing_run(700, (SERVER_ERROR, 500, 700)),
        (MISSED, LOAD_FAILED, LOAD_FAILED, LOAD_FAILED),
        0,
    ),
    "99 requests succeeded, and a 99th percentile needs 100": FailedCase(
        (availability_slo(), P90, P99),
        {OK: "0+14x6 99", f'{ALL}{{status="500"}}': "0+86x6 601"} | FAST,
        failing_run(700, (SERVER_ERROR, 500, 601)),
        (MISSED, MET, LOAD_FAILED),
        0,
    ),
    "good events that leave out 5xx": FailedCase(
        (good_of_all(f'{ALL}{{status!~"5.."}}'),),
        counted(s200=95, s500=5),
        failing_run(700, (SERVER_ERROR, 500, 35)),
        (MET,),
        0,
    ),
    "good events that leave out 5xx count 401 as good": FailedCase(
        (good_of_all(f'{ALL}{{status!~"5.."}}'),),
        counted(s200=95, s401=5),
        failing_run(700, (UNAUTHORIZED, 401, 35)),
        (LOAD_FAILED,),
        35,
    ),
    "an objective that counts 4xx as bad judges them": FailedCase(
        (CLIENT_ERRORS,),
        counted(s401=100),
        failing_run(700, (UNAUTHORIZED, 401, 700)),
        (MISSED,),
        0,
    ),
    "4xx within the budget of an objective that counts them": FailedCase(
        (CLIENT_ERRORS, P90),
        counted(s200=95, s401=5) | FAST,
        failing_run(700, (UNAUTHORIZED, 401, 35)),
        (MET, MET),
        0,
    ),
    "two objectives that count the same 5xx explain them once": FailedCase(
        (availability_slo(0.8), availability_slo(0.7)),
        counted(s200=90, s401=5, s500=5),
        failing_run(700, (SERVER_ERROR, 500, 35), ("status 502", 502, 35)),
        (LOAD_FAILED, LOAD_FAILED),
        35,
    ),
    "two metrics that count the same 5xx explain them once": FailedCase(
        (
            availability_slo(),
            slo_of(
                EventsSLI(PromQL("proxy_total"), bad=PromQL('proxy_total{code=~"5.."}')),
                Objective("o", 0.9),
            ),
        ),
        counted(s200=95, s500=5) | {'proxy_total{code="200"}': "0+95x7", 'proxy_total{code="502"}': "0+5x7"},
        failing_run(700, ("status 502", 502, 70)),
        (LOAD_FAILED, LOAD_FAILED),
        35,
    ),
    "a proxy answers 502 where the service counts 500": FailedCase(
        (availability_slo(),),
        counted(s200=95, s500=5),
        failing_run(700, ("status 502", 502, 35)),
        (MET,),
        0,
    ),
    "the status is a class": FailedCase(
        (slo_of(EventsSLI(PromQL(ALL), bad=PromQL(f'{ALL}{{status="5xx"}}')), Objective("o", 0.9)),),
        counted(s2xx=95, s5xx=5),
        failing_run(700, ("status 503", 503, 35)),
        (MET,),
        0,
    ),
    "Envoy's class of a status": FailedCase(
        (
            slo_of(
                EventsSLI(PromQL("rq_total"), bad=PromQL('rq_total{envoy_response_code_class="5"}')),
                Objective("o", 0.9),
            ),
        ),
        counted(s200=100)
        | {
            'rq_total{envoy_response_code_class="2"}': "0+95x7",
            'rq_total{envoy_response_code_class="5"}': "0+5x7",
        },
        failing_run(700, ("status 503", 503, 35)),
        (MET,),
        0,
    ),
    "a user's own check rejects an answer that the service counts as 5xx": FailedCase(
        (availability_slo(),),
        counted(s200=95, s500=5),
        failing_run(700, ("unexpected answer", 500, 35)),
        (MET,),
        0,
    ),
    "requests without a response that the service counts as 5xx": FailedCase(
        (availability_slo(),),
        counted(s200=95, s500=5),
        failing_run(700, ("timed out", 0, 35)),
        (MET,),
        0,
    ),
    "requests without a response that the histogram counts as slow": FailedCase(
        (P90,),
        counted(s200=100) | bucket_samples(le_0_1="0+95x7", total="0+100x7"),
        failing_run(700, ("timed out", 0, 35)),
        (MET,),
        0,
    ),
    "bad events without a status": FailedCase(
        (FAILED_JOBS,),
        counted(s200=100) | {"jobs_total": "0+100x7", "jobs_failed_total": "0+5x7"},
        failing_run(700, ("unexpected body", 200, 35)),
        (MET,),
        0,
    ),
    "good events of another metric do not count the failures": FailedCase(
        (good_of_all("answered_total"),),
        counted(s200=95, s422=5) | {"answered_total": "0+95x7"},
        failing_run(700, ("status 422", 422, 35)),
        (MET,),
        0,
    ),
    "samples that are numbers of events": FailedCase(
        (slo_of(EventsSLI(PromQL("seen"), bad=PromQL("wrong"), counter=False), Objective("o", 0.9)),),
        counted(s200=100) | {"seen": "100x7", "wrong": "10x7"},
        failing_run(700, ("unexpected body", 200, 35)),
        (MET,),
        0,
    ),
    "fast answers of status 200 are good, and 5xx are bad however fast": FailedCase(
        (FAST_AND_FINE,),
        by_status(s200=95, s500=5),
        failing_run(700, (SERVER_ERROR, 500, 35)),
        (MET,),
        0,
    ),
    "fast answers below 500 are good, so that 401 are": FailedCase(
        (good_of_all(f'{LATENCY}_bucket{{le="0.1",status!~"5.."}}', f"{LATENCY}_count"),),
        by_status(s200=95, s401=5),
        failing_run(700, (UNAUTHORIZED, 401, 35)),
        (LOAD_FAILED,),
        35,
    ),
    "a ratio of errors that Prometheus computes": FailedCase(
        (OPAQUE,),
        counted(s200=95, s500=5),
        failing_run(700, (SERVER_ERROR, 500, 35)),
        (MET,),
        0,
        server_values={OPAQUE_RATIO: 0.05},
    ),
    "time slices with the failures within their budgets": FailedCase(
        (with_time_slices(availability_slo(0.5), 0.9),),
        counted(s200=95, s500=5),
        failing_run(700, (SERVER_ERROR, 500, 35)),
        (MET,),
        0,
    ),
}

STANDING = {
    "401, and more 5xx than the budget: MISSED stands": FailedCase(
        (availability_slo(), P90),
        counted(s200=30, s401=50, s500=20) | FAST,
        failing_run(700, (UNAUTHORIZED, 401, 350), (SERVER_ERROR, 500, 140)),
        (MISSED, LOAD_FAILED),
        350,
    ),
    "401, and more slow requests than the budget and the 401 together: MISSED stands": FailedCase(
        (P90,),
        counted(s200=95, s401=5) | bucket_samples(le_0_1="0+80x7", total="0+100x7"),
        failing_run(700, (UNAUTHORIZED, 401, 35)),
        (MISSED,),
        35,
    ),
    "401, other traffic that is allowed, and more 5xx than the budget: MISSED stands": FailedCase(
        (availability_slo(),),
        counted(s200=80, s500=20),
        failing_run(350, (UNAUTHORIZED, 401, 35)),
        (MISSED,),
        35,
        policy=Policy(other_traffic=True),
        annotated=False,
    ),
    "the slow requests may all be 401": FailedCase(
        (P90,),
        counted(s200=50, s401=50) | bucket_samples(le_0_1="0+50x7", total="0+100x7"),
        failing_run(700, (UNAUTHORIZED, 401, 350)),
        (LOAD_FAILED,),
        350,
    ),
}

FAILED = UNEXPLAINED | EXPLAINED | STANDING
