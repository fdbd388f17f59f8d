"""Ctrl-C and SIGTERM: they end a command that is still being imported at once, and later with a clean-up.

It imports only what the interpreter has imported already: nothing handles a signal before it is imported.
"""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import NoReturn

INTERRUPTED_EXIT_CODE = 130
"""128 + SIGINT, as shells report an interrupted command."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def exit_at_once_when_interrupted() -> None:
    """End the process without clean-up at a signal: during an import, libraries may catch an exception.

    A signal that the parent process ignores, as a shell does for background jobs, stays ignored.
    """
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _exit_at_once)


def raise_when_interrupted() -> None:
    """Raise ``KeyboardInterrupt`` at a signal, if :func:`exit_at_once_when_interrupted` was called before."""
    for number in _SIGNALS:
        if signal.getsignal(number) is _exit_at_once:
            signal.signal(number, _raise_keyboard_interrupt)  # a cancelled CI job cleans up like Ctrl-C


def _exit_at_once(_number: int, _frame: FrameType | None) -> NoReturn:
    try:
        os.write(2, b"interrupted\n")
    finally:
        os._exit(INTERRUPTED_EXIT_CODE)


def _raise_keyboard_interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
