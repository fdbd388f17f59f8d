"""Checks of the evidence: what each finds, with its reason and its figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from slo.checks import check_evidence
from slo.counted import Counted
from slo.model import Check, CheckStatus, Quantiles, QueryResult, Reason, RunRecord, Spec, Window
from slo.queries import UP
from tests.slo.evidence_cases import ALL, ERRORS, OK, WINDOW, availability, evidence, sent, spec_of

PASS, SKIP = CheckStatus.PASS, CheckStatus.SKIP
SPEC = spec_of(availability())
STEADY = {OK: "0+10x7"}
BORN = "process_start_time_seconds"


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

    def made(self) -> Check:
        """Make the check; samples of the case replace the steady ones of the same name."""
        seen = evidence(self.spec, {**STEADY, **self.samples}, self.answers, window=self.window)
        return next(c for c in check_evidence(self.spec, Counted(seen), self.run) if c.name == self.check)


RUNS = {
    "the whole profile was run": Case("run", PASS, run=sent(70), says="locust ran the whole profile"),
    "the load was interrupted": Case("run", Reason.INTERRUPTED, run=replace(sent(70), interrupted=True)),
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
    "as late as it may be": Case("load_delivered", PASS, run=sent(70, late=1.0)),
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
        "counts_reconcile", SKIP, run=sent(70), spec=Spec((availability(),))
    ),
}

CASES = RUNS | RESTARTS | TARGETS | SCRAPES | COUNTED


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_check_says_what_it_found(case: Case) -> None:
    check = case.made()
    reason = case.expected if isinstance(case.expected, Reason) else None
    status = CheckStatus.FAIL if isinstance(case.expected, Reason) else case.expected
    assert (check.status, check.reason) == (status, reason), check.detail
    assert {name: check.numbers.get(name) for name in case.numbers} == dict(case.numbers)
    assert check.detail
    assert case.says in check.detail


@pytest.mark.parametrize(
    ("run", "names"),
    [
        pytest.param(None, ["prometheus", "restarts", "up", "scrapes"], id="a window, whoever made its load"),
        pytest.param(
            sent(70),
            ["prometheus", "run", "restarts", "up", "scrapes", "load_delivered", "counts_reconcile"],
            id="a run",
        ),
    ],
)
def test_the_checks_come_most_causal_first(run: RunRecord | None, names: list[str]) -> None:
    assert [check.name for check in check_evidence(SPEC, Counted(evidence(SPEC, STEADY)), run)] == names


def test_nothing_else_is_checked_when_prometheus_does_not_answer() -> None:
    seen = evidence(SPEC, {}, error="prometheus:9090 does not answer")
    (check,) = check_evidence(SPEC, Counted(seen), sent(70))
    assert (check.status, check.reason) == (CheckStatus.FAIL, Reason.PROMETHEUS_UNREACHABLE)
    assert check.detail == "prometheus:9090 does not answer"


def _without_up(results: Mapping[str, QueryResult]) -> list[Check]:
    seen = replace(evidence(SPEC, {}), results=results)
    return [c for c in check_evidence(SPEC, Counted(seen), None) if c.name in {"up", "scrapes"}]


@pytest.mark.parametrize(
    ("exact", "samples", "expected"),
    [
        pytest.param(True, STEADY, (PASS, None), id="the samples themselves tell when scrapes were"),
        pytest.param(True, {}, (CheckStatus.FAIL, Reason.NO_DATA), id="no samples, no scrapes"),
        pytest.param(False, STEADY, (SKIP, None), id="values that Prometheus computed are no samples"),
    ],
)
def test_where_targets_are_not_known(
    exact: bool, samples: Mapping[str, str], expected: tuple[CheckStatus, Reason | None]
) -> None:
    given = evidence(SPEC, samples).results
    asked = {query: replace(given[query], exact=exact) for query in (ALL, ERRORS)}
    up, scrapes = _without_up(asked)
    assert UP not in asked
    assert up.status is SKIP
    assert (scrapes.status, scrapes.reason) == expected
