"""The generator's side of the talk with whoever started it: JSON lines out, a line in for each gate."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable

import gevent
from gevent.event import Event
from gevent.fileobject import FileObjectPosix


def say(event: str, **fields: object) -> None:
    """Write one event as a line of JSON; nobody may be listening any more."""
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
        sys.stdout.flush()


class Gate:
    """Opens once for each line on standard input; when that ends, whoever started us is gone."""

    def __init__(self, gone: Callable[[], None]) -> None:
        self._gone = gone
        self._opened = Event()
        gevent.spawn(self._read)

    def wait(self) -> None:
        """Wait for the next line."""
        self._opened.wait()
        self._opened.clear()

    def _read(self) -> None:
        with FileObjectPosix(sys.stdin.fileno(), "rb", closefd=False) as lines:
            while lines.readline():
                self._opened.set()
        self._gone()
