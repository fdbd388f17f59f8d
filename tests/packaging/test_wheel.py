"""The wheel in an empty folder, installed into a new environment: what a user has without a checkout."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from proofload.stack import Endpoints, find_free_ports, start_process_stack
from slo.model import Outcome

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[2]
PROFILE = """
name: two requests
warmup: 1s
stages: [{duration: 3s, rate: 50}]
requests:
  - {name: model, path: /model, expect: {status: 200}}
  - name: unknown prediction
    method: POST
    path: /feedback
    json: {prediction_id: none, true_class: benign}
    expect: {status: 404}
"""
LOCUSTFILE = """
from locust import FastHttpUser, task
from loadtests.common import PATH

class Visitor(FastHttpUser):
    @task
    def visit(self):
        from slo.paths import NAME
        self.client.get(PATH, name=NAME)
"""
TASKS = """
name: tasks
locustfile: locustfile.py
stages: [{duration: 2s, rate: 20}]
"""
SHADOWS = ("slo", "reports", "loadtests", "monitoring", "proofload", "target_service")
SHADOW_MODULES = ("requests", "json", "calendar", "click", "locust", "numpy", "yaml")
OPENAPI = {
    "openapi": "3.0.3",
    "info": {"title": "a service", "version": "1"},
    "paths": {"/model": {"get": {"responses": {"200": {"description": "fine"}}}}},
}
SLOTH = """
version: prometheus/v1
service: shop
slos:
  - name: availability
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(http_requests_total{code=~"5.."}[{{.window}}]))
        total_query: sum(rate(http_requests_total[{{.window}}]))
    alerting: {name: ShopAvailability}
"""


@dataclass(frozen=True)
class Installed:
    """A new environment that holds the wheel and what it requires, and an empty folder."""

    program: Path
    folder: Path

    def __call__(self, *arguments: str, code: int = 0) -> str:
        command = [str(self.program), *arguments]
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, check=False, timeout=200
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    environment = folder / "environment"
    venv.create(environment, with_pip=True)
    python = str(environment / "bin" / "python")
    pip = [
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    required = ["--require-hashes", "-r", str(ROOT / "requirements" / "proofload.txt")]
    subprocess.run([*pip, *required], check=True, capture_output=True)
    subprocess.run([*pip, "--no-deps", str(wheel)], check=True, capture_output=True)
    subprocess.run([python, "-m", "pip", "check"], check=True, capture_output=True)
    return environment / "bin" / "proofload"


@pytest.fixture
def proofload(program: Path, tmp_path: Path) -> Installed:
    (tmp_path / "load.yaml").write_text(PROFILE)
    return Installed(program, tmp_path)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """A service and a Prometheus that are there already, started from the checkout."""
    logs = tmp_path_factory.mktemp("logs")
    port = find_free_ports(1)[0]
    with start_process_stack(
        logs, workers=1, faults=False, load_port=port, report_status=lambda _: None
    ) as endpoints:
        yield endpoints


def addresses(service: Endpoints) -> list[str]:
    return ["--target", service.target_url, "--prometheus", service.prometheus_url]


def test_run_check_replay_history_and_compare(proofload: Installed, service: Endpoints) -> None:
    shutil.copy(ROOT / "slo" / "objectives.yaml", proofload.folder / "slo.yaml")
    for _ in range(2):
        proofload("run", "--spec", "slo.yaml", *addresses(service), "--duration", "5s")
    verdict = json.loads((proofload.folder / "runs" / "latest" / "verdict.json").read_text())
    assert verdict["verdict"] == Outcome.MET
    assert (proofload.folder / "runs" / "latest" / "report.html").stat().st_size > 10_000
    span = json.loads((proofload.folder / "runs" / "latest" / "run.json").read_text())["window"]
    window = ["--start", f"{span['start']:.3f}", "--end", f"{span['end']:.3f}"]
    proofload(
        "check", "--spec", "slo.yaml", "--prometheus", service.prometheus_url, *window, "--out", "checked"
    )
    assert (proofload.folder / "checked" / "report.md").is_file()
    proofload("check", "--spec", "slo.yaml", "--replay", "runs/latest")
    assert proofload("history").count("MET") >= 2
    proofload("compare", "latest", code=3)  # one earlier run is too few for a conclusion


def test_load_sends_what_the_profile_says(proofload: Installed, service: Endpoints) -> None:
    proofload("load", "--profile", "load.yaml", "--target", service.target_url, "--out", "out")
    record = json.loads((proofload.folder / "out" / "run.json").read_text())
    assert (record["total"]["sent"], record["total"]["failed"]) == (150, 0)


def test_load_with_several_processes(proofload: Installed, service: Endpoints) -> None:
    options = ["--profile", "load.yaml", "--target", service.target_url, "--out", "out", "--processes", "2"]
    proofload("load", *options)
    record = json.loads((proofload.folder / "out" / "run.json").read_text())
    assert (record["total"]["sent"], record["total"]["failed"]) == (150, 0)


def test_the_default_profile_and_spec_are_in_the_wheel(proofload: Installed, service: Endpoints) -> None:
    text = proofload("run", *addresses(service), "--duration", "5s")
    assert "MET" in text


def test_a_folder_full_of_names_of_ours(proofload: Installed, service: Endpoints) -> None:
    """The user's packages and modules do not disturb Proofload; their locustfile imports them."""
    for name in SHADOWS:
        (proofload.folder / name).mkdir()
        (proofload.folder / name / "__init__.py").write_text("")
    for name in SHADOW_MODULES:
        (proofload.folder / f"{name}.py").write_text("raise SystemExit('a module of the user was imported')")
    (proofload.folder / "loadtests" / "common.py").write_text("PATH = '/model'")
    (proofload.folder / "slo" / "paths.py").write_text("NAME = 'their name'")
    (proofload.folder / "locustfile.py").write_text(LOCUSTFILE)
    (proofload.folder / "tasks.yaml").write_text(TASKS)
    proofload("load", "--profile", "tasks.yaml", "--target", service.target_url, "--out", "tasks")
    record = json.loads((proofload.folder / "tasks" / "run.json").read_text())
    assert record["requests"]["their name"]["sent"] == 40
    assert record["total"]["failed"] == 0
    options = ["--profile", "load.yaml", "--target", service.target_url, "--processes", "2", "--out", "out"]
    proofload("load", *options)
    proofload("run", *addresses(service), "--duration", "5s")


def test_the_wheel_contains_the_schemas_and_the_model(program: Path) -> None:
    (installed,) = program.parents[1].glob("lib/*/site-packages")
    files = [
        path.relative_to(ROOT)
        for folder in SHADOWS
        for pattern in ("*.schema.json", "artefacts/*.json")
        for path in (ROOT / folder).rglob(pattern)
    ]
    assert {path.name for path in files} >= {"evidence.schema.json", "policy.schema.json", "card.json"}
    assert not [path for path in files if not (installed / path).is_file()]


def test_commands_without_a_service(proofload: Installed) -> None:
    shutil.copy(ROOT / "slo" / "objectives.yaml", proofload.folder / "slo.yaml")
    (proofload.folder / "openapi.json").write_text(json.dumps(OPENAPI))
    (proofload.folder / "sloth.yaml").write_text(SLOTH)
    assert "availability" in proofload("rules", "--spec", "slo.yaml")
    proofload("lint", "--spec", "slo.yaml")
    proofload("profile", "from-openapi", "openapi.json", "--rate", "10", "--out", "made.yaml")
    assert "/model" in (proofload.folder / "made.yaml").read_text()
    proofload("import", "sloth", "sloth.yaml", "--out", "imported.yaml")
    proofload("lint", "--spec", "imported.yaml")
    assert "0.2.0" in proofload("--version")


@pytest.mark.parametrize("command", ["run", "ui"])
def test_without_the_reference_service_the_default_stack_says_what_to_install(
    command: str, proofload: Installed
) -> None:
    text = proofload(command, code=2)
    assert len(text.strip().splitlines()) == 1
    assert "install 'proofload[reference]'" in text
    assert [path.name for path in proofload.folder.iterdir()] == ["load.yaml"]
