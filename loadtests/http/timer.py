"""Timers that call back at an exact time: Linux's timerfd if available, else the loop's (milliseconds)."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

_CLOCK_MONOTONIC, _ABSOLUTE = 1, 1  # <time.h>, <sys/timerfd.h>
_NONBLOCK_CLOEXEC = os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)
_READ = 1
_NANOSECONDS_PER_SECOND = 1_000_000_000


class _Timespec(ctypes.Structure):
    _fields_ = (("sec", ctypes.c_long), ("nsec", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class LoopTimer:
    """Calls back at a time of :func:`time.perf_counter`, with the precision of the loop."""

    def __init__(self, loop: Any, callback: Callable[[], None]) -> None:
        self._loop, self._callback = loop, callback
        self._timer: Any = None

    def set(self, moment: float) -> None:
        """Set the time of the callback; it replaces the time set before."""
        self.close()
        self._timer = self._loop.timer(max(moment - perf_counter(), 0.0))
        self._timer.start(self._callback)

    def close(self) -> None:
        """Cancel the callback."""
        if self._timer is not None:
            self._timer.close()
            self._timer = None


class TimerfdTimer:
    """Calls back at a time of :func:`time.perf_counter`, within tens of microseconds (timerfd_create(2))."""

    def __init__(self, loop: Any, callback: Callable[[], None]) -> None:
        self._callback = callback
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = self._libc.timerfd_create(_CLOCK_MONOTONIC, _NONBLOCK_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._spec = _Itimerspec()
        self._reference = ctypes.byref(self._spec)
        self._watcher = loop.io(self._fd, _READ)
        self._watcher.start(self._on_expired)

    def set(self, moment: float) -> None:
        """Set the time of the callback; it replaces the time set before. A past time calls back at once."""
        nanoseconds = max(int(moment * _NANOSECONDS_PER_SECOND), 1)
        self._spec.value.sec, self._spec.value.nsec = divmod(nanoseconds, _NANOSECONDS_PER_SECOND)
        self._libc.timerfd_settime(self._fd, _ABSOLUTE, self._reference, None)

    def close(self) -> None:
        """Cancel the callback and close the timer."""
        self._watcher.close()
        os.close(self._fd)

    def _on_expired(self) -> None:
        try:
            os.read(self._fd, 8)
        except BlockingIOError:
            return
        self._callback()


def create_timer(loop: Any, callback: Callable[[], None]) -> LoopTimer | TimerfdTimer:
    """Return the most precise timer of this system."""
    return TimerfdTimer(loop, callback) if sys.platform == "linux" else LoopTimer(loop, callback)
