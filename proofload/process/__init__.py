"""The process of a command: signals, standard streams, and internal errors.

It imports little, so that Ctrl-C is handled early.
"""

from proofload.process.internal_errors import crash_reporter, format_error
from proofload.process.interrupts import (
    INTERRUPTED_EXIT_CODE,
    exit_at_once_when_interrupted,
    raise_when_interrupted,
)
from proofload.process.standard_streams import protect_standard_streams

__all__ = [
    "INTERRUPTED_EXIT_CODE",
    "crash_reporter",
    "exit_at_once_when_interrupted",
    "format_error",
    "protect_standard_streams",
    "raise_when_interrupted",
]
