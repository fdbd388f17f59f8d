"""Writing a file completely or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_MODE = 0o644
"""``mkstemp`` makes files that only their owner can read."""


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file; readers see the old content or the new content, never a part of it.

    Raises:
        OSError: the file can't be written; ``path`` is unchanged and no temporary file is left.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        temporary.chmod(_MODE)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
