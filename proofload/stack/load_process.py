"""The load generator in a process of its own, so that gevent's patching never reaches the checker."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

SILENCE_SECONDS = 60.0
"""The generator speaks about twice a second; after so long without a word it is taken for hung."""
STOP_SECONDS = 15.0
"""How long it may take to write its books after it is told to stop."""

Event = Mapping[str, Any]


class LoadError(Exception):
    """The load generator failed; the message says how."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """What sends: so many processes here, and so many of other machines that join at ``listen``."""

    processes: int = 1
    listen: str | None = None
    expect_workers: int = 0

    def arguments(self) -> dict[str, object]:
        """Give the options of ``python -m loadtests``."""
        expected = self.expect_workers or None
        return {"--processes": self.processes, "--listen": self.listen, "--expect-workers": expected}


@dataclass(frozen=True, slots=True)
class LoadOrder:
    """What to send: a profile, with the overrides of the command line (seconds, requests/s)."""

    profile: Path
    out: Path
    seed: int | None = None
    duration_seconds: float | None = None
    rate: float | None = None
    fleet: Fleet = Fleet()
    locust_report: bool = False

    def arguments(self) -> list[str]:
        """Give the command line of ``python -m loadtests``."""
        duration = None if self.duration_seconds is None else f"{self.duration_seconds}s"
        given = {"--seed": self.seed, "--duration": duration, "--rate": self.rate, **self.fleet.arguments()}
        options = [text for name, value in given.items() if value is not None for text in (name, str(value))]
        flags = ["--locust-report"] if self.locust_report else []
        return ["--profile", str(self.profile), "--out", str(self.out), *options, *flags]


class LoadProcess:
    """Runs ``python -m loadtests`` and follows its events; ends it on every way out.

    It waits at its gates for :meth:`go`, or does at once what ``mode`` says (options of its command line).
    """

    def __init__(self, order: LoadOrder, log: Path, mode: Sequence[str] = ("--gate",)) -> None:
        self._order = order
        self._mode = mode
        self._log = log
        self._events: queue.Queue[Event | None] = queue.Queue()

    def __enter__(self) -> Self:
        command = [sys.executable, "-P", "-m", "loadtests", *self._mode, *self._order.arguments()]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, arguments as a list
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,  # Ctrl-C reaches it through us, in our order
            )
        threading.Thread(target=self._read, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()

    def go(self, target: str = "") -> None:
        """Open the gate that the generator waits at; at the first it needs to know its target."""
        if self._process.stdin is None:
            raise LoadError("the load generator has no standard input")
        try:
            self._process.stdin.write(f"{target}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise LoadError(self._ended()) from None

    def release(self) -> None:
        """Let a generator that holds after its load end; it may have ended by itself."""
        with suppress(LoadError):
            self.go()

    def until(self, name: str, progress: Callable[[Event], None] | None = None) -> Event:
        """Wait for an event, handing those of progress on.

        Raises:
            LoadError: the generator failed, ended, or fell silent before the event.
        """
        while True:
            try:
                event = self._events.get(timeout=SILENCE_SECONDS)
            except queue.Empty:
                raise LoadError(f"the load generator said nothing for {SILENCE_SECONDS:.0f} s") from None
            if event is None:
                raise LoadError(self._ended())
            if event["event"] == "error":
                raise LoadError(str(event.get("message", "the load generator failed")))
            if event["event"] == "progress" and progress:
                progress(event)
            if event["event"] == name:
                return event

    def wait(self) -> None:
        """Wait until the generator ends by itself.

        Raises:
            LoadError: it ended with an error.
        """
        if self._process.wait():
            raise LoadError(self._ended())

    def _read(self) -> None:
        """Pass the generator's JSON lines on; other lines (a user's ``print``) are left alone."""
        if self._process.stdout is None:
            return
        for line in self._process.stdout:
            try:
                event = json.loads(line)
            except json.JSONDecodeError:
                continue
            if isinstance(event, dict) and "event" in event:
                self._events.put(event)
        self._events.put(None)

    def _ended(self) -> str:
        code = self._process.wait()
        said = self._log.read_text(errors="replace").strip().splitlines()[-5:]
        return "\n  ".join([f"the load generator ended with code {code}", *said])


def serve_master(address: str) -> int:
    """Work for a master until it ends; give the exit code of ``python -m loadtests.fleet``."""
    return subprocess.run([sys.executable, "-P", "-m", "loadtests.fleet", address], check=False).returncode  # noqa: S603 - our own module
