"""Starts the real load generator in a process of its own, and reads what it says and writes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loadtests.recording.run_json import from_json
from slo.model import RunRecord

ENDS_SECONDS = 60


@dataclass
class Generator:
    """The process, and the events it has said so far."""

    process: subprocess.Popen[str]
    out: Path
    events: list[dict[str, Any]] = field(default_factory=list)

    def until(self, name: str) -> dict[str, Any]:
        """Read on until an event of that name."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.events.append(json.loads(line))
            if self.events[-1]["event"] == name:
                return self.events[-1]
        raise AssertionError(f"no {name!r} in {self.events}: {self.errors()}")

    def go(self, line: str = "") -> None:
        """Open a gate."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def end(self) -> int:
        """Wait for the end; give the exit code."""
        assert self.process.stdout is not None
        self.events += [json.loads(line) for line in self.process.stdout]
        return self.process.wait(ENDS_SECONDS)

    def errors(self) -> str:
        """Give what it said on standard error."""
        return (self.out.parent / "errors.txt").read_text()

    @property
    def record(self) -> RunRecord:
        """The record it wrote."""
        return from_json(json.loads((self.out / "run.json").read_text()))


@contextmanager
def generator(folder: Path, profile: Path | str, *options: str) -> Iterator[Generator]:
    """Start it with a profile (a file, or its text); kill it at the end where it still runs."""
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
            yield Generator(process, out)
        finally:
            process.kill()


def send(folder: Path, url: str, profile: Path | str, *options: str) -> RunRecord:
    """Send a whole load without gates, and give its record."""
    with generator(folder, profile, "--host", url, *options) as one:
        assert one.end() == 0, one.errors()
        return one.record
