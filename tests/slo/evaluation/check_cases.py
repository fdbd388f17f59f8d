"""Evidence and the result of one check: a table of cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from slo.counting import EvidenceReader
from slo.evaluation.checks import check_evidence
from slo.model import (
    Check,
    CheckStatus,
    EventsSLI,
    GeneratorProcess,
    Objective,
    Op,
    Policy,
    PromQL,
    Quantiles,
    Reason,
    RunRecord,
    Spec,
    TaskCounts,
    ThresholdSLI,
    Window,
)
from tests.support.evidence import (
    ALL,
    OK,
    SPEC,
    STEADY,
    WINDOW,
    bucket_samples,
    latency_slo,
    make_evidence,
    run_record,
    slo_of,
    spec_of,
)

PASS, SKIP = CheckStatus.PASS, CheckStatus.SKIP
PROCESS_START = "process_start_time_seconds"
RESET = "0+10x3 0+10x3"
WORKERS = slo_of(ThresholdSLI(PromQL("worker_count")), Objective("o", 0.5, Op.GTE, 1))


@dataclass(frozen=True)
class Case:
    """Samples, the record of the run, and the expected result of a check: a status, or a failure's reason."""

    check: str
    expected: CheckStatus | Reason
    samples: Mapping[str, str] = field(default_factory=dict)
    run: RunRecord | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)
    text: str = ""
    window: Window = WINDOW
    server_values: Mapping[str, str] = field(default_factory=dict)
    spec: Spec = SPEC
    skew_seconds: float | None = None
    round_trip_seconds: float | None = None
    policy: Policy | None = None

    def run_check(self) -> Check:
        """Run the check; samples of the case replace the steady ones of the same name."""
        scraped = replace(
            make_evidence(self.spec, {**STEADY, **self.samples}, self.server_values, window=self.window),
            clock_skew_seconds=self.skew_seconds,
            round_trip_seconds=self.round_trip_seconds,
        )
        checks = check_evidence(self.spec, EvidenceReader(scraped), self.run, self.policy)
        return next(check for check in checks if check.name == self.check)


RUNS = {
    "the run completed its profile": Case(
        "run", PASS, run=run_record(70), text="locust ran the whole profile"
    ),
    "the load was interrupted": Case(
        "run", Reason.INTERRUPTED, run=replace(run_record(70), interrupted=True)
    ),
    "the load was aborted": Case(
        "run",
        Reason.INTERRUPTED,
        run=replace(run_record(70), aborted="p99 above 2 s"),
        text="the load was aborted: p99 above 2 s",
    ),
    "two of three generator processes were lost": Case(
        "load_delivered",
        PASS,
        run=replace(
            run_record(70), processes=tuple(GeneratorProcess("here", n, lost=n > 1) for n in (1, 2, 3))
        ),
        text="10.0 ms late; 2 of 3 generator processes were lost",
    ),
    "all offered requests were sent": Case(
        "load_delivered",
        PASS,
        run=run_record(70),
        numbers={"offered": 70, "sent": 70, "dropped": 0, "lateness_p95_seconds": 0.01},
        text="70 of 70 offered requests were sent, 95 % of them at most 10.0 ms late",
    ),
    "99 % of the offered requests were sent": Case("load_delivered", PASS, run=run_record(990, offered=1000)),
    "98.9 % of the offered requests were sent": Case(
        "load_delivered",
        Reason.LOAD_NOT_DELIVERED,
        run=run_record(989, offered=1000),
        numbers={"offered": 1000, "sent": 989, "dropped": 11},
    ),
    "no requests were offered": Case("load_delivered", Reason.LOAD_NOT_DELIVERED, run=run_record(0)),
    "lateness equal to the limit": Case(
        "load_delivered", PASS, run=run_record(70, lateness_seconds=1.0), text="at most 1000.0 ms late"
    ),
    "lateness above the limit": Case(
        "load_delivered", Reason.LOAD_NOT_DELIVERED, run=run_record(70, lateness_seconds=1.001)
    ),
    "1 % of the tasks raised": Case(
        "load_delivered",
        PASS,
        run=replace(run_record(70), tasks=TaskCounts(200, 2, errors={"KeyError: 'a'": 2})),
        text="2 of 200 tasks raised, most often (2 times) KeyError: 'a'",
    ),
    "more than 1 % of the tasks raised": Case(
        "load_delivered",
        Reason.LOAD_NOT_DELIVERED,
        run=replace(run_record(70), tasks=TaskCounts(200, 3, errors={"KeyError: 'a'": 3})),
        numbers={"tasks": 200, "tasks_raised": 3},
    ),
    "all tasks raised after their first request": Case(
        "load_delivered", Reason.LOAD_NOT_DELIVERED, run=replace(run_record(70), tasks=TaskCounts(70, 70))
    ),
    "one of many users did not start": Case(
        "load_delivered",
        Reason.LOAD_NOT_DELIVERED,
        run=replace(run_record(70), tasks=TaskCounts(1_000, failed_starts=1)),
        text="on_start of 1 users raised",
    ),
    "lateness was not measured": Case(
        "load_delivered",
        PASS,
        run=replace(run_record(70), total=replace(run_record(70).total, lateness=Quantiles())),
    ),
}

RESTARTS = {
    "a process without a restart": Case(
        "restarts", PASS, {PROCESS_START: "10x7"}, run_record(70), {"restarted": 0}
    ),
    "a process restarted during a run": Case(
        "restarts",
        Reason.TARGET_RESTARTED,
        {PROCESS_START: "10x3 130x3"},
        run_record(70),
        {"restarted": 1},
        "api api:80",
    ),
    "a process restarted just before the scrape that closes the window": Case(
        "restarts", Reason.TARGET_RESTARTED, {PROCESS_START: "10x6 161"}, run_record(70), {"restarted": 1}
    ),
    "one of two processes restarted": Case(
        "restarts",
        Reason.TARGET_RESTARTED,
        {PROCESS_START: "10x7", f'{PROCESS_START}{{instance="b:80"}}': "10x3 130x3"},
        run_record(70),
        {"restarted": 1},
        "api b:80",
    ),
    "two processes of one scrape target without a restart": Case(
        "restarts",
        PASS,
        {f'{PROCESS_START}{{pid="1"}}': "10x7", f'{PROCESS_START}{{pid="2"}}': "20x7"},
        run_record(70),
    ),
    "a process restarted in a window without a run": Case(
        "restarts", PASS, {PROCESS_START: "10x3 130x3"}, None, {"restarted": 1}, "counted across"
    ),
    "a process restarted before the window": Case(
        "restarts",
        PASS,
        {PROCESS_START: "10x1 110x5"},
        run_record(50),
        {"restarted": 0},
        window=Window(120, 160),
    ),
    "a process restarted after the window": Case(
        "restarts", PASS, {PROCESS_START: "10x7 180"}, run_record(70), {"restarted": 0}
    ),
    "a service without process start times": Case("restarts", SKIP, run=run_record(70)),
    "a counter reset during a run, without process start times": Case(
        "restarts", Reason.TARGET_RESTARTED, {OK: RESET}, run_record(60), {"restarted": 1}, "api api:80"
    ),
    "one of two targets has no process start time, and its counter was reset": Case(
        "restarts",
        Reason.TARGET_RESTARTED,
        {PROCESS_START: "10x7", f'{ALL}{{instance="b:80"}}': RESET},
        run_record(70),
        {"restarted": 1},
        "api b:80",
    ),
    "a counter reset in a window without a run": Case(
        "restarts", PASS, {OK: RESET}, None, {"restarted": 1}, "counted across"
    ),
    "a counter reset after the window, without process start times": Case(
        "restarts", SKIP, {OK: "0+10x7 0"}, run_record(70)
    ),
    "a reset of a counter whose name does not end in _total": Case(
        "restarts",
        Reason.TARGET_RESTARTED,
        {"orders": RESET, "paid": "0+10x7"},
        run_record(70),
        spec=Spec((slo_of(EventsSLI(PromQL("orders"), PromQL("paid")), Objective("o", 0.9)),)),
    ),
    "histogram buckets were reset": Case(
        "restarts",
        Reason.TARGET_RESTARTED,
        bucket_samples(le_0_1=RESET, total=RESET),
        run_record(70),
        spec=spec_of(latency_slo(0.1)),
    ),
    "a gauge with _count in its name decreases": Case(
        "restarts", SKIP, {"worker_count": "9-1x7"}, run_record(70), spec=spec_of(WORKERS)
    ),
    "summed samples with _total in their name decrease": Case(
        "restarts",
        SKIP,
        {"batch_total": "9-1x7", "batch_ok_total": "9-1x7"},
        run_record(70),
        spec=spec_of(
            slo_of(
                EventsSLI(PromQL("batch_total"), PromQL("batch_ok_total"), counter=False), Objective("o", 0.9)
            )
        ),
    ),
}

TARGETS = {
    "a target answered every scrape": Case("up", PASS, numbers={"failed_scrapes": 0}),
    "three failed scrapes in a row": Case("up", PASS, {"up": "1x1 0x2 1x2"}, numbers={"failed_scrapes": 3}),
    "four failed scrapes in a row": Case(
        "up", Reason.TARGET_DOWN, {"up": "1x1 0x3 1x1"}, numbers={"failed_scrapes": 4}, text="api api:80"
    ),
    "four failed scrapes, not in a row": Case(
        "up", PASS, {"up": "1 0x1 1 0x1 1x1"}, numbers={"failed_scrapes": 4}
    ),
    "the scrape that closes the window failed": Case("up", Reason.TARGET_DOWN, {"up": "1x6 0"}),
    "a target never answered": Case("up", Reason.TARGET_DOWN, {"up": "0x7"}),
    "one of two targets was down": Case(
        "up", Reason.TARGET_DOWN, {"up": "1x7", 'up{instance="b:80"}': "1x1 0x5"}, text="api b:80"
    ),
    "a target without a job label was down": Case(
        "up", Reason.TARGET_DOWN, {'up{job="",instance="b:80"}': "0x7"}, text="scrapes: target b:80 ("
    ),
    "failed scrapes before the window": Case("up", PASS, {"up": "0x4 1x2"}, window=Window(150, 160)),
}

SCRAPES = {
    "a scrape before the window, one after it, and none missing": Case(
        "scrapes", PASS, numbers={"scrape_interval_seconds": 10}
    ),
    "three missing scrapes in a row": Case("scrapes", PASS, {"up": "1x1 _x3 1x2"}),
    "four missing scrapes in a row": Case(
        "scrapes", Reason.SCRAPE_GAP, {"up": "1x1 _x4 1x1"}, text="was not scraped for 50.0 s"
    ),
    "four missing scrapes at the window's end": Case("scrapes", Reason.SCRAPE_GAP, {"up": "1x2 _x4 1"}),
    "no scrape before the window": Case(
        "scrapes", Reason.SCRAPE_GAP, {"up": "_ 1x6"}, text="was not scraped just before the window"
    ),
    "the last scrape before the window is too old": Case(
        "scrapes",
        Reason.SCRAPE_GAP,
        {"up": "1 _x5 1x1"},
        window=Window(150, 160),
        text="was not scraped just before the window",
    ),
    "no scrape after the window": Case(
        "scrapes", Reason.SCRAPE_GAP, {"up": "1x6 _"}, text="was not scraped after the window"
    ),
    "a failed scrape does not close the window": Case("scrapes", Reason.SCRAPE_GAP, {"up": "1x6 0"}),
    "one of two targets was not scraped after the window": Case(
        "scrapes", Reason.SCRAPE_GAP, {"up": "1x7", 'up{instance="b:80"}': "1x6 _"}, text="api b:80"
    ),
}

OTHER = 'up{instance="b:80"}'
DEPLOYMENTS = {
    "a replica disappeared in a window without a run": Case(
        "scrapes",
        PASS,
        {"up": "1x7", OTHER: "1x3"},
        numbers={"departed": 1},
        text="; 1 targets disappeared: events after their last scrape are unknown",
    ),
    "a replica that disappeared had answered its last scrape": Case("up", PASS, {"up": "1x7", OTHER: "1x3"}),
    "a replica disappeared during a run": Case(
        "scrapes",
        Reason.SCRAPE_GAP,
        {"up": "1x7", OTHER: "1x3"},
        run_record(70),
        text="api b:80 was not scraped",
    ),
    "a replica that disappeared did not answer its last scrape": Case(
        "up", PASS, {"up": "1x7", OTHER: "1x3 0"}
    ),
    "the scrapes of a replica had failed for too long when it disappeared": Case(
        "up", Reason.TARGET_DOWN, {"up": "1x7", OTHER: "1 0x4"}, text="api b:80"
    ),
    "a replica that disappeared had never answered": Case(
        "up", Reason.TARGET_DOWN, {"up": "1x7", OTHER: "0x5"}, numbers={"failed_scrapes": 6}
    ),
    "the scrapes of a replica failed from the start, but not for too long": Case(
        "up", PASS, {"up": "1x7", OTHER: "0x4"}
    ),
    "one scrape of each of two targets failed": Case(
        "up", PASS, {"up": "1 0 1x5", OTHER: "1 1 0 1x4"}, numbers={"failed_scrapes": 2}
    ),
    "two targets are down": Case(
        "up",
        Reason.TARGET_DOWN,
        {"up": "1x6 0", OTHER: "1x6 0"},
        text=": api api:80, api b:80 (2 scrapes failed)",
    ),
    "two targets restarted": Case(
        "restarts",
        Reason.TARGET_RESTARTED,
        {
            "up": "1x7",
            OTHER: "1x7",
            PROCESS_START: "10x3 130x3",
            f'{PROCESS_START}{{instance="b:80"}}': "10x3 130x3",
        },
        run_record(70),
        text="window: api api:80, api b:80",
    ),
    "two targets were not scraped after the window": Case(
        "scrapes", Reason.SCRAPE_GAP, {"up": "1x6 _", OTHER: "1x6 _"}, text="after the window; api b:80 was"
    ),
    "a replica that disappeared had a gap in its scrapes": Case(
        "scrapes", Reason.SCRAPE_GAP, {"up": "1x7", OTHER: "1 _x5 1"}, window=Window(100, 165)
    ),
    "a replica disappeared before the window of a run": Case(
        "scrapes",
        PASS,
        {"up": "1x7", OTHER: "1"},
        run_record(70),
        window=Window(150, 160),
        text="and no gap in between",
    ),
    "a replica that disappeared before the window did not answer its last scrape": Case(
        "up", PASS, {"up": "1x7", OTHER: "0"}, run_record(70)
    ),
    "a replica that was scraped until just before the end can still be scraped": Case(
        "scrapes", Reason.SCRAPE_GAP, {"up": "1x7", OTHER: "1x6"}, text="api b:80 was not scraped after"
    ),
    "the last replica of its job disappeared": Case(
        "scrapes", Reason.SCRAPE_GAP, {"up": "1x7", 'up{job="b",instance="b:80"}': "1x3"}, text="b b:80 was"
    ),
}

COUNTED = {
    "the service counted as many requests as were sent": Case(
        "counts_reconcile",
        PASS,
        run=run_record(70),
        numbers={"sent": 70, "completed": 70, "counted": 70, "difference": 0},
        text="70 requests sent, 70 counted by the service, difference 0",
    ),
    "the service counted one request more than were sent": Case(
        "counts_reconcile",
        Reason.COUNTS_DO_NOT_RECONCILE,
        run=run_record(69),
        numbers={"difference": 1},
        text="+1",
    ),
    "the service counted one request less than had a response": Case(
        "counts_reconcile",
        Reason.COUNTS_DO_NOT_RECONCILE,
        run=run_record(71),
        numbers={"difference": -1},
        text="-1",
    ),
    "some of the requests without a response were counted": Case(
        "counts_reconcile", PASS, run=run_record(72, completed=69), text="3 got no response"
    ),
    "all of the requests without a response were counted": Case(
        "counts_reconcile", PASS, run=run_record(70, completed=65), numbers={"difference": 0}
    ),
    "none of the requests without a response were counted": Case(
        "counts_reconcile", PASS, run=run_record(75, completed=70), numbers={"difference": -5}
    ),
    "there are requests without a response, and the service counted fewer than had one": Case(
        "counts_reconcile", Reason.COUNTS_DO_NOT_RECONCILE, run=run_record(75, completed=71)
    ),
    "the service counted no requests": Case(
        "counts_reconcile", Reason.COUNTS_DO_NOT_RECONCILE, {OK: "0x7"}, run_record(70), {"counted": 0}
    ),
    "the query of the count failed": Case(
        "counts_reconcile", Reason.QUERY_FAILED, run=run_record(70), server_values={ALL: "query timed out"}
    ),
    "the count at the window's start is unknown": Case(
        "counts_reconcile", Reason.SCRAPE_GAP, {OK: "_ 5+10x6", "up": "_ 1x6"}, run_record(70)
    ),
    "no service names the counter of its requests, and the spec counts nothing": Case(
        "counts_reconcile",
        SKIP,
        {"worker_count": "9x7"},
        run=run_record(70),
        spec=Spec((WORKERS,)),
        text="no Service of the spec has the annotation proofload/requests",
    ),
}

CLOCKS = {
    "the clocks agree": Case(
        "clock",
        PASS,
        skew_seconds=0.0,
        round_trip_seconds=0.004,
        numbers={"clock_skew_seconds": 0.0, "round_trip_seconds": 0.004},
        text="Prometheus's clock is 0.000 s behind the local clock (± 0.002 s)",
    ),
    "Prometheus's clock is ahead by the limit": Case(
        "clock", PASS, skew_seconds=2.0, text="Prometheus's clock is 2.000 s ahead of the local clock"
    ),
    "Prometheus's clock is behind by the limit": Case(
        "clock", PASS, skew_seconds=-2.0, text="2.000 s behind the local clock"
    ),
    "the skew minus half of the round trip is within the limit": Case(
        "clock", PASS, skew_seconds=2.1, round_trip_seconds=0.2
    ),
    "the skew minus half of the round trip is above the limit": Case(
        "clock",
        Reason.CLOCK_SKEW,
        skew_seconds=2.15,
        round_trip_seconds=0.2,
        numbers={"clock_skew_seconds": 2.15, "round_trip_seconds": 0.2},
        text="ahead of the local clock (± 0.100 s); at most 2 s is allowed",
    ),
    "Prometheus's clock is far behind": Case(
        "clock", Reason.CLOCK_SKEW, skew_seconds=-7.0, text="7.000 s behind the local clock"
    ),
}

CASES = CLOCKS | RUNS | RESTARTS | TARGETS | SCRAPES | DEPLOYMENTS | COUNTED
