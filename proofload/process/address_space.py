"""The address space that the process may use (``ulimit -v``)."""

from __future__ import annotations

import os
import sys

MIN_ADDRESS_SPACE_BYTES = 400 * 1024 * 1024
"""With less, libraries in C end the process with exit code 1, abort, or hang while they are loaded."""


def find_address_space_problem() -> str | None:
    """Return why the address space is too small; ``None`` if it is not, or where there is no such limit."""
    if sys.platform == "win32":
        return None
    import resource  # noqa: PLC0415 - only on Unix

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY or limit >= MIN_ADDRESS_SPACE_BYTES:
        return None
    return (
        f"the address space is limited to {limit // 1024:,} KiB (ulimit -v); "
        f"at least {MIN_ADDRESS_SPACE_BYTES // 1024:,} KiB are needed"
    )


def use_one_blas_thread() -> None:
    """Let NumPy's OpenBLAS start no threads: each reserves memory, and the arithmetic here needs none."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
