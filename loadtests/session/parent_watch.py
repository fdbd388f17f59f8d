"""Ends a process of the load generator when the process that started it has ended, for whatever reason.

A closed pipe would not do: not every process reads one, and a process whose event loop is blocked reads none.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import click
from gevent.monkey import get_original

POLL_SECONDS = 0.5
GRACE_SECONDS = 10.0
"""Time to end after SIGTERM, for example to write the files of the load; then SIGKILL follows."""

_start_thread: Callable[..., int] = get_original("_thread", "start_new_thread")  # a greenlet may be blocked
_sleep: Callable[[float], None] = get_original("time", "sleep")


def watch_parent(parent_id: int | None) -> None:
    """End this process soon after the process ``parent_id``, its parent, has ended; ``None``: never."""
    if parent_id is not None:
        _start_thread(_end_with_parent, (parent_id,))


def add_parent_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option ``--parent`` to a command line: the id of the process that starts it."""
    return click.option("--parent", type=int, hidden=True)(command)


def _end_with_parent(parent_id: int) -> None:
    while os.getppid() == parent_id:
        _sleep(POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    _sleep(GRACE_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)
