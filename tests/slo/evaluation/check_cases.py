"""Evidence and what a check of it finds, one sentence a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from slo.counting.evidence_reader import Counted
from slo.evaluation.checks import check_evidence
from slo.model import (
    Check,
    CheckStatus,
    EventsSLI,
    GeneratorProcess,
    Objective,
    Op,
    PromQL,
    Quantiles,
    Reason,
    RunRecord,
    Spec,
    ThresholdSLI,
    Window,
)
from tests.support.evidence import (
    ALL,
    OK,
    WINDOW,
    availability,
    buckets,
    evidence,
    quick,
    sent,
    slo_of,
    spec_of,
)

PASS, SKIP = CheckStatus.PASS, CheckStatus.SKIP
SPEC = spec_of(availability())
STEADY = {OK: "0+10x7"}
BORN = "process_start_time_seconds"
RESET = "0+10x3 0+10x3"
WORKERS = slo_of(ThresholdSLI(PromQL("worker_count")), Objective("o", 0.5, Op.GTE, 1))


@dataclass(frozen=True)
class Case:
    """Evidence, the books of the run, and one check of them; a reason stands for a failure with it."""

    check: str
    expected: CheckStatus | Reason
    samples: Mapping[str, str] = field(default_factory=dict)
    run: RunRecord | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)
    says: str = ""
    window: Window = WINDOW
    answers: Mapping[str, str] = field(default_factory=dict)
    spec: Spec = SPEC
    skew_seconds: float | None = None
    round_trip_seconds: float | None = None

    def made(self) -> Check:
        """Make the check; samples of the case replace the steady ones of the same name."""
        seen = replace(
            evidence(self.spec, {**STEADY, **self.samples}, self.answers, window=self.window),
            clock_skew_seconds=self.skew_seconds,
            round_trip_seconds=self.round_trip_seconds,
        )
        return next(c for c in check_evidence(self.spec, Counted(seen), self.run) if c.name == self.check)


RUNS = {
    "the whole profile was run": Case("run", PASS, run=sent(70), says="locust ran the whole profile"),
    "the load was interrupted": Case("run", Reason.INTERRUPTED, run=replace(sent(70), interrupted=True)),
    "the load was given up": Case(
        "run",
        Reason.INTERRUPTED,
        run=replace(sent(70), aborted="p99 above 2 s"),
        says="the load was given up: p99 above 2 s",
    ),
    "two processes of three were lost": Case(
        "load_delivered",
        PASS,
        run=replace(sent(70), processes=tuple(GeneratorProcess("here", n, lost=n > 1) for n in (1, 2, 3))),
        says="10.0 ms late; 2 of 3 generator processes were lost",
    ),
    "all that was offered was sent": Case(
        "load_delivered",
        PASS,
        run=sent(70),
        numbers={"offered": 70, "sent": 70, "dropped": 0, "lateness_p95_seconds": 0.01},
        says="70 of 70 offered requests were sent, 95 % of them at most 10.0 ms late",
    ),
    "99 % of what was offered was sent": Case("load_delivered", PASS, run=sent(990, offered=1000)),
    "98.9 % of what was offered was sent": Case(
        "load_delivered",
        Reason.LOAD_NOT_DELIVERED,
        run=sent(989, offered=1000),
        numbers={"offered": 1000, "sent": 989, "dropped": 11},
    ),
    "nothing was offered": Case("load_delivered", Reason.LOAD_NOT_DELIVERED, run=sent(0)),
    "as late as it may be": Case(
        "load_delivered", PASS, run=sent(70, late=1.0), says="at most 1000.0 ms late"
    ),
    "later than it may be": Case("load_delivered", Reason.LOAD_NOT_DELIVERED, run=sent(70, late=1.001)),
    "lateness that was not measured": Case(
        "load_delivered", PASS, run=replace(sent(70), total=replace(sent(70).total, lateness=Quantiles()))
    ),
}

RESTARTS = {
    "a process that goes on": Case("restarts", PASS, {BORN: "10x7"}, sent(70), {"restarted": 0}),
    "a process that began anew during a run": Case(
        "restarts", Reason.TARGET_RESTARTED, {BORN: "10x3 130x3"}, sent(70), {"restarted": 1}, "api api:80"
    ),
    "a process that began anew just before the scrape that closes the window": Case(
        "restarts", Reason.TARGET_RESTARTED, {BORN: "10x6 161"}, sent(70), {"restarted": 1}
    ),
    "one process of two began anew": Case(
        "restarts",
        Reason.TARGET_RESTARTED,
        {BORN: "10x7", f'{BORN}{{instance="b:80"}}': "10x3 130x3"},
        sent(70),
        {"restarted": 1},
        "api b:80",
    ),
    "two processes behind one target that both go on": Case(
        "restarts", PASS, {f'{BORN}{{pid="1"}}': "10x7", f'{BORN}{{pid="2"}}': "20x7"}, sent(70)
    ),
    "a process that began anew in a window that is judged whoever made its load": Case(
        "restarts", PASS, {BORN: "10x3 130x3"}, None, {"restarted": 1}, "counted across"
    ),
    "a process that began anew before the window": Case(
        "restarts", PASS, {BORN: "10x1 110x5"}, sent(50), {"restarted": 0}, window=Window(120, 160)
    ),
    "a process that began anew after the window": Case(
        "restarts", PASS, {BORN: "10x7 180"}, sent(70), {"restarted": 0}
    ),
    "a service that does not tell when it began": Case("restarts", SKIP, run=sent(70)),
    "a counter that began anew during a run, and no start time tells of it": Case(
        "restarts", Reason.TARGET_RESTARTED, {OK: RESET}, sent(60), {"restarted": 1}, "api api:80"
    ),
    "one target of two does not tell when it began, and its counter began anew": Case(
        "restarts",
        Reason.TARGET_RESTARTED,
        {BORN: "10x7", f'{ALL}{{instance="b:80"}}': RESET},
        sent(70),
        {"restarted": 1},
        "api b:80",
    ),
    "a counter that began anew in a window that is judged whoever made its load": Case(
        "restarts", PASS, {OK: RESET}, None, {"restarted": 1}, "counted across"
    ),
    "a counter that began anew after the window, and no start time tells of it": Case(
        "restarts", SKIP, {OK: "0+10x7 0"}, sent(70)
    ),
    "a counter without the usual ending that began anew": Case(
        "restarts",
        Reason.TARGET_RESTARTED,
        {"orders": RESET, "paid": "0+10x7"},
        sent(70),
        spec=Spec((slo_of(EventsSLI(PromQL("orders"), PromQL("paid")), Objective("o", 0.9)),)),
    ),
    "buckets that began anew": Case(
        "restarts",
        Reason.TARGET_RESTARTED,
        buckets(le_0_1=RESET, total=RESET),
        sent(70),
        spec=spec_of(quick(0.1)),
    ),
    "a gauge that falls, whatever its name": Case(
        "restarts", SKIP, {"worker_count": "9-1x7"}, sent(70), spec=spec_of(WORKERS)
    ),
    "samples to be summed that fall, whatever their name": Case(
        "restarts",
        SKIP,
        {"batch_total": "9-1x7", "batch_ok_total": "9-1x7"},
        sent(70),
        spec=spec_of(
            slo_of(
                EventsSLI(PromQL("batch_total"), PromQL("batch_ok_total"), counter=False), Objective("o", 0.9)
            )
        ),
    ),
}

TARGETS = {
    "a target that answered every scrape": Case("up", PASS, numbers={"failed_scrapes": 0}),
    "three failed scrapes in a row": Case("up", PASS, {"up": "1x1 0x2 1x2"}, numbers={"failed_scrapes": 3}),
    "four failed scrapes in a row": Case(
        "up", Reason.TARGET_DOWN, {"up": "1x1 0x3 1x1"}, numbers={"failed_scrapes": 4}, says="api api:80"
    ),
    "four failed scrapes, not in a row": Case(
        "up", PASS, {"up": "1 0x1 1 0x1 1x1"}, numbers={"failed_scrapes": 4}
    ),
    "the scrape that closes the window failed": Case("up", Reason.TARGET_DOWN, {"up": "1x6 0"}),
    "a target that never answered": Case("up", Reason.TARGET_DOWN, {"up": "0x7"}),
    "one target of two was down": Case(
        "up", Reason.TARGET_DOWN, {"up": "1x7", 'up{instance="b:80"}': "1x1 0x5"}, says="api b:80"
    ),
    "a target without a job that was down": Case(
        "up", Reason.TARGET_DOWN, {'up{job="",instance="b:80"}': "0x7"}, says="scrapes: target b:80 ("
    ),
    "failures before the window": Case("up", PASS, {"up": "0x4 1x2"}, window=Window(150, 160)),
}

SCRAPES = {
    "a scrape before the window, one after it and none lost": Case(
        "scrapes", PASS, numbers={"scrape_interval_seconds": 10}
    ),
    "three scrapes lost in a row": Case("scrapes", PASS, {"up": "1x1 _x3 1x2"}),
    "four scrapes lost in a row": Case(
        "scrapes", Reason.SCRAPE_GAP, {"up": "1x1 _x4 1x1"}, says="was not scraped for 50.0 s"
    ),
    "four scrapes lost at the window's end": Case("scrapes", Reason.SCRAPE_GAP, {"up": "1x2 _x4 1"}),
    "no scrape before the window": Case(
        "scrapes", Reason.SCRAPE_GAP, {"up": "_ 1x6"}, says="was not scraped just before the window"
    ),
    "the last scrape before the window is long ago": Case(
        "scrapes",
        Reason.SCRAPE_GAP,
        {"up": "1 _x5 1x1"},
        window=Window(150, 160),
        says="was not scraped just before the window",
    ),
    "no scrape after the window": Case(
        "scrapes", Reason.SCRAPE_GAP, {"up": "1x6 _"}, says="was not scraped after the window"
    ),
    "a failed scrape is none": Case("scrapes", Reason.SCRAPE_GAP, {"up": "1x6 0"}),
    "one target of two was not scraped": Case(
        "scrapes", Reason.SCRAPE_GAP, {"up": "1x7", 'up{instance="b:80"}': "1x6 _"}, says="api b:80"
    ),
}

OTHER = 'up{instance="b:80"}'
DEPLOYMENTS = {
    "a replica left, in a window that is judged whoever made its load": Case(
        "scrapes",
        PASS,
        {"up": "1x7", OTHER: "1x3"},
        numbers={"departed": 1},
        says="; 1 targets left: what they counted after their last scrape is not known",
    ),
    "a replica left, and answered": Case("up", PASS, {"up": "1x7", OTHER: "1x3"}),
    "a replica left during a run": Case(
        "scrapes", Reason.SCRAPE_GAP, {"up": "1x7", OTHER: "1x3"}, sent(70), says="api b:80 was not scraped"
    ),
    "a replica that left did not answer its last scrape": Case("up", PASS, {"up": "1x7", OTHER: "1x3 0"}),
    "a replica that left had not answered for long": Case(
        "up", Reason.TARGET_DOWN, {"up": "1x7", OTHER: "1 0x4"}, says="api b:80"
    ),
    "a replica that left had never answered": Case(
        "up", Reason.TARGET_DOWN, {"up": "1x7", OTHER: "0x5"}, numbers={"failed_scrapes": 6}
    ),
    "a replica that left had not answered from the start, but not for long": Case(
        "up", PASS, {"up": "1x7", OTHER: "0x4"}
    ),
    "a scrape of each of two targets failed": Case(
        "up", PASS, {"up": "1 0 1x5", OTHER: "1 1 0 1x4"}, numbers={"failed_scrapes": 2}
    ),
    "two targets are down": Case(
        "up",
        Reason.TARGET_DOWN,
        {"up": "1x6 0", OTHER: "1x6 0"},
        says=": api api:80, api b:80 (2 scrapes failed)",
    ),
    "two targets restarted": Case(
        "restarts",
        Reason.TARGET_RESTARTED,
        {"up": "1x7", OTHER: "1x7", BORN: "10x3 130x3", f'{BORN}{{instance="b:80"}}': "10x3 130x3"},
        sent(70),
        says="window: api api:80, api b:80",
    ),
    "two targets were not scraped after the window": Case(
        "scrapes", Reason.SCRAPE_GAP, {"up": "1x6 _", OTHER: "1x6 _"}, says="after the window; api b:80 was"
    ),
    "a replica that left was not scraped in between": Case(
        "scrapes", Reason.SCRAPE_GAP, {"up": "1x7", OTHER: "1 _x5 1"}, window=Window(100, 165)
    ),
    "a replica left before the window of a run": Case(
        "scrapes",
        PASS,
        {"up": "1x7", OTHER: "1"},
        sent(70),
        window=Window(150, 160),
        says="and no gap in between",
    ),
    "a replica that left before the window did not answer its last scrape": Case(
        "up", PASS, {"up": "1x7", OTHER: "0"}, sent(70)
    ),
    "a replica that left just now may be scraped yet": Case(
        "scrapes", Reason.SCRAPE_GAP, {"up": "1x7", OTHER: "1x6"}, says="api b:80 was not scraped after"
    ),
    "the last replica of its job left": Case(
        "scrapes", Reason.SCRAPE_GAP, {"up": "1x7", 'up{job="b",instance="b:80"}': "1x3"}, says="b b:80 was"
    ),
}

COUNTED = {
    "the service counted what was sent": Case(
        "counts_reconcile",
        PASS,
        run=sent(70),
        numbers={"sent": 70, "completed": 70, "counted": 70, "difference": 0},
        says="70 requests sent, 70 counted by the service, difference 0",
    ),
    "the service counted one more than was sent": Case(
        "counts_reconcile", Reason.COUNTS_DO_NOT_RECONCILE, run=sent(69), numbers={"difference": 1}, says="+1"
    ),
    "the service counted one less than was answered": Case(
        "counts_reconcile",
        Reason.COUNTS_DO_NOT_RECONCILE,
        run=sent(71),
        numbers={"difference": -1},
        says="-1",
    ),
    "some of the requests that got no answer were counted": Case(
        "counts_reconcile", PASS, run=sent(72, completed=69), says="3 got no answer"
    ),
    "all of the requests that got no answer were counted": Case(
        "counts_reconcile", PASS, run=sent(70, completed=65), numbers={"difference": 0}
    ),
    "none of the requests that got no answer were counted": Case(
        "counts_reconcile", PASS, run=sent(75, completed=70), numbers={"difference": -5}
    ),
    "the service counted less than was answered, beside requests without an answer": Case(
        "counts_reconcile", Reason.COUNTS_DO_NOT_RECONCILE, run=sent(75, completed=71)
    ),
    "the service counted nothing": Case(
        "counts_reconcile", Reason.COUNTS_DO_NOT_RECONCILE, {OK: "0x7"}, sent(70), {"counted": 0}
    ),
    "the count can't be asked": Case(
        "counts_reconcile", Reason.QUERY_FAILED, run=sent(70), answers={ALL: "query timed out"}
    ),
    "the count at the window's start is not known": Case(
        "counts_reconcile", Reason.SCRAPE_GAP, {OK: "_ 5+10x6", "up": "_ 1x6"}, sent(70)
    ),
    "no service says what counts its requests": Case(
        "counts_reconcile",
        SKIP,
        run=sent(70),
        spec=Spec((availability(),)),
        says="no Service of the spec has the annotation proofload/requests",
    ),
}

CLOCKS = {
    "Prometheus's clock agrees": Case(
        "clock",
        PASS,
        skew_seconds=0.0,
        round_trip_seconds=0.004,
        numbers={"clock_skew_seconds": 0.0, "round_trip_seconds": 0.004},
        says="Prometheus's clock is 0.000 s behind ours, give or take 0.002 s",
    ),
    "it is ahead, as much as it may": Case(
        "clock", PASS, skew_seconds=2.0, says="Prometheus's clock is 2.000 s ahead of ours"
    ),
    "it is behind, as much as it may": Case("clock", PASS, skew_seconds=-2.0, says="2.000 s behind ours"),
    "it may be ahead by less than half of the round trip": Case(
        "clock", PASS, skew_seconds=2.1, round_trip_seconds=0.2
    ),
    "it is ahead by more": Case(
        "clock",
        Reason.CLOCK_SKEW,
        skew_seconds=2.15,
        round_trip_seconds=0.2,
        numbers={"clock_skew_seconds": 2.15, "round_trip_seconds": 0.2},
        says="ahead of ours, give or take 0.100 s; at most 2 s can be",
    ),
    "it is far behind": Case("clock", Reason.CLOCK_SKEW, skew_seconds=-7.0, says="7.000 s behind ours"),
}

CASES = CLOCKS | RUNS | RESTARTS | TARGETS | SCRAPES | DEPLOYMENTS | COUNTED
