"""The main job, stage by stage: stack up, load, evidence, verdict, reports."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread

import requests

from loadtests.recording.run_json import from_json
from proofload.runs.run_artifacts import Kept, keep
from proofload.stack.load_process import Event, LoadOrder, LoadProcess
from proofload.stack.scrape_wait import NoScrapeError, await_scrape
from proofload.stack.stack import Endpoints, Stack
from reports.writers.write import prepare, write_reports
from slo.evaluation import binomial_intervals
from slo.evaluation.evaluate import evaluate
from slo.model import Evidence, Policy, Proof, RunRecord, Spec, Window
from slo.prometheus.client import Prometheus, PrometheusError
from slo.prometheus.connection import Connection
from slo.prometheus.evidence_gathering import gather

SCRAPE_DEADLINE_SECONDS = 150.0
"""Longest wait for a scrape: a slow Prometheus scrapes once a minute, and the first may be missed."""
MARGIN_SECONDS = 300.0
"""How far after a window samples are asked for: the scrape that closes it lies there, or nowhere."""


@dataclass(frozen=True, slots=True)
class Appendix:
    """What a report says about how it was made: versions of programs, settings of the run."""

    versions: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """One run: what to judge, what to send, where, and where to leave the files."""

    spec: Spec
    order: LoadOrder
    stack: Stack
    folder: Path
    connect: Callable[[str], Connection]
    metrics_port: str | None
    """Port (or ``HOST:PORT``) where the generator answers scrapes, until the one after the load."""
    faults: Mapping[str, object]
    policy: Policy
    appendix: Appendix


@dataclass(frozen=True, slots=True)
class Narrator:
    """Tells a person what goes on: a line for each stage, and the progress of the load."""

    say: Callable[[str], None]
    progress: Callable[[Event], None]


class FaultsError(Exception):
    """The reference service refuses the faults asked for."""


class Timer:
    """Where the time of a run went: (stage, seconds) in order."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, float]] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one stage."""
        begin = time.monotonic()
        try:
            yield
        finally:
            self.stages.append((name, time.monotonic() - begin))


def run(job: Job, narrator: Narrator) -> Proof:
    """Do the main job; the run's folder holds its files afterwards.

    Raises:
        StackError: the target or Prometheus did not come up.
        LoadError: the load generator failed.
        FaultsError: the target refuses the faults.
        KeyboardInterrupt: the run was interrupted; what was sent so far is in ``run.json``.
    """
    timer = Timer()
    with ExitStack() as everything:
        with timer.stage("stack up"):
            narrator.say("starting the stack")
            for preparing in (prepare, binomial_intervals.prepare):
                Thread(target=preparing, daemon=True).start()
            mode = ("--gate", *_scraped_mode(job.metrics_port))
            load = everything.enter_context(LoadProcess(job.order, job.folder / "logs" / "load.log", mode))
            endpoints = everything.enter_context(job.stack)
            prometheus = everything.enter_context(Prometheus(job.connect(endpoints.prometheus)))
            load.until("ready")
        record = _load(job, endpoints, prometheus, load, timer, narrator)
        with timer.stage("evidence"):
            evidence = _gather(job.spec, prometheus, record.window)
        with timer.stage("stack down"):
            everything.close()
    return _conclude(job.spec, Kept(evidence, record, job.policy), job.folder, job.appendix, timer)


def check(
    spec: Spec,
    prometheus: Prometheus,
    window: Window,
    policy: Policy,
    folder: Path | None,
    appendix: Appendix,
) -> Proof:
    """Judge a window that is already past, whatever made its load; write files only where asked to."""
    timer = Timer()
    Thread(target=binomial_intervals.prepare, daemon=True).start()
    with timer.stage("evidence"):
        evidence = _gather(spec, prometheus, window)
    return _conclude(spec, Kept(evidence, None, policy), folder, appendix, timer)


def replay(spec: Spec, kept: Kept, policy: Policy, folder: Path | None, appendix: Appendix) -> Proof:
    """Judge again what was gathered once, with nobody to ask; the same evidence gives the same verdict."""
    return _conclude(spec, replace(kept, policy=policy), folder, appendix, Timer())


def send(order: LoadOrder, target: str, narrator: Narrator, *, metrics_port: str | None = None) -> RunRecord:
    """Send load alone; the files of the load are in the order's folder afterwards.

    ``metrics_port`` is the port (or ``HOST:PORT``) where the generator answers scrapes meanwhile.

    Raises:
        LoadError: the load generator failed.
        KeyboardInterrupt: the load was interrupted; what was sent so far is in ``run.json``.
    """
    scraped = () if metrics_port is None else ("--metrics-port", metrics_port)
    with LoadProcess(order, order.out / "logs" / "load.log", ("--host", target, *scraped)) as load:
        narrator.say("loading")
        done = load.until("done", narrator.progress)
    return _read_record(done)


def _read_record(done: Event) -> RunRecord:
    return from_json(json.loads(Path(done["run"]).read_text(encoding="utf-8")))


def _load(
    job: Job,
    endpoints: Endpoints,
    prometheus: Prometheus,
    load: LoadProcess,
    timer: Timer,
    narrator: Narrator,
) -> RunRecord:
    """Send the load, with a scrape before its first request and one after its last response."""
    with timer.stage("warm-up"):
        narrator.say("warming up")
        load.go(endpoints.target)
        load.until("warmed_up", narrator.progress)
    with timer.stage("scrape before"):
        _await_scrape(job.spec, prometheus, narrator)
    _set_faults(endpoints, job.faults)
    with timer.stage("load"):
        narrator.say("loading")
        load.go()
        done = load.until("done", narrator.progress)
    with timer.stage("scrape after"):
        _await_scrape(job.spec, prometheus, narrator)
    if job.metrics_port:
        load.release()
    return _read_record(done)


def _scraped_mode(port: str | None) -> tuple[str, ...]:
    return () if port is None else ("--metrics-port", port, "--hold")


def _set_faults(endpoints: Endpoints, faults: Mapping[str, object]) -> None:
    """Make the reference service fail from now on.

    Raises:
        FaultsError: the service refuses the faults, or does not answer.
    """
    if not faults:
        return
    try:
        answer = requests.post(f"{endpoints.target}/_faults", json=dict(faults), timeout=10)
    except requests.RequestException as error:
        raise FaultsError(f"the target did not take the faults: {type(error).__name__}") from error
    if not answer.ok:
        raise FaultsError(f"the target refuses the faults {dict(faults)}: {answer.text}")


def _await_scrape(spec: Spec, prometheus: Prometheus, narrator: Narrator) -> None:
    """Wait for a scrape from now on; where there is none, the evidence will say so."""
    try:
        await_scrape(prometheus, spec, after=time.time(), deadline_seconds=SCRAPE_DEADLINE_SECONDS)
    except (NoScrapeError, PrometheusError) as error:
        narrator.say(str(error))


def _gather(spec: Spec, prometheus: Prometheus, window: Window) -> Evidence:
    now = time.time()
    return gather(prometheus, spec, window, now=now, margin=min(max(now - window.end, 0), MARGIN_SECONDS))


def _conclude(spec: Spec, kept: Kept, folder: Path | None, appendix: Appendix, timer: Timer) -> Proof:
    """Judge the evidence and write the files of the run."""
    with timer.stage("verdict"):
        verdict = evaluate(spec, kept.evidence, kept.run, kept.policy)
    proof = Proof(
        verdict, kept.evidence, spec, kept.run, tuple(timer.stages), appendix.versions, appendix.settings
    )
    if folder:
        with timer.stage("reports"):
            keep(kept.evidence, folder)
            write_reports(proof, folder)
    return replace(proof, timings=tuple(timer.stages))
