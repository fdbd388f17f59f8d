"""Standard output and error whose failures don't end a command: full disk, closed pipe, narrow encoding."""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_STANDARD_DESCRIPTORS = (0, 1, 2)


class FailsafeOutput(io.RawIOBase):
    """Writes to a file descriptor; after the first error it discards all output and keeps the error.

    A closed pipe is no error: the reader, e.g. ``head``, has what it wants.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._discards = False
        self.error: OSError | None = None

    def writable(self) -> bool:
        """Return ``True``."""
        return True

    def fileno(self) -> int:
        """Return the file descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Return whether the descriptor is a terminal."""
        return os.isatty(self._descriptor)

    def write(self, data: ReadableBuffer, /) -> int:
        """Write bytes, or discard them after an error; return how many were taken."""
        view = memoryview(data)
        while not self._discards:
            try:
                return os.write(self._descriptor, view)
            except BlockingIOError:
                select.select([], [self._descriptor], [])
            except OSError as error:
                self._discards = True
                self.error = None if error.errno == errno.EPIPE else error
        return view.nbytes


def protect_standard_streams() -> FailsafeOutput:
    """Replace standard output and error by streams that never raise; return the bytes of standard output.

    Characters that the encoding lacks are written as escapes. Closed descriptors become ``/dev/null``: else
    the next file that is opened would get their number, and with it the output. Streams that a program has
    replaced already, as a test does, stay.
    """
    for descriptor in _STANDARD_DESCRIPTORS:
        _open_if_closed(descriptor)
    output, errors = FailsafeOutput(1), FailsafeOutput(2)
    if sys.stdout is sys.__stdout__:
        sys.stdout = _wrap_stream(output, sys.stdout)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _wrap_stream(errors, sys.stderr)
    return output


def _open_if_closed(descriptor: int) -> None:
    try:
        os.fstat(descriptor)
    except OSError:
        null = os.open(os.devnull, os.O_RDWR)
        if null != descriptor:
            os.dup2(null, descriptor)
            os.close(null)


def _wrap_stream(output: FailsafeOutput, replaced: TextIO | None) -> TextIO:
    """Return a text stream with the encoding of the stream that it replaces (``None``: it was closed)."""
    if replaced is not None:
        with suppress(OSError, ValueError):
            replaced.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(output),
        encoding=getattr(replaced, "encoding", None) or "utf-8",
        errors="backslashreplace",
        line_buffering=bool(replaced is None or replaced.line_buffering),
    )
