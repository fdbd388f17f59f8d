"""The process of a command: signals, standard streams, and internal errors.

It imports little, so that Ctrl-C is handled early.
"""

from proofload.process.address_space import find_address_space_problem, use_one_blas_thread
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
    "find_address_space_problem",
    "format_error",
    "protect_standard_streams",
    "raise_when_interrupted",
    "use_one_blas_thread",
]
