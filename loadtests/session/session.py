"""One load from start to end: warm-up, measured load, run record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import gevent

from loadtests.profile import OpenProfile, Profile, Stage, UserStage, compute_load_seconds, remove_credentials
from loadtests.recording import Recorder
from loadtests.schedule import Engine, count_expected_arrivals, now
from loadtests.session.abort_conditions import find_abort_reason
from loadtests.session.gc_tuning import collect_garbage_rarely
from loadtests.session.process_health import ProcessHealthMonitor
from slo.model import RunRecord

PROGRESS_INTERVAL_SECONDS = 0.5

EventWriter = Callable[..., None]
LoadObserver = Callable[[Recorder, str], AbstractContextManager[None]]


class InterruptedLoadError(Exception):
    """The load ends now; what was sent so far counts."""


class AbortedLoadError(InterruptedLoadError):
    """The load ends now because an abort condition of the profile was exceeded; the message says which."""


@dataclass
class LoadSession:
    """A load of one profile, sent by one engine.

    ``write_event`` takes an event's name and its fields. ``wait_for_gate`` waits until the next phase may
    start; its first result is the target URL. ``observe`` returns a context manager that is entered for the
    measured load; it is called with its recorder and the target URL.
    """

    run_id: str
    profile: Profile
    seed: int
    engine: Engine
    write_event: EventWriter
    wait_for_gate: Callable[[], str]
    observe: LoadObserver = lambda _recorder, _target_url: nullcontext()
    warmup_recorder: Recorder = field(default_factory=Recorder)
    recorder: Recorder = field(default_factory=Recorder)
    """Of the measured load."""
    _target_url: str = ""
    _start_time: float = 0.0
    _health_monitor: ProcessHealthMonitor = field(default_factory=ProcessHealthMonitor)
    _is_interrupted: bool = False
    _abort_reason: str | None = None

    def run(self) -> RunRecord | None:
        """Send the load and return its record, also after an interruption; ``None`` if it never started.

        Raises:
            EngineError: the engine can't send.
        """
        try:
            with self.engine:
                self.write_event("ready")
                self._target_url = self.wait_for_gate()
                with collect_garbage_rarely():
                    self._warm_up()
                    self.write_event("warmed_up")
                    self.wait_for_gate()
                    self._send_load()
        except InterruptedLoadError as error:
            self._is_interrupted = True
            self._abort_reason = str(error) if isinstance(error, AbortedLoadError) else None
        return self._build_record() if self._start_time else None

    def _warm_up(self) -> None:
        """Send at the rate (or with the users) at the start of the first stage."""
        self.engine.start(self._target_url, self.warmup_recorder)
        if self.profile.warmup_seconds:
            stage = _build_warmup_stage(self.profile.schedule[0], self.profile.warmup_seconds)
            self.warmup_recorder.start_time = now() + self.engine.lead_seconds
            self.engine.send([stage], self.warmup_recorder.start_time, self.warmup_recorder)

    def _send_load(self) -> None:
        self._start_time = now() + self.engine.lead_seconds
        self.recorder = Recorder(self._start_time)
        self.write_event("started", time=self._start_time)
        observer = self.observe(self.recorder, remove_credentials(self._target_url))
        with self._health_monitor, observer, self._report_progress():
            self.engine.send(self.profile.schedule, self._start_time, self.recorder)

    # --- Progress ---------------------------------------------------------------------------------

    @contextmanager
    def _report_progress(self) -> Iterator[None]:
        progress_loop = gevent.spawn(self._run_progress_loop, gevent.getcurrent())
        try:
            yield
        finally:
            progress_loop.kill()

    def _run_progress_loop(self, sender: Any) -> None:
        """Write progress events, and interrupt the sending greenlet when an abort condition is exceeded."""
        previous = _ProgressCounts(0.0, 0.0, 0, 0)
        while True:
            gevent.sleep(PROGRESS_INTERVAL_SECONDS)
            self.recorder.reduce_rows()
            current = self._count_progress()
            seconds = current.elapsed - previous.elapsed
            recent = self.recorder.take_recent_response_times()
            self.write_event(
                "progress",
                elapsed_seconds=current.elapsed,
                duration_seconds=compute_load_seconds(self.profile),
                rate_offered=(current.offered - previous.offered) / seconds,
                rate_sent=(current.sent - previous.sent) / seconds,
                rate_completed=(current.completed - previous.completed) / seconds,
                failed=self.recorder.failed_count,
                in_flight=self.engine.in_flight,
                p95_seconds=recent.compute_quantile(0.95),
            )
            previous = current
            conditions = self.profile.abort
            reason = conditions and find_abort_reason(
                conditions, current.elapsed, self.recorder.merge_all_stats()
            )
            if reason:
                sender.kill(AbortedLoadError(reason), block=False)
                return

    def _count_progress(self) -> _ProgressCounts:
        elapsed = now() - self._start_time
        sent = self.recorder.sent_count + self.engine.in_flight
        if isinstance(self.profile, OpenProfile):
            offered = count_expected_arrivals(self.profile.schedule, elapsed)
        else:
            offered = float(sent)
        return _ProgressCounts(elapsed, offered, sent, self.recorder.completed_count)

    # --- The record -------------------------------------------------------------------------------

    def _build_record(self) -> RunRecord:
        window = self.recorder.find_window(self._start_time + compute_load_seconds(self.profile))
        return RunRecord(
            id=self.run_id,
            target=remove_credentials(self._target_url),
            engine=self.engine.name,
            seed=self.seed,
            window=window,
            profile=self.profile.model_dump(mode="json", exclude_none=True),
            total=self.recorder.count_total(),
            requests=self.recorder.count_by_name(),
            warmup=self.warmup_recorder.count_total(),
            series=self.recorder.list_seconds(window.end),
            generator=self.engine.versions,
            processes=tuple(self.engine.read_process_health()) or (self._health_monitor.read_health(),),
            interrupted=self._is_interrupted,
            aborted=self._abort_reason,
            tasks=self.recorder.count_tasks(),
        )


def _build_warmup_stage(first_stage: Stage | UserStage, seconds: float) -> Stage | UserStage:
    """Return a stage with the rate (or the users) at the start of the first stage."""
    if isinstance(first_stage, Stage):
        return Stage.model_construct(duration_seconds=seconds, rate=first_stage.rate, to=None)
    return first_stage.model_copy(update={"duration_seconds": seconds})


@dataclass(frozen=True, slots=True)
class _ProgressCounts:
    elapsed: float
    offered: float
    sent: int
    completed: int
