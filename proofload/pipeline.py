"""The stages of a run in one place: stack up, load, evidence, verdict, reports."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread

import requests

from loadtests.recording import run_from_json
from proofload.artifacts import RunArtifacts, write_evidence
from proofload.output import ProgressReporter
from proofload.stack import (
    Endpoints,
    LoadEvent,
    LoadParameters,
    LoadProcess,
    NoScrapeError,
    Stack,
    await_scrape,
)
from reports.writers import preload_chart_libraries, write_reports
from slo.evaluation import evaluate, preload_scipy
from slo.model import Evidence, Policy, Proof, RunRecord, Spec, Window
from slo.prometheus import ConnectionSettings, PrometheusClient, PrometheusError, gather_evidence

SCRAPE_TIMEOUT_SECONDS = 150.0
"""Maximum wait for a scrape: scrape intervals go up to a minute, and the first scrape may fail."""
CLOSING_MARGIN_SECONDS = 300.0
"""How far after the window samples are queried: the scrape that closes the window must lie there."""


@dataclass(frozen=True, slots=True)
class ReportMetadata:
    """Versions of programs and settings of the run, for the reports."""

    versions: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """One run: what to evaluate, what to send and where, and the directory of its files."""

    spec: Spec
    load_parameters: LoadParameters
    stack: Stack
    run_directory: Path
    connect: Callable[[str], ConnectionSettings]
    metrics_port: str | None
    """Port (or ``HOST:PORT``) where the load generator serves metrics until the scrape after the load."""
    faults: Mapping[str, object]
    policy: Policy
    metadata: ReportMetadata


class FaultsError(Exception):
    """The target rejects the faults of the run; the message states why."""


class StageTimer:
    """Measures the stages of a run: (stage, seconds) in order."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, float]] = []

    @contextmanager
    def measure_stage(self, name: str) -> Iterator[None]:
        """Measure one stage."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.stages.append((name, time.monotonic() - start))


def run_job(job: Job, reporter: ProgressReporter) -> Proof:
    """Run all stages; the files of the run are in its directory afterwards.

    Raises:
        StackError: the target or Prometheus did not start.
        LoadError: the load generator failed.
        FaultsError: the target rejects the faults.
        KeyboardInterrupt: the run was interrupted; ``run.json`` contains what was sent until then.
    """
    timer = StageTimer()
    with ExitStack() as resources:
        with timer.measure_stage("stack up"):
            reporter.report_status("starting the stack")
            for preload in (preload_chart_libraries, preload_scipy):
                Thread(target=preload, daemon=True).start()
            mode = ("--gate", *_build_metrics_arguments(job.metrics_port))
            load = resources.enter_context(
                LoadProcess(job.load_parameters, job.run_directory / "logs" / "load.log", mode)
            )
            endpoints = resources.enter_context(job.stack)
            prometheus = resources.enter_context(PrometheusClient(job.connect(endpoints.prometheus_url)))
            load.await_event("ready")
        record = _send_measured_load(job, endpoints, prometheus, load, timer, reporter)
        with timer.measure_stage("evidence"):
            evidence = _gather_evidence(job.spec, prometheus, record.window)
        with timer.measure_stage("stack down"):
            resources.close()
    return _evaluate_and_report(
        job.spec, RunArtifacts(evidence, record, job.policy), job.run_directory, job.metadata, timer
    )


def check_window(
    spec: Spec,
    prometheus: PrometheusClient,
    window: Window,
    policy: Policy,
    run_directory: Path | None,
    metadata: ReportMetadata,
) -> Proof:
    """Evaluate a past window, whatever generated its load; write files only if there is a run directory."""
    timer = StageTimer()
    Thread(target=preload_scipy, daemon=True).start()
    with timer.measure_stage("evidence"):
        evidence = _gather_evidence(spec, prometheus, window)
    return _evaluate_and_report(spec, RunArtifacts(evidence, None, policy), run_directory, metadata, timer)


def replay_run(
    spec: Spec, artifacts: RunArtifacts, policy: Policy, run_directory: Path | None, metadata: ReportMetadata
) -> Proof:
    """Evaluate stored evidence again, without a query; the same evidence yields the same verdict."""
    return _evaluate_and_report(
        spec, replace(artifacts, policy=policy), run_directory, metadata, StageTimer()
    )


def send_load(
    parameters: LoadParameters,
    target_url: str,
    reporter: ProgressReporter,
    *,
    metrics_port: str | None = None,
) -> RunRecord:
    """Send load without a verdict; the files of the load are in the run directory afterwards.

    ``metrics_port`` is the port (or ``HOST:PORT``) where the load generator serves metrics during the load.

    Raises:
        LoadError: the load generator failed.
        KeyboardInterrupt: the load was interrupted; ``run.json`` contains what was sent until then.
    """
    metrics = () if metrics_port is None else ("--metrics-port", metrics_port)
    log = parameters.run_directory / "logs" / "load.log"
    with LoadProcess(parameters, log, ("--host", target_url, *metrics)) as load:
        reporter.report_status("loading")
        done = load.await_event("done", reporter.report_progress)
    return _read_run_record(done)


def _read_run_record(done: LoadEvent) -> RunRecord:
    return run_from_json(json.loads(Path(done["run"]).read_text(encoding="utf-8")))


def _send_measured_load(
    job: Job,
    endpoints: Endpoints,
    prometheus: PrometheusClient,
    load: LoadProcess,
    timer: StageTimer,
    reporter: ProgressReporter,
) -> RunRecord:
    """Send the load, with a scrape before the first request and a scrape after the last response."""
    with timer.measure_stage("warm-up"):
        reporter.report_status("warming up")
        load.open_gate(endpoints.target_url)
        load.await_event("warmed_up", reporter.report_progress)
    with timer.measure_stage("scrape before"):
        _await_scrape(job.spec, prometheus, reporter)
    _set_faults(endpoints, job.faults)
    with timer.measure_stage("load"):
        reporter.report_status("loading")
        load.open_gate()
        done = load.await_event("done", reporter.report_progress)
    with timer.measure_stage("scrape after"):
        _await_scrape(job.spec, prometheus, reporter)
    if job.metrics_port:
        load.release()
    return _read_run_record(done)


def _build_metrics_arguments(port: str | None) -> tuple[str, ...]:
    return () if port is None else ("--metrics-port", port, "--hold")


def _set_faults(endpoints: Endpoints, faults: Mapping[str, object]) -> None:
    """Configure the faults of the reference service.

    Raises:
        FaultsError: the service rejects the faults, or does not respond.
    """
    if not faults:
        return
    try:
        response = requests.post(f"{endpoints.target_url}/_faults", json=dict(faults), timeout=10)
    except requests.RequestException as error:
        raise FaultsError(f"the faults could not be sent to the target: {type(error).__name__}") from error
    if not response.ok:
        raise FaultsError(f"the target rejects the faults {dict(faults)}: {response.text}")


def _await_scrape(spec: Spec, prometheus: PrometheusClient, reporter: ProgressReporter) -> None:
    """Wait for the next scrape; if there is none, the checks of the evidence report it."""
    try:
        await_scrape(prometheus, spec, after=time.time(), timeout_seconds=SCRAPE_TIMEOUT_SECONDS)
    except (NoScrapeError, PrometheusError) as error:
        reporter.report_status(str(error))


def _gather_evidence(spec: Spec, prometheus: PrometheusClient, window: Window) -> Evidence:
    now = time.time()
    margin = min(max(now - window.end, 0), CLOSING_MARGIN_SECONDS)
    return gather_evidence(prometheus, spec, window, now=now, margin_seconds=margin)


def _evaluate_and_report(
    spec: Spec,
    artifacts: RunArtifacts,
    run_directory: Path | None,
    metadata: ReportMetadata,
    timer: StageTimer,
) -> Proof:
    """Evaluate the evidence and write the files of the run."""
    with timer.measure_stage("verdict"):
        verdict = evaluate(spec, artifacts.evidence, artifacts.run, artifacts.policy)
    proof = Proof(
        verdict,
        artifacts.evidence,
        spec,
        artifacts.run,
        tuple(timer.stages),
        metadata.versions,
        metadata.settings,
    )
    if run_directory:
        with timer.measure_stage("reports"):
            write_evidence(artifacts.evidence, run_directory)
            write_reports(proof, run_directory)
    return replace(proof, timings=tuple(timer.stages))
