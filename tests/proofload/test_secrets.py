"""Secrets of addresses, profile and environment reach no file of a run, no history and no output."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from proofload.stack import Endpoints, find_free_ports, start_process_stack
from tests.support.http_faults import Handler, respond_error, run_server
from tests.support.processes import RUN_SECONDS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(RUN_SECONDS)]

# pragma: allowlist nextline secret
SECRET = "s3cr3t"  # noqa: S105 - what the tests look for
PROFILE = f"""\
name: secrets
stages: [{{duration: 2s, rate: 20}}]
requests:
  - path: /live?api_key={SECRET}-a&page=1
    headers: {{Authorization: Bearer {SECRET}-b, Cookie: "id={SECRET}-c", X-API-Key: {SECRET}-d, X-A: shown}}
  - {{method: POST, path: /live, json: {{user: ann, password: {SECRET}-e, more: [{{token: {SECRET}-f}}]}}}}
  - {{method: POST, path: /live, name: form, body: user=ann&client_secret={SECRET}-g}}
  - {{method: POST, path: /live, name: xml, body: "<password>{SECRET}-h</password>"}}
"""
LOCUSTFILE = f"""\
from locust import FastHttpUser, task


class Visitor(FastHttpUser):
    @task
    def visit(self):
        self.client.get("/live?token={SECRET}-i")
        self.client.get("/live?token={SECRET}-j", stream=True)
        with self.client.get("/live", catch_response=True) as response:
            # pragma: allowlist nextline secret
            response.failure("refused at http://ann:{SECRET}-k@shop/?key={SECRET}-l")

    @task
    def crash(self):
        self.client.get("/live?token={SECRET}-m", name="crash")
        # pragma: allowlist nextline secret
        raise ValueError("no answer of http://ann:{SECRET}-n@shop: Bearer {SECRET}-o")
"""
LOCUST_PROFILE = """\
name: tasks
locustfile: tasks.py
arrivals: closed
stages: [{duration: 2s, users: 2}]
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    logs = tmp_path_factory.mktemp("logs")
    with start_process_stack(
        logs, workers=1, faults=False, load_port=find_free_ports(1)[0], report_status=lambda _: None
    ) as endpoints:
        yield endpoints


def proofload(
    folder: Path, *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "proofload", *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )


def add_user(url: str) -> str:
    # pragma: allowlist nextline secret
    return url.replace("://", f"://ann:{SECRET}-user@")


def find_leaks(folder: Path) -> list[str]:
    """Return the files of a folder that contain a secret, except those that the test wrote itself."""
    leaks = []
    for path in folder.rglob("*"):
        if not path.is_file() or path.name in {"profile.yaml", "tasks.py"}:
            continue
        data = path.read_bytes()
        if SECRET.encode() in (gzip.decompress(data) if path.suffix == ".gz" else data):
            leaks.append(str(path.relative_to(folder)))
    return leaks


@pytest.mark.parametrize("profile", [PROFILE, LOCUST_PROFILE], ids=["declared requests", "a locustfile"])
def test_a_run_stores_and_prints_no_secret(profile: str, stack: Endpoints, tmp_path: Path) -> None:
    (tmp_path / "profile.yaml").write_text(profile)
    (tmp_path / "tasks.py").write_text(LOCUSTFILE)
    addresses = ["--target", add_user(stack.target_url), "--prometheus", add_user(stack.prometheus_url)]
    done = proofload(
        tmp_path, "run", "--profile", "profile.yaml", *addresses, "--out", "runs/a", "--locust-report"
    )
    assert (tmp_path / "runs" / "a" / "report.html").exists(), done.stderr
    assert (tmp_path / "runs" / "history.sqlite").exists()
    assert find_leaks(tmp_path) == []
    assert SECRET not in done.stdout + done.stderr
    record = json.loads((tmp_path / "runs" / "a" / "run.json").read_text())
    assert record["target"] == stack.target_url
    if profile == PROFILE:
        first = record["profile"]["requests"][0]
        assert first["path"] == "/live?api_key=***&page=1"
        assert first["headers"] == {
            "Authorization": "***", "Cookie": "***", "X-API-Key": "***", "X-A": "shown"
        }  # fmt: skip
        assert record["requests"].keys() >= {"GET /live?api_key=***&page=1", "form", "xml"}
    else:
        assert "/live?token=***" in record["requests"]


LOAD = ("load", "--profile", "profile.yaml", "--out", "a", "--target")
CHECK = ("check", "--start", "-10m", "--end", "-5m", "--prometheus")
FAILURES: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "a target that does not respond": (
        (*LOAD, f"http://ann:{SECRET}@127.0.0.1:9"), {},
    ),
    "a target that is no URL": (
        (*LOAD, f"http://ann:{SECRET}@[bad"), {},
    ),
    "a password with a slash in the target": (
        (*LOAD, f"http://ann:{SECRET}/x@127.0.0.1:9"), {},
    ),
    "a password with digits and a slash in the target": (
        (*LOAD, f"http://ann:12/{SECRET}@127.0.0.1:9"), {},
    ),
    "a host name that does not exist": (
        (*LOAD, f"http://ann:{SECRET}@host.invalid"), {},
    ),
    "a Prometheus that does not respond": (
        (*CHECK, f"http://ann:{SECRET}@127.0.0.1:9"), {},
    ),
    "a password with a slash in the address of Prometheus": (
        (*CHECK, f"http://ann:12/{SECRET}@127.0.0.1:9"), {},
    ),
    "a token in the query of the address of Prometheus": (
        (*CHECK, f"http://127.0.0.1:9/?token={SECRET}"), {},
    ),
    "a bearer token that is not printable": (
        (*CHECK, "http://127.0.0.1:9"),
        {"PROOFLOAD_PROMETHEUS_BEARER_TOKEN": f"{SECRET}é"},
    ),
    "headers that can't be read": (
        (*CHECK, "http://127.0.0.1:9"),
        {"PROOFLOAD_PROMETHEUS_HEADERS": f"X-API-Key={SECRET}"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FAILURES)
def test_an_error_shows_no_secret(case: str, tmp_path: Path) -> None:
    arguments, environment = FAILURES[case]
    (tmp_path / "profile.yaml").write_text(PROFILE)
    done = proofload(tmp_path, *arguments, environment=environment)
    assert done.returncode not in {1, 70}, done.stderr
    assert "Traceback" not in done.stderr
    assert SECRET not in done.stdout + done.stderr
    assert find_leaks(tmp_path) == []


def repeat_headers(handler: Handler) -> None:
    """Respond as a proxy that repeats the credentials in its error."""
    error = f"refused: {dict(handler.headers)} at {handler.path}?token={SECRET}-y"
    respond_error(400, error)(handler)


def test_an_error_that_repeats_credentials_is_masked(tmp_path: Path) -> None:
    headers = f"X-API-Key: {SECRET}-x; Authorization: Bearer {SECRET}-z; X-Debug: shown"
    with run_server(repeat_headers) as server:
        done = proofload(
            tmp_path, "check", "--start", "-10m", "--end", "-5m", "--prometheus", server.url, "--out", "a",
            environment={"PROOFLOAD_PROMETHEUS_HEADERS": headers},
        )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert "***" in done.stdout
    assert SECRET not in done.stdout + done.stderr
    assert find_leaks(tmp_path) == []
