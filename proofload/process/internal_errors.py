"""Internal errors: exit code 70, one line on standard error, the traceback in a file, an error in JUnit.

Exit code 70 is ``EX_SOFTWARE`` of ``sysexits.h``. No code of a verdict can be taken for it.
"""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree as ET

INTERNAL_ERROR_EXIT_CODE = 70
TRACEBACK_FILE = "internal-error.txt"
"""Name of the traceback's file in the logs of a run directory."""
_MAX_MESSAGE_CHARACTERS = 300
_MAX_TRACEBACK_CHARACTERS = 200_000


class CrashReporter:
    """Reports internal errors; it knows the run directory as soon as a command has one."""

    def __init__(self) -> None:
        self._run_directory: Path | None = None
        self._writes_junit = False

    def use_run_directory(self, run_directory: Path, *, writes_junit: bool) -> None:
        """Write tracebacks to the logs of a run directory; ``writes_junit``: errors to its ``junit.xml``."""
        self._run_directory, self._writes_junit = run_directory, writes_junit

    def report(self, error: BaseException) -> int:
        """Report an error that ends the command; return the exit code."""
        message = f"internal error: {format_error(error)}"
        place = self.write_traceback(error)
        sys.stderr.write(f"proofload: {message}; {place}\n")
        if self._run_directory and self._writes_junit:
            with suppress(OSError):
                (self._run_directory / "junit.xml").write_bytes(_format_junit(message, place))
        return INTERNAL_ERROR_EXIT_CODE

    def write_traceback(self, error: BaseException) -> str:
        """Write the traceback to a file; return where it is, as text for a message."""
        text = "".join(traceback.format_exception(error))[-_MAX_TRACEBACK_CHARACTERS:]
        data = text.encode(errors="backslashreplace")
        if self._run_directory:
            path = self._run_directory / "logs" / TRACEBACK_FILE
            with suppress(OSError):
                path.write_bytes(data)
                return f"traceback in {path}"
        try:
            handle, name = tempfile.mkstemp(prefix="proofload-internal-error-", suffix=".txt")
            with os.fdopen(handle, "wb") as file:
                file.write(data)
        except OSError as failure:
            return f"the traceback can't be written: {failure.strerror}"
        return f"traceback in {name}"


def format_error(error: BaseException) -> str:
    """Return type and message of an error in one line of printable characters."""
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - the error to report may be of a class that can't be formatted
        message = ""
    line = " ".join("".join(char if char.isprintable() else " " for char in message).split())
    if len(line) > _MAX_MESSAGE_CHARACTERS:
        line = line[: _MAX_MESSAGE_CHARACTERS - 3] + "..."
    return f"{type(error).__name__}: {line}" if line else type(error).__name__


def _format_junit(message: str, place: str) -> bytes:
    """Return a JUnit report with one error, so that no viewer shows an earlier or partial verdict."""
    counts = {"tests": "1", "failures": "0", "errors": "1", "skipped": "0"}
    root = ET.Element("testsuites", {"name": "proofload", **counts})
    suite = ET.SubElement(root, "testsuite", {"name": "proofload", **counts})
    case = ET.SubElement(suite, "testcase", {"name": "internal error", "classname": "proofload"})
    ET.SubElement(case, "error", {"type": "internal_error", "message": message}).text = f"{message}; {place}"
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    data = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'
    return data.encode(errors="backslashreplace")


crash_reporter = CrashReporter()
"""The reporter of this process."""
