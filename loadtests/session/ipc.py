"""The generator's side of the talk with whoever started it: JSON lines out, a line in for each gate."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable

import gevent
from gevent.fileobject import FileObjectPosix
from gevent.queue import Queue


def say(event: str, **fields: object) -> None:
    """Write one event as a line of JSON; nobody may be listening any more."""
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
        sys.stdout.flush()


class Gate:
    """Opens once for each line on standard input; when that ends, whoever started us is gone."""

    def __init__(self, gone: Callable[[], None]) -> None:
        self._gone = gone
        self._lines: Queue[str] = Queue()
        gevent.spawn(self._read)

    def wait(self) -> str:
        """Wait for the next line, and give it."""
        return self._lines.get()

    def _read(self) -> None:
        with FileObjectPosix(sys.stdin.fileno(), "rb", closefd=False) as lines:
            for line in lines:
                self._lines.put(line.decode(errors="replace").strip())
        self._gone()
