"""Terminal, HTML, Markdown and CSV show the counts of the verdict, and no others."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from proofload.output import print_load_summary, print_summary
from reports.writers.write import WRITERS
from slo.counting import EvidenceObservations, EvidenceReader
from slo.evaluation import evaluate
from slo.model import Proof, Reason, RequestCounts, summarize_failed_requests
from slo.promql import parse_selector
from tests.support.evidence import (
    ALL,
    FAULTY,
    OK,
    availability_slo,
    failing_run,
    make_evidence,
    run_record,
    spec_of,
)
from tests.support.proofs import met, missed, past_window, undecided

UNAUTHORIZED = 'http_requests_total{status="401"}'


def make_proof(samples: dict[str, str], sent: int) -> Proof:
    spec = spec_of(availability_slo(target=0.5))
    evidence, run = make_evidence(spec, samples), run_record(sent)
    return Proof(evaluate(spec, evidence, run), evidence, spec, EvidenceObservations(evidence), run)


def restarted() -> Proof:
    """A restart that only ``process_start_time_seconds`` shows: the counter never falls.

    130 more on the counter, but the new process began at zero: 20 before its start and 140 since.
    """
    samples = {OK: "10 20 30 140x4", FAULTY: "0x7", "process_start_time_seconds": "10x2 120x4"}
    return make_proof(samples, 160)


def with_resets() -> Proof:
    return make_proof({OK: "100 110 5 15 25 35 45 55", FAULTY: "_ _ 3 4 1 1 1 1"}, 70)


PROOFS: dict[str, Callable[[], Proof]] = {
    "a restart that only the process start shows": restarted,
    "counters that are reset, and a new series": with_resets,
    "objectives that are met": met,
    "objectives that are missed": missed,
    "objectives that are undecided": undecided,
    "a past window": past_window,
}


def render(proof: Proof, writer: str) -> str:
    stream = io.StringIO()
    WRITERS[writer].write(proof, stream)
    return stream.getvalue()


def extract_text(page: str) -> str:
    return unescape(re.sub(r"<(style|svg).*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL))


def read_evidence_tables(page: str) -> dict[str, float]:
    """Return the sum of the last column (``counted``) of the table of each counter, by its query."""
    sums = {}
    for table in page.split("<details")[1:]:
        query = re.search(r"<summary><code>(.*?)</code>", table)
        if query and ">counted</th>" in table and "more series" not in table:
            counted = re.findall(r'<td class="num">([\d,.]+)</td></tr>', table)
            sums[unescape(query[1])] = sum(float(number.replace(",", "")) for number in counted)
    return sums


def read_pairs(text: str) -> set[tuple[int, int]]:
    """Read all ``60 bad of 3,000`` of a text."""
    pairs = re.findall(r"([\d,]+) bad of ([\d,]+)", text)
    return {(int(bad.replace(",", "")), int(total.replace(",", ""))) for bad, total in pairs}


def judged_pairs(proof: Proof) -> set[tuple[float | None, float | None]]:
    return {(objective.bad, objective.total) for objective in proof.verdict.objectives}


def flaky() -> Proof:
    """Of 70 requests, 14 got a 401 that nothing counts as bad, and one no response."""
    spec, samples = spec_of(availability_slo(target=0.5)), {OK: "0+8x7", UNAUTHORIZED: "0+2x7"}
    evidence = make_evidence(spec, samples)
    run = failing_run(70, ("unexpected answer", 401, 14), ("timed out", 0, 1))
    run = replace(run, requests={"search <b>": run.total, **{f"n{n}": RequestCounts(1, 1) for n in range(3)}})
    return Proof(evaluate(spec, evidence, run), evidence, spec, EvidenceObservations(evidence), run)


FAILED_TEXTS = ("15 of 70 requests failed", "search <b>", "unexpected answer (status 401)", "timed out")


def test_every_report_shows_the_failed_requests_by_name_and_reason(
    capsys: pytest.CaptureFixture[str],
) -> None:
    proof = flaky()
    print_summary(proof, None)
    texts = {"terminal": capsys.readouterr().out}
    texts |= {name: unescape(render(proof, name)) for name in ("html", "markdown", "junit")}
    texts["html"] = extract_text(render(proof, "html"))
    for name, text in texts.items():
        assert not [part for part in FAILED_TEXTS if part not in text], (name, text)
        assert "70 requests sent, 70 counted, difference 0, 15 failed" in " ".join(text.split()), name
    rows = json.loads(render(proof, "json"))["failed_requests"]["rows"]
    assert rows == [
        {"request": "search <b>", "error": "unexpected answer", "status": 401, "count": 14},
        {"request": "search <b>", "error": "timed out", "status": 0, "count": 1},
    ]


def test_the_summary_of_a_load_shows_failed_and_dropped_requests(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run = failing_run(70, ("status 401", 401, 14), ("timed out", 0, 1))
    total = replace(run.total, errors={"status 401": 14, "timed out": 3, "no user was free": 4})
    print_load_summary(replace(run, total=total, requests={"search": total}), tmp_path)
    text = capsys.readouterr().out
    for line in (
        "15 of 70 requests failed",
        "14 search: status 401",
        "1 search: timed out",
        "2 dropped: timed out",
        "4 dropped: no user was free",
    ):
        assert line in text, text


def test_a_long_list_of_failed_requests_is_bounded_in_every_report(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = failing_run(700, *((f"error {n} " + "long " * 100, 200, 1) for n in range(150)))
    proof = replace(
        flaky(), run=run, verdict=replace(flaky().verdict, failed_requests=summarize_failed_requests(run))
    )
    print_summary(proof, None)
    terminal = capsys.readouterr().out
    assert "and 140 more, of 140 names and reasons" in terminal
    assert "and 130 more, of 130 names and reasons" in render(proof, "markdown")
    assert "and 130 more, of 130 names and reasons" in render(proof, "junit")
    assert "and 50 more, of 50 names and reasons" in render(proof, "html")
    failed = json.loads(render(proof, "json"))["failed_requests"]
    assert (len(failed["rows"]), failed["omitted"], failed["omitted_count"]) == (100, 50, 50)


@pytest.mark.parametrize("make", PROOFS.values(), ids=PROOFS)
def test_reports_show_the_events_of_the_verdict(make: Callable[[], Proof]) -> None:
    proof = make()
    assert read_pairs(render(proof, "markdown")) == judged_pairs(proof)
    assert read_pairs(extract_text(render(proof, "html"))) == judged_pairs(proof)
    rows = csv.DictReader(io.StringIO(render(proof, "csv")))
    assert {(float(row["bad"]), float(row["total"])) for row in rows} == judged_pairs(proof)


@pytest.mark.parametrize("make", PROOFS.values(), ids=PROOFS)
def test_the_evidence_table_counts_what_the_verdict_counts(make: Callable[[], Proof]) -> None:
    proof = make()
    tables, reader = read_evidence_tables(render(proof, "html")), EvidenceReader(proof.evidence)
    assert len(tables) > 1
    for query, shown in tables.items():
        assert shown == reader.count_increase(parse_selector(query)).events, query


def test_a_restart_that_only_the_process_start_shows_has_one_count_everywhere(
    capsys: pytest.CaptureFixture[str],
) -> None:
    proof = restarted()
    assert [objective.reason for objective in proof.verdict.objectives] == [Reason.TARGET_RESTARTED]
    assert judged_pairs(proof) == {(0, 160)}
    print_summary(proof, None)
    assert "160 requests sent, 160 counted" in capsys.readouterr().out
    for writer in ("html", "markdown", "junit"):
        text = extract_text(render(proof, writer))
        assert "160 requests sent, 160 counted" in text, writer
        assert "130" not in text, writer
    assert "http_requests_total" in ALL
