"""Communication with the process that started the generator: events as JSON lines out, gates as lines in."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable

import gevent
from gevent.fileobject import FileObjectPosix
from gevent.queue import Queue


def write_event(event: str, **fields: object) -> None:
    """Write one event as a line of JSON to standard output; a closed pipe is ignored."""
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
        sys.stdout.flush()


class Gate:
    """Opens once for each line on standard input.

    ``on_closed`` is called when standard input ends: the process that started this one has ended.
    """

    def __init__(self, on_closed: Callable[[], None]) -> None:
        self._on_closed = on_closed
        self._lines: Queue[str] = Queue()
        gevent.spawn(self._read_lines)

    def wait(self) -> str:
        """Wait for the next line and return it."""
        return self._lines.get()

    def _read_lines(self) -> None:
        with FileObjectPosix(sys.stdin.fileno(), "rb", closefd=False) as lines:
            for line in lines:
                self._lines.put(line.decode(errors="replace").strip())
        self._on_closed()
