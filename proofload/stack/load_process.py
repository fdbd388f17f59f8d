"""The load generator in its own process, so that gevent's patches do not affect the checker."""

from __future__ import annotations

import json
import os
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

SILENCE_TIMEOUT_SECONDS = 60.0
"""The load generator sends about two events per second; without one for this long it is considered hung."""
REJECTED_EXIT_CODE = 2
"""Exit code of the load generator for bad usage and for a profile or locustfile that can't be used."""
UNHANDLED_EXIT_CODE = 1
"""Exit code of Python for an exception that nothing handles; the log ends with its traceback."""
LAST_LOG_LINES = 20
_TRACEBACK = "Traceback (most recent call last)"
STOP_TIMEOUT_SECONDS = 15.0
"""Maximum time for writing its files after an interrupt."""

LoadEvent = Mapping[str, Any]
"""A JSON object that the load generator writes to standard output; ``event`` is its name."""


class LoadError(Exception):
    """The load generator failed; the message states how."""


class LoadRejectedError(LoadError):
    """The load generator rejects the profile, its locustfile or its target, before anything is sent."""


class LoadCrashedError(LoadError):
    """The load generator ended with an internal error; the message names the log with the traceback."""


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """The processes that send the load: number on this machine, and workers that connect to ``listen``."""

    processes: int = 1
    listen: str | None = None
    expect_workers: int = 0

    def build_arguments(self) -> dict[str, object]:
        """Return the options of ``python -m loadtests``; ``None`` values are left out."""
        expected = self.expect_workers or None
        return {"--processes": self.processes, "--listen": self.listen, "--expect-workers": expected}


@dataclass(frozen=True, slots=True)
class LoadParameters:
    """The load to send: a profile, with the overrides of the command line (seconds, requests/s)."""

    profile: Path
    run_directory: Path
    seed: int | None = None
    duration_seconds: float | None = None
    rate: float | None = None
    worker_options: WorkerOptions = WorkerOptions()
    locust_report: bool = False

    def build_arguments(self) -> list[str]:
        """Return the arguments of ``python -m loadtests``."""
        duration = None if self.duration_seconds is None else f"{self.duration_seconds}s"
        options = {
            "--seed": self.seed,
            "--duration": duration,
            "--rate": self.rate,
            **self.worker_options.build_arguments(),
        }
        arguments = ["--profile", str(self.profile), "--out", str(self.run_directory)]
        for name, value in options.items():
            if value is not None:
                arguments += [name, str(value)]
        return [*arguments, *(["--locust-report"] if self.locust_report else [])]


class LoadProcess:
    """Runs ``python -m loadtests`` and reads its events; the process is stopped on exit, also after errors.

    With ``--gate`` the load generator waits for :meth:`open_gate` before warm-up and load; other
    ``mode_arguments`` start the load at once.
    """

    def __init__(
        self, parameters: LoadParameters, log: Path, mode_arguments: Sequence[str] = ("--gate",)
    ) -> None:
        self._parameters = parameters
        self._mode_arguments = mode_arguments
        self._log = log
        self._events: queue.Queue[LoadEvent | None] = queue.Queue()

    def __enter__(self) -> Self:
        command = [
            sys.executable,
            "-P",
            "-m",
            "loadtests",
            *_build_parent_arguments(),
            *self._mode_arguments,
            *self._parameters.build_arguments(),
        ]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, arguments as a list
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,  # Ctrl-C reaches it only through __exit__
            )
        threading.Thread(target=self._read_events, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(STOP_TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()

    def open_gate(self, target_url: str = "") -> None:
        """Let the load generator continue; the first time with the URL of its target.

        Raises:
            LoadError: the load generator has ended.
        """
        if self._process.stdin is None:
            raise LoadError("the load generator has no standard input")
        try:
            self._process.stdin.write(f"{target_url}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._make_exit_error() from None

    def release(self) -> None:
        """Let a load generator end that waits after its load; it may have ended already."""
        with suppress(LoadError):
            self.open_gate()

    def await_event(self, name: str, progress: Callable[[LoadEvent], None] | None = None) -> LoadEvent:
        """Wait for an event; call ``progress`` with each progress event before it.

        Raises:
            LoadError: the load generator failed, ended, or sent no event for too long.
        """
        while True:
            try:
                event = self._events.get(timeout=SILENCE_TIMEOUT_SECONDS)
            except queue.Empty:
                raise LoadError(
                    f"the load generator sent no event for {SILENCE_TIMEOUT_SECONDS:.0f} s"
                ) from None
            if event is None:
                raise self._make_exit_error()
            if event["event"] == "error":
                raise LoadError(str(event.get("message", "the load generator failed")))
            if event["event"] == "progress" and progress:
                progress(event)
            if event["event"] == name:
                return event

    def wait(self) -> None:
        """Wait until the load generator ends.

        Raises:
            LoadError: it ended with an error.
        """
        if self._process.wait():
            raise self._make_exit_error()

    def _read_events(self) -> None:
        """Queue the load generator's events; other lines, such as a user's ``print``, are ignored."""
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

    def _make_exit_error(self) -> LoadError:
        """Return the error that the exit code of the load generator means (``loadtests.__main__``)."""
        code = self._process.wait()
        log = self._log.read_text(errors="replace")
        last_lines = log.strip().splitlines()[-LAST_LOG_LINES:]
        if code == REJECTED_EXIT_CODE:
            return LoadRejectedError("\n".join(last_lines))
        if code == UNHANDLED_EXIT_CODE and _TRACEBACK in log:
            return LoadCrashedError(f"the load generator failed: {last_lines[-1]}; traceback in {self._log}")
        return LoadError("\n  ".join([f"the load generator ended with code {code}", *last_lines]))


def check_locustfile(profile: Path) -> None:
    """Load a profile and its locustfile in a process of their own; nothing is sent.

    Raises:
        LoadRejectedError: the locustfile can't be loaded, or does not fit the profile's arrivals.
        LoadError: loading it took too long, or ended the process.
    """
    command = [
        sys.executable,
        "-P",
        "-m",
        "loadtests.fleet.profile_check",
        *_build_parent_arguments(),
        str(profile),
    ]
    try:
        done = subprocess.run(  # noqa: S603 - our own module, arguments as a list
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SILENCE_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise LoadError(
            f"{profile}: loading its locustfile took more than {SILENCE_TIMEOUT_SECONDS:g} s"
        ) from None
    last_lines = "\n".join(done.stderr.strip().splitlines()[-LAST_LOG_LINES:])
    if done.returncode == REJECTED_EXIT_CODE:
        raise LoadRejectedError(last_lines)
    if done.returncode:
        raise LoadError(f"{profile}: loading its locustfile ended with code {done.returncode}: {last_lines}")


def run_worker(address: str) -> int:
    """Run a worker of the master at ``address``; return the exit code of ``python -m loadtests.fleet``."""
    command = [sys.executable, "-P", "-m", "loadtests.fleet", *_build_parent_arguments(), address]
    return subprocess.run(command, check=False).returncode  # noqa: S603 - our own module


def _build_parent_arguments() -> tuple[str, str]:
    """Return the option that ends a process of the load generator when this process has ended."""
    return "--parent", str(os.getpid())
