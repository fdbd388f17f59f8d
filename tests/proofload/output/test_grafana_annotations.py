"""Runs marked in Grafana, against a real HTTP server that stands in for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitoring.dashboards import frame
from proofload.cli import main
from proofload.output import grafana_annotations as marking
from proofload.output.grafana_annotations import annotation, mark_run
from proofload.stack.stack import free_ports
from slo.model import Proof
from tests.proofload.output.grafana_server import Grafana, grafana
from tests.support import proofs

SECRET = "glsa_not-to-be-seen"  # noqa: S105 - of a test  # pragma: allowlist secret


@pytest.fixture
def server() -> Iterator[Grafana]:
    with grafana() as running:
        yield running


def given(url: str, token: str = SECRET) -> dict[str, str]:
    return {"PROOFLOAD_GRAFANA_URL": url, "PROOFLOAD_GRAFANA_TOKEN": token}


def test_a_run_is_marked_from_its_start_to_its_end(server: Grafana) -> None:
    proof = proofs.missed()
    assert mark_run(given(server.url + "/"), proof, "20261123T160000Z-abc") is None
    [asked] = server.asked
    assert asked.path == "/api/annotations"
    assert asked.headers["Authorization"] == f"Bearer {SECRET}"
    window = proof.verdict.window
    assert asked.body == {
        "time": round(window.start * 1000),
        "timeEnd": round(window.end * 1000),
        "tags": ["proofload", "MISSED"],
        "text": "MISSED: run 20261123T160000Z-abc\n2 MET, 2 MISSED, 1 UNDECIDED\n"
        "missed: availability / No server error\nmissed: predict-latency / Within 250 ms",
    }


def test_the_dashboards_look_for_its_tag() -> None:
    assert marking.TAG == frame.TAG


def test_names_are_shown_as_they_are_written_not_as_html() -> None:
    text = annotation(proofs.hostile("<script>alert(1)</script>"), "run")["text"]
    assert "<" not in str(text)


PROOFS: dict[str, tuple[Callable[[], Proof], str]] = {
    "met": (proofs.met, "MET"),
    "undecided": (proofs.undecided, "UNDECIDED"),
    "without one objective": (
        lambda: replace(proofs.met(), verdict=replace(proofs.met().verdict, objectives=())),
        "MET",
    ),
}


@pytest.mark.parametrize("case", PROOFS)
def test_the_tag_tells_the_verdict(case: str, server: Grafana) -> None:
    made, tag = PROOFS[case]
    assert mark_run(given(server.url), made(), "run") is None
    assert server.asked[0].body["tags"] == ["proofload", tag]


def test_nothing_is_sent_where_no_grafana_is_named() -> None:
    assert mark_run(given(url=" ", token=""), proofs.met(), "run") is None


REFUSED = {
    "an address without a token": ("http://127.0.0.1:3000", "", "PROOFLOAD_GRAFANA_TOKEN is not set"),
    "a token without an address": ("", SECRET, "PROOFLOAD_GRAFANA_URL is not set"),
    "no address at all": ("grafana", SECRET, "PROOFLOAD_GRAFANA_URL is no address"),
    "an impossible port": ("http://grafana:99999", SECRET, "PROOFLOAD_GRAFANA_URL is no address"),
    "an address with a password": (f"http://me:{SECRET}@grafana", "x", "is no address"),
    "a token of two lines": ("http://127.0.0.1:3000", f"{SECRET}\nX: y", "can't be sent"),
    "a host name that is none": (f"http://{'a' * 70}.example", SECRET, "at http://aaa"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_settings_that_cannot_work_are_one_line_of_warning(case: str) -> None:
    url, token, words = REFUSED[case]
    warning = mark_run(given(url, token), proofs.met(), "run")
    assert warning is not None
    assert words in warning
    assert "\n" not in warning
    assert SECRET not in warning


def test_a_refusal_is_told(server: Grafana) -> None:
    server.status = 403
    warning = mark_run(given(server.url), proofs.met(), "run")
    assert warning == f"warning: the run is not marked in Grafana: {server.url} answered 403"


def test_the_token_does_not_follow_a_redirect(server: Grafana) -> None:
    server.status, server.location = 307, f"{server.url}/elsewhere"
    assert "answered 307" in str(mark_run(given(server.url), proofs.met(), "run"))
    assert len(server.asked) == 1


def test_nobody_there_is_told() -> None:
    warning = mark_run(given(f"http://127.0.0.1:{free_ports(1)[0]}"), proofs.met(), "run")
    assert "ConnectionError" in str(warning)


def test_a_silent_grafana_is_given_up(server: Grafana, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marking, "TIMEOUT_SECONDS", 0.1)
    server.answers.clear()
    assert "ReadTimeout" in str(mark_run(given(server.url), proofs.met(), "run"))


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize(("proof", "code"), [(proofs.met, 0), (proofs.missed, 1), (proofs.undecided, 3)])
def test_the_exit_code_is_the_verdicts_whatever_grafana_says(
    status: int,
    proof: Callable[[], Proof],
    code: int,
    server: Grafana,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(main, "run", lambda *_: proof())
    server.status = status
    arguments = ["run", "--target", "http://127.0.0.1:1", "--prometheus", "http://127.0.0.1:1"]
    done = CliRunner(env=given(server.url)).invoke(main.cli, [*arguments, "--out", str(tmp_path / "out")])
    assert done.exit_code == code, done.output
    assert len(server.asked) == 1
    assert SECRET not in done.output
