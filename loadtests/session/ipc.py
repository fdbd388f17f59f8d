"""Communication with the process that started the generator: events as JSON lines and a log out, gates in."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from collections.abc import Callable

import gevent
from gevent.fileobject import FileObjectPosix
from gevent.queue import Queue

from slo.documents import make_terminal_safe, mask_text


class _SafeFormatter(logging.Formatter):
    """Formats records, also of a locustfile and of Locust, with secrets masked."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record, with its traceback."""
        return make_terminal_safe(mask_text(super().format(record)))


def configure_logging() -> None:
    """Log to standard error: secrets masked, safe for terminals and logs of CI jobs."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_SafeFormatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


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
