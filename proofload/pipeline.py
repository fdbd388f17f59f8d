"""The stages of a run in one place: stack up, load, evidence, verdict, baseline comparison, results.

:func:`run_job` ends with the verdict. :func:`finish_run` compares the run with its baseline in memory and
then writes each result once: reports, comparison, history entry, latest link, Grafana annotation.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread

import requests

from loadtests.recording import run_from_json
from proofload.artifacts import (
    Integrity,
    RunArtifacts,
    update_latest_link,
    write_evidence,
    write_policy,
    write_run,
    write_text,
)
from proofload.history import HistoryError, RunEntry, add_run, compare_with_baseline, create_entry
from proofload.output import ProgressReporter, annotate_run
from proofload.stack import (
    Endpoints,
    LoadEvent,
    LoadParameters,
    LoadProcess,
    NoScrapeError,
    Stack,
    await_scrape,
)
from reports.writers import (
    comparison_to_json,
    comparison_to_markdown,
    preload_chart_libraries,
    write_reports,
)
from slo.counting import EvidenceObservations
from slo.evaluation import evaluate, preload_scipy
from slo.lint import run_preflight
from slo.model import Comparison, Conclusion, Evidence, Policy, Proof, RunRecord, Spec, Window
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
    needs_preflight: bool = False
    """Whether the Prometheus was configured by somebody else."""


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A verdict and the results of the stages after it.

    ``comparison`` is the comparison with the baseline of the policy; ``comparison_problem`` states why
    there is none although the policy names a baseline. ``warnings`` state what could not be recorded;
    ``results_problem`` states why reports are missing.
    """

    proof: Proof
    comparison: Comparison | None = None
    comparison_problem: str | None = None
    results_problem: str | None = None
    warnings: tuple[str, ...] = ()


class ResultsError(OSError):
    """Results can't be written, e.g. on a full disk; ``proof`` has the verdict all the same."""

    def __init__(self, proof: Proof, error: OSError) -> None:
        place = f" {error.filename}" if error.filename else ""
        super().__init__(f"can't write the results{place}: {error.strerror or error}")
        self.proof = proof


class PreflightError(Exception):
    """Prometheus can't answer, or does not scrape what the spec names; the message lists all problems."""


class FaultsError(Exception):
    """The target rejects the faults of the run; the message states why."""


class StageTimer:
    """Measures the stages of a run: (stage, seconds) in order, after the stages measured before."""

    def __init__(self, stages: Iterable[tuple[str, float]] = ()) -> None:
        self.stages = list(stages)

    @contextmanager
    def measure_stage(self, name: str) -> Iterator[None]:
        """Measure one stage."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.stages.append((name, time.monotonic() - start))


def run_job(job: Job, reporter: ProgressReporter) -> Proof:
    """Run all stages up to the verdict; the run record and the policy are in the run directory afterwards.

    Raises:
        StackError: the target or Prometheus did not start.
        LoadError: the load generator failed.
        PreflightError: Prometheus can't judge the spec; nothing was sent.
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
            if job.needs_preflight:
                _run_preflight(job, prometheus, reporter)
            load.await_event("ready")
        record = _send_measured_load(job, endpoints, prometheus, load, timer, reporter)
        with timer.measure_stage("evidence"):
            evidence = _gather_evidence(job.spec, prometheus, record.window)
        with timer.measure_stage("stack down"):
            resources.close()
    return _evaluate(
        job.spec, RunArtifacts(evidence, record, job.policy), job.run_directory, job.metadata, timer
    )


def finish_run(proof: Proof, run_directory: Path, target: str, environment: Mapping[str, str]) -> FinishedRun:
    """Run the stages after the verdict of a run: compare with the baseline, then write each result once.

    ``target`` names the service under test in the history; ``environment`` may name a Grafana server.

    Nothing is written before the comparison has decided whether the run is a regression, so a crash at any
    point leaves no regression in the history that could be a baseline.

    Raises:
        ValueError: the proof has no run record.
        ResultsError: a report or the comparison can't be written; the run is not in the history.
    """
    if proof.run is None:
        raise ValueError("the proof has no run record: only the verdict of a load can be finished")
    entry = create_entry(proof, proof.run, target)
    comparison, problem = _compare_with_baseline(proof, entry, run_directory)
    if comparison and comparison.conclusion is Conclusion.REGRESSION:
        entry = replace(entry, regression=True)
    proof = _write_results(proof, run_directory, StageTimer(proof.timings))
    if comparison:
        with _results_of(proof):
            _write_comparison(comparison, run_directory)
    history_warning = add_run(entry, run_directory)
    update_latest_link(run_directory)
    annotation_warning = annotate_run(environment, proof, run_directory.resolve().name)
    warnings = tuple(filter(None, (history_warning, annotation_warning)))
    return FinishedRun(proof, comparison, problem, warnings=warnings)


def check_window(
    spec: Spec,
    prometheus: PrometheusClient,
    window: Window,
    policy: Policy,
    run_directory: Path | None,
    metadata: ReportMetadata,
) -> Proof:
    """Evaluate a past window, whatever generated its load; write files only if there is a run directory.

    Raises:
        ResultsError: a file can't be written.
    """
    timer = StageTimer()
    Thread(target=preload_scipy, daemon=True).start()
    with timer.measure_stage("evidence"):
        evidence = _gather_evidence(spec, prometheus, window)
    proof = _evaluate(spec, RunArtifacts(evidence, None, policy), run_directory, metadata, timer)
    return _write_results(proof, run_directory, timer)


def replay_run(
    spec: Spec, artifacts: RunArtifacts, policy: Policy, run_directory: Path | None, metadata: ReportMetadata
) -> Proof:
    """Evaluate stored evidence again, without a query; the same evidence yields the same verdict.

    The run record is written, too: without it, a replay of the replay would lack its checks.

    Raises:
        ResultsError: a file can't be written.
    """
    timer = StageTimer()
    if artifacts.run and run_directory:
        write_run(artifacts.run, run_directory)
    proof = _evaluate(spec, replace(artifacts, policy=policy), run_directory, metadata, timer)
    return _write_results(proof, run_directory, timer, artifacts.integrity)


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


def _run_preflight(job: Job, prometheus: PrometheusClient, reporter: ProgressReporter) -> None:
    """Check Prometheus before anything is sent.

    Raises:
        PreflightError: it can't judge the spec.
    """
    reporter.report_status("preflight: asking Prometheus for the jobs and metrics of the spec")
    preflight = run_preflight(job.spec, prometheus, serves_load_metrics=job.metrics_port is not None)
    for note in preflight.notes:
        reporter.report_status(f"note: {note}")
    if preflight.problems:
        raise PreflightError("\n".join(preflight.problems))


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


def _evaluate(
    spec: Spec,
    artifacts: RunArtifacts,
    run_directory: Path | None,
    metadata: ReportMetadata,
    timer: StageTimer,
) -> Proof:
    """Write the policy, an input of the verdict, and evaluate the evidence.

    Raises:
        ResultsError: the policy can't be written.
    """
    problem: OSError | None = None
    try:
        if run_directory:
            write_policy(artifacts.policy, run_directory)
    except OSError as error:
        problem = error
    with timer.measure_stage("verdict"):
        verdict = evaluate(spec, artifacts.evidence, artifacts.run, artifacts.policy)
    proof = Proof(
        verdict,
        artifacts.evidence,
        spec,
        EvidenceObservations(artifacts.evidence),
        artifacts.run,
        tuple(timer.stages),
        metadata.versions,
        metadata.settings,
    )
    with _results_of(proof):
        if problem:
            raise problem
    return proof


@contextmanager
def _results_of(proof: Proof) -> Iterator[None]:
    """Let a file that can't be written not lose the verdict."""
    try:
        yield
    except OSError as error:
        raise ResultsError(proof, error) from error


def _write_results(
    proof: Proof,
    run_directory: Path | None,
    timer: StageTimer,
    integrity: Integrity = Integrity.VERIFIED,
) -> Proof:
    """Write evidence and reports; return the proof with the duration of that stage."""
    if run_directory:
        with timer.measure_stage("reports"), _results_of(proof):
            write_evidence(proof.evidence, run_directory, integrity)
            write_reports(proof, run_directory)
    return replace(proof, timings=tuple(timer.stages))


def _compare_with_baseline(
    proof: Proof, entry: RunEntry, run_directory: Path
) -> tuple[Comparison | None, str | None]:
    """Return the comparison with the baseline of the policy, or why it is not possible; write nothing."""
    baseline = proof.verdict.policy.baseline
    if baseline is None:
        return None, None
    try:
        return compare_with_baseline(baseline, entry, run_directory), None
    except (HistoryError, ValueError) as error:
        return None, str(error)


def _write_comparison(comparison: Comparison, run_directory: Path) -> None:
    data = json.dumps(comparison_to_json(comparison), indent=2)
    write_text(run_directory / "comparison.json", f"{data}\n")
    write_text(run_directory / "comparison.md", comparison_to_markdown(comparison))
