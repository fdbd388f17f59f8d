"""Requests sent and requests counted: the check ``counts_reconcile`` and why the counts differ."""

from __future__ import annotations

from dataclasses import replace

from slo.model import (
    SLO,
    EventsSLI,
    Objective,
    Op,
    Policy,
    PromQL,
    RawRatioSLI,
    Reason,
    RequestCounts,
    RunRecord,
    Spec,
    ThresholdSLI,
)
from tests.slo.evaluation.check_cases import PASS, SKIP, Case
from tests.support.evidence import (
    ALL,
    ERRORS,
    OK,
    availability_slo,
    bucket_samples,
    failing_run,
    latency_slo,
    run_record,
    slo_of,
)

DIFFER = Reason.COUNTS_DO_NOT_RECONCILE
OTHERS = Policy(other_traffic=True)
HIDE = {OK: "0x7"}
"""No request counted by the series of the other cases."""


def spec(*slos: SLO) -> Spec:
    """Return a spec without the annotation of a request counter."""
    return Spec(slos)


def route_slo(path: str) -> SLO:
    total = f'{ALL}{{path="{path}"}}'
    return slo_of(
        EventsSLI(PromQL(total), bad=PromQL(f'{ALL}{{path="{path}",status="500"}}')), Objective("o", 0.9)
    )


def paths(**per_scrape: int) -> dict[str, str]:
    """Return counters of paths: ``metrics=1`` is the path ``/metrics``, counted once at each scrape."""
    return HIDE | {
        f'{ALL}{{path="/{name}",status="200"}}': f"0+{number}x7" for name, number in per_scrape.items()
    }


def count(
    expected: object,
    samples: dict[str, str],
    run: RunRecord,
    text: str = "",
    *,
    slos: tuple[SLO, ...] = (availability_slo(),),
    **fields: object,
) -> Case:
    return Case("counts_reconcile", expected, samples, run, text=text, spec=spec(*slos), **fields)  # type: ignore[arg-type]


WORKERS = slo_of(ThresholdSLI(PromQL("worker_count")), Objective("o", 0.5, Op.GTE, 1))
OPAQUE = slo_of(RawRatioSLI(PromQL("avg(errors_ratio)"), success=False), Objective("o", 0.5))

LARGEST_TOTAL = {
    "the total of the spec counted every request": count(
        PASS,
        {},
        run_record(70),
        "70 requests sent; no total of the spec counted more than 70",
        numbers={"sent": 70, "counted": 70},
    ),
    "the total covers one of two routes": count(
        PASS,
        paths(a=6, b=4),
        run_record(70),
        "counted more than 42",
        slos=(route_slo("/a"),),
        numbers={"counted": 42},
    ),
    "the routes of two objectives are not added up": count(
        PASS, paths(a=10, b=10), run_record(70), slos=(route_slo("/a"), route_slo("/b"))
    ),
    "the largest total decides": count(
        DIFFER,
        paths(a=6, b=11),
        run_record(70),
        slos=(route_slo("/a"), route_slo("/b")),
        numbers={"counted": 77, "difference": 7},
    ),
    "one total counted none, and another all": count(
        PASS, paths(a=10), run_record(70), slos=(route_slo("/a"), route_slo("/b"))
    ),
    "one more than were sent": count(DIFFER, {}, run_record(69), "difference +1 in http_requests_total"),
    "none of the requests": count(
        DIFFER, HIDE, run_record(70), "difference -70 in http_requests_total: -70 = no request that was sent"
    ),
    "none of the requests was sent either": count(PASS, HIDE, run_record(0)),
    "none of the requests, but the scrapes of the service": count(
        DIFFER,
        paths(metrics=1),
        run_record(70),
        'which counted only 7 scrapes of /metrics, path="/metrics", and none of the requests sent',
        numbers={"counted": 7, "difference": -63},
    ),
    "as many requests of another path as scrapes": count(PASS, paths(a=1), run_record(70)),
    "few requests, which are not those of the scrapes": count(PASS, paths(metrics=2), run_record(70)),
    "the load itself requests the metrics": count(PASS, paths(metrics=1), run_record(7)),
    "far more than were sent: several processes behind one target": count(
        DIFFER, {OK: "0 900 30 930 60 960 90 990"}, run_record(70)
    ),
    "other traffic is allowed": count(
        PASS, {}, run_record(40), "+30 in http_requests_total; policy.other_traffic allows it", policy=OTHERS
    ),
    "other traffic is allowed, and nothing was counted": count(
        PASS, HIDE, run_record(70), policy=OTHERS, numbers={"counted": 0}
    ),
    "a histogram counted more than were sent": count(
        DIFFER,
        bucket_samples(le_0_1="0+10x7", total="0+12x7"),
        run_record(70),
        "in http_request_duration_seconds_bucket",
        slos=(latency_slo(0.1),),
        numbers={"counted": 84},
    ),
    "a histogram counted a part": count(
        PASS, bucket_samples(le_0_1="0+5x7", total="0+5x7"), run_record(70), slos=(latency_slo(0.1),)
    ),
    "the only total can't be read": count(
        SKIP, {}, run_record(70), server_values={ALL: "query timed out", ERRORS: "query timed out"}
    ),
    "one of two totals can't be read": count(
        DIFFER,
        bucket_samples(le_0_1="0+12x7", total="0+12x7"),
        run_record(70),
        slos=(availability_slo(), latency_slo(0.1)),
        server_values={ALL: "query timed out"},
    ),
    "a gauge counts no requests": count(
        SKIP, {"worker_count": "99x7"}, run_record(70), "no total of the spec is a counter", slos=(WORKERS,)
    ),
    "a ratio that Prometheus computes counts no requests": count(SKIP, {}, run_record(70), slos=(OPAQUE,)),
    "samples that are numbers of events are no counter": count(
        SKIP,
        {"seen": "100x7", "wrong": "0x7"},
        run_record(70),
        slos=(slo_of(EventsSLI(PromQL("seen"), bad=PromQL("wrong"), counter=False), Objective("o", 0.9)),),
    ),
}

SEVEN_SCRAPES = 'difference +7 in http_requests_total: +7 = 7 scrapes of /metrics, path="/metrics"; exclude'
EXPLAINED = {
    "the service counts its own scrapes": count(
        DIFFER, paths(a=6, b=4, metrics=1), run_record(70), SEVEN_SCRAPES
    ),
    "the probes of an orchestrator": count(
        DIFFER, paths(a=10, healthz=2), run_record(70), '+14 = 14 requests with path="/healthz"; exclude'
    ),
    "scrapes and probes": count(
        DIFFER,
        paths(a=10, healthz=2, metrics=1),
        run_record(70),
        '+21 = 14 requests with path="/healthz" + 7 scrapes of /metrics, path="/metrics"; exclude',
    ),
    "as many requests of a path as of other traffic": count(
        DIFFER, paths(a=10, b=3), run_record(70), '+21 = 21 requests with path="/b"; exclude'
    ),
    "no path explains the difference": count(
        DIFFER,
        paths(a=10, b=3),
        run_record(80),
        'difference +11 in http_requests_total; by path: "/a" 70, "/b" 21; exclude',
    ),
    "many paths are listed up to a number": count(
        DIFFER,
        paths(a=10, b=9, c=8, d=7, e=6, f=5, g=4),
        run_record(80),
        '"/c" 56, "/d" 49, "/e" 42, and 2 more; exclude',
    ),
    "no label explains the difference": count(
        DIFFER, {}, run_record(60), "+10 in http_requests_total; exclude"
    ),
    "two instances counted every request": count(
        DIFFER,
        HIDE | {f'{ALL}{{instance="{name}:80",status="200"}}': "0+10x7" for name in "ab"},
        run_record(70),
        '+70 in http_requests_total, 2 times the requests sent: each of instance="a:80", instance="b:80"',
    ),
    "one of two instances counted every request, and the other some": count(
        DIFFER,
        HIDE
        | {f'{ALL}{{instance="a:80",status="200"}}': "0+10x7"}
        | {f'{ALL}{{instance="b:80",status="200"}}': "0+3x7"},
        run_record(70),
        '+21 = 21 requests with instance="b:80"',
    ),
    "observations of a histogram are explained by its labels": count(
        DIFFER,
        {
            f'http_request_duration_seconds_bucket{{handler="{handler}",le="{le}"}}': f"0+{number}x7"
            for handler, number in (("/a", 10), ("/metrics", 1))
            for le in ("0.1", "+Inf")
        },
        run_record(70),
        '+7 = 7 scrapes of /metrics, handler="/metrics"',
        slos=(latency_slo(0.1),),
    ),
    "the annotated counter counts scrapes": Case(
        "counts_reconcile",
        DIFFER,
        paths(a=10, metrics=1),
        run_record(70),
        {"difference": 7},
        'counted by the service, difference +7: +7 = 7 scrapes of /metrics, path="/metrics"',
    ),
    "other traffic does not excuse the annotated counter": Case(
        "counts_reconcile", DIFFER, paths(a=10, metrics=1), run_record(70), policy=OTHERS
    ),
    "the annotated counter leaves out answers of one status": Case(
        "counts_reconcile",
        DIFFER,
        {},
        replace(
            failing_run(90, ("status 404", 404, 20)),
            total=replace(failing_run(90, ("status 404", 404, 20)).total, statuses={"200": 70, "404": 20}),
        ),
        {"difference": -20},
        "difference -20: -20 = 20 answers with status 404",
    ),
    "the annotated counter leaves out requests of one name": Case(
        "counts_reconcile",
        DIFFER,
        {},
        replace(run_record(90), requests={"a": RequestCounts(70, 70, 70), "b": RequestCounts(20, 20, 20)}),
        {"difference": -20},
        "difference -20: -20 = 20 requests b",
    ),
    "the annotated counter counted nothing": Case(
        "counts_reconcile", DIFFER, HIDE, run_record(70), text="-70 = no request that was sent was counted"
    ),
}

COUNT_CASES = LARGEST_TOTAL | EXPLAINED
