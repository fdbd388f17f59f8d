"""Grafana annotations of runs, against a real HTTP server that stands in for Grafana."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitoring.dashboards import DASHBOARD_TAG
from proofload.cli import main, run
from proofload.output import grafana_annotations
from proofload.output.grafana_annotations import annotate_run, build_annotation
from proofload.stack import find_free_ports
from slo.model import Proof
from tests.proofload.output.grafana_server import GrafanaServer, run_grafana
from tests.support import proofs

SECRET = "glsa_not-to-be-seen"  # noqa: S105 - test data  # pragma: allowlist secret


@pytest.fixture
def server() -> Iterator[GrafanaServer]:
    with run_grafana() as running:
        yield running


def environment_of(url: str, token: str = SECRET) -> dict[str, str]:
    return {"PROOFLOAD_GRAFANA_URL": url, "PROOFLOAD_GRAFANA_TOKEN": token}


def test_an_annotation_reaches_from_the_start_to_the_end_of_a_run(server: GrafanaServer) -> None:
    proof = proofs.missed()
    assert annotate_run(environment_of(server.url + "/"), proof, "20261123T160000Z-abc") is None
    [request] = server.requests
    assert request.path == "/api/annotations"
    assert request.headers["Authorization"] == f"Bearer {SECRET}"
    window = proof.verdict.window
    assert request.body == {
        "time": round(window.start * 1000),
        "timeEnd": round(window.end * 1000),
        "tags": ["proofload", "MISSED"],
        "text": "MISSED: run 20261123T160000Z-abc\n2 MET, 2 MISSED, 1 UNDECIDED\n"
        "missed: availability / No server error\nmissed: predict-latency / Within 250 ms",
    }


def test_the_tag_equals_the_tag_in_the_dashboards() -> None:
    assert grafana_annotations.ANNOTATION_TAG == DASHBOARD_TAG


def test_names_are_escaped_for_html() -> None:
    text = build_annotation(proofs.hostile("<script>alert(1)</script>"), "run")["text"]
    assert "<" not in str(text)


PROOFS: dict[str, tuple[Callable[[], Proof], str]] = {
    "met": (proofs.met, "MET"),
    "undecided": (proofs.undecided, "UNDECIDED"),
    "without objectives": (
        lambda: replace(proofs.met(), verdict=replace(proofs.met().verdict, objectives=())),
        "MET",
    ),
}


@pytest.mark.parametrize("case", PROOFS)
def test_the_tags_contain_the_verdict(case: str, server: GrafanaServer) -> None:
    create_proof, tag = PROOFS[case]
    assert annotate_run(environment_of(server.url), create_proof(), "run") is None
    assert server.requests[0].body["tags"] == ["proofload", tag]


def test_nothing_is_sent_without_settings() -> None:
    assert annotate_run(environment_of(url=" ", token=""), proofs.met(), "run") is None


INVALID = {
    "a URL without a token": ("http://127.0.0.1:3000", "", "PROOFLOAD_GRAFANA_TOKEN is not set"),
    "a token without a URL": ("", SECRET, "PROOFLOAD_GRAFANA_URL is not set"),
    "a text that is not a URL": ("grafana", SECRET, "PROOFLOAD_GRAFANA_URL is not a URL"),
    "an invalid port": ("http://grafana:99999", SECRET, "PROOFLOAD_GRAFANA_URL is not a URL"),
    "a URL with a password": (f"http://me:{SECRET}@grafana", "x", "is not a URL"),
    "a token with a line break": ("http://127.0.0.1:3000", f"{SECRET}\nX: y", "an HTTP header can't contain"),
    "an invalid host name": (f"http://{'a' * 70}.example", SECRET, "at http://aaa"),
}


@pytest.mark.parametrize("case", INVALID)
def test_invalid_settings_are_one_line_of_warning(case: str) -> None:
    url, token, message = INVALID[case]
    warning = annotate_run(environment_of(url, token), proofs.met(), "run")
    assert warning is not None
    assert message in warning
    assert "\n" not in warning
    assert SECRET not in warning


def test_a_rejected_annotation_is_a_warning(server: GrafanaServer) -> None:
    server.status = 403
    warning = annotate_run(environment_of(server.url), proofs.met(), "run")
    assert warning == f"warning: no Grafana annotation of the run: {server.url} responded with 403"


def test_a_redirect_is_not_followed(server: GrafanaServer) -> None:
    server.status, server.location = 307, f"{server.url}/elsewhere"
    assert "responded with 307" in str(annotate_run(environment_of(server.url), proofs.met(), "run"))
    assert len(server.requests) == 1


def test_a_refused_connection_is_a_warning() -> None:
    warning = annotate_run(environment_of(f"http://127.0.0.1:{find_free_ports(1)[0]}"), proofs.met(), "run")
    assert "ConnectionError" in str(warning)


def test_a_missing_response_times_out(server: GrafanaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grafana_annotations, "TIMEOUT_SECONDS", 0.1)
    server.responding.clear()
    assert "ReadTimeout" in str(annotate_run(environment_of(server.url), proofs.met(), "run"))


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize(("proof", "code"), [(proofs.met, 0), (proofs.missed, 1), (proofs.undecided, 3)])
def test_grafana_does_not_change_the_exit_code(
    status: int,
    proof: Callable[[], Proof],
    code: int,
    server: GrafanaServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)  # its history is there
    monkeypatch.setattr(run, "run_job", lambda *_: proof())
    server.status = status
    arguments = ["run", "--target", "http://127.0.0.1:1", "--prometheus", "http://127.0.0.1:1"]
    done = CliRunner(env=environment_of(server.url)).invoke(
        main.cli, [*arguments, "--out", str(tmp_path / "out")]
    )
    assert done.exit_code == code, done.output
    assert len(server.requests) == 1
    assert SECRET not in done.output
