"""Starts the real load generator as a process, and reads its events and files."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loadtests.recording import run_from_json
from slo.model import RunRecord

EXIT_TIMEOUT_SECONDS = 60


@dataclass
class LoadGenerator:
    """A running load generator, and the events read from it so far."""

    process: subprocess.Popen[str]
    out: Path
    events: list[dict[str, Any]] = field(default_factory=list)

    def read_until(self, name: str) -> dict[str, Any]:
        """Read events until one has the name, and return it."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.events.append(json.loads(line))
            if self.events[-1]["event"] == name:
                return self.events[-1]
        raise AssertionError(f"no {name!r} in {self.events}: {self.read_errors()}")

    def open_gate(self, line: str = "") -> None:
        """Open the next gate; the line of the first one is the target URL."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def wait_for_exit(self) -> int:
        """Read all remaining events, and return the exit code."""
        assert self.process.stdout is not None
        self.events += [json.loads(line) for line in self.process.stdout]
        return self.process.wait(EXIT_TIMEOUT_SECONDS)

    def read_errors(self) -> str:
        """Return what the process wrote to standard error."""
        return (self.out.parent / "errors.txt").read_text()

    @property
    def record(self) -> RunRecord:
        """The run record that the process wrote."""
        return run_from_json(json.loads((self.out / "run.json").read_text()))


@contextmanager
def start_generator(folder: Path, profile: Path | str, *options: str) -> Iterator[LoadGenerator]:
    """Start a generator with a profile (a file, or its text); kill it at the end when it is still running."""
    if isinstance(profile, str):
        (folder / "profile.yaml").write_text(profile)
        profile = folder / "profile.yaml"
    out = folder / "out"
    command = [sys.executable, "-m", "loadtests", "--profile", str(profile), "--out", str(out), *options]
    with (
        (folder / "errors.txt").open("w") as errors,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        try:
            yield LoadGenerator(process, out)
        finally:
            process.kill()


def send_load(folder: Path, url: str, profile: Path | str, *options: str) -> RunRecord:
    """Send a whole load without gates, and return its record."""
    with start_generator(folder, profile, "--host", url, *options) as generator:
        assert generator.wait_for_exit() == 0, generator.read_errors()
        return generator.record
