"""One load from beginning to end: warm-up, the measured load, its record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import gevent

from loadtests.profile.profile_models import OpenProfile, Profile, Stage, UserStage, seconds_of
from loadtests.profile.target_url import without_secrets
from loadtests.recording.process_health import Health
from loadtests.recording.recorder import Books
from loadtests.schedule.clock import now
from loadtests.schedule.engine import Engine
from loadtests.schedule.pacing import offered
from loadtests.session.abort_conditions import reason_to_abort
from loadtests.session.gc_tuning import rare_collection
from slo.model import RunRecord

TICK_SECONDS = 0.5

Say = Callable[..., None]
Follow = Callable[[Books, str], AbstractContextManager[None]]


class InterruptedLoadError(Exception):
    """The load is to end now; what was sent so far counts."""


class AbortedLoadError(InterruptedLoadError):
    """The same, because it went so badly as the profile says; the text tells how."""


@dataclass
class Session:
    """A load of one profile, sent by one engine.

    ``say`` takes an event's name and its fields. ``follow`` is entered with the books of the measured load
    and the target's address, and left when it is over. ``gate`` waits until the next phase may begin; the
    first time it gives the target's base URL.
    """

    id: str
    profile: Profile
    seed: int
    engine: Engine
    say: Say
    gate: Callable[[], str]
    follow: Follow = lambda _books, _target: nullcontext()
    warmup: Books = field(default_factory=Books)
    measured: Books = field(default_factory=Books)
    _target: str = ""
    _begin: float = 0.0
    _health: Health = field(default_factory=Health)
    _interrupted: bool = False
    _aborted: str | None = None

    def __call__(self) -> RunRecord | None:
        """Send everything, and give the record of it, also of a measured load that was interrupted.

        Raises:
            EngineError: the engine can't send.
        """
        try:
            with self.engine:
                self.say("ready")
                self._target = self.gate()
                with rare_collection():
                    self._warm_up()
                    self.say("warmed_up")
                    self.gate()
                    self._load()
        except InterruptedLoadError as error:
            self._interrupted = True
            self._aborted = str(error) if isinstance(error, AbortedLoadError) else None
        return self._record() if self._begin else None

    def _warm_up(self) -> None:
        """Send at what the first stage begins with."""
        self.engine.start(self._target, self.warmup)
        first = self.profile.schedule[0]
        if self.profile.warmup_seconds:
            self.warmup.begin = now() + self.engine.lead_seconds
            self.engine.send([_warming(first, self.profile.warmup_seconds)], self.warmup.begin, self.warmup)

    def _load(self) -> None:
        self._begin = now() + self.engine.lead_seconds
        self.measured = Books(self._begin)
        self.say("started", time=self._begin)
        with self._health, self.follow(self.measured, without_secrets(self._target)), self._progress():
            self.engine.send(self.profile.schedule, self._begin, self.measured)

    @contextmanager
    def _progress(self) -> Iterator[None]:
        ticking = gevent.spawn(self._tick, gevent.getcurrent())
        try:
            yield
        finally:
            ticking.kill()

    def _tick(self, sending: Any) -> None:
        before = _Tally(0.0, 0.0, 0, 0)
        while True:
            gevent.sleep(TICK_SECONDS)
            self.measured.reduce()
            seen = self._tally()
            span = seen.elapsed - before.elapsed
            recent = self.measured.take_recent()
            self.say(
                "progress",
                elapsed_seconds=seen.elapsed,
                duration_seconds=seconds_of(self.profile),
                rate_offered=(seen.offered - before.offered) / span,
                rate_sent=(seen.sent - before.sent) / span,
                rate_completed=(seen.completed - before.completed) / span,
                failed=self.measured.failed,
                in_flight=self.engine.in_flight,
                p95_seconds=recent.quantile(0.95),
            )
            before = seen
            conditions = self.profile.abort
            reason = conditions and reason_to_abort(conditions, seen.elapsed, self.measured.everything())
            if reason:
                sending.kill(AbortedLoadError(reason), block=False)
                return

    def _tally(self) -> _Tally:
        elapsed = now() - self._begin
        sent = self.measured.requests + self.engine.in_flight
        due = (
            offered(self.profile.schedule, elapsed) if isinstance(self.profile, OpenProfile) else float(sent)
        )
        return _Tally(elapsed, due, sent, self.measured.answered)

    def _record(self) -> RunRecord:
        books = self.measured
        span = books.window(self._begin + seconds_of(self.profile))
        return RunRecord(
            id=self.id,
            target=without_secrets(self._target),
            engine=self.engine.name,
            seed=self.seed,
            window=span,
            profile=self.profile.model_dump(mode="json", exclude_none=True),
            total=books.total(),
            requests=books.by_name(),
            warmup=self.warmup.total(),
            series=books.per_second(span.end),
            generator=self.engine.versions,
            processes=tuple(self.engine.processes()) or (self._health.reading(),),
            interrupted=self._interrupted,
            aborted=self._aborted,
        )


def _warming(first: Stage | UserStage, seconds: float) -> Stage | UserStage:
    """Give a stage of what the load begins with."""
    if isinstance(first, Stage):
        return Stage.model_construct(duration_seconds=seconds, rate=first.rate, to=None)
    return first.model_copy(update={"duration_seconds": seconds})


@dataclass(frozen=True, slots=True)
class _Tally:
    elapsed: float
    offered: float
    sent: int
    completed: int
