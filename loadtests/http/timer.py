"""Wakes the loop at an exact moment: by timerfd where there is one, the loop itself knows milliseconds."""

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
_NANO = 1_000_000_000


class _Timespec(ctypes.Structure):
    _fields_ = (("sec", ctypes.c_long), ("nsec", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class LoopAlarm:
    """Calls back at a moment of :func:`time.perf_counter`, to the loop's precision."""

    def __init__(self, loop: Any, callback: Callable[[], None]) -> None:
        self._loop, self._callback = loop, callback
        self._timer: Any = None

    def at(self, moment: float) -> None:
        """Set the moment; the one set before is forgotten."""
        self.close()
        self._timer = self._loop.timer(max(moment - perf_counter(), 0.0))
        self._timer.start(self._callback)

    def close(self) -> None:
        """Call back no more."""
        if self._timer is not None:
            self._timer.close()
            self._timer = None


class TimerfdAlarm:
    """The same by Linux's timerfd, to tens of microseconds (timerfd_create(2))."""

    def __init__(self, loop: Any, callback: Callable[[], None]) -> None:
        self._callback = callback
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = self._libc.timerfd_create(_CLOCK_MONOTONIC, _NONBLOCK_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._spec = _Itimerspec()
        self._reference = ctypes.byref(self._spec)
        self._watcher = loop.io(self._fd, _READ)
        self._watcher.start(self._ring)

    def at(self, moment: float) -> None:
        """Set the moment; the one set before is forgotten, and one that is past rings at once."""
        nano = max(int(moment * _NANO), 1)
        self._spec.value.sec, self._spec.value.nsec = divmod(nano, _NANO)
        self._libc.timerfd_settime(self._fd, _ABSOLUTE, self._reference, None)

    def close(self) -> None:
        """Call back no more."""
        self._watcher.close()
        os.close(self._fd)

    def _ring(self) -> None:
        try:
            os.read(self._fd, 8)
        except BlockingIOError:
            return
        self._callback()


def alarm(loop: Any, callback: Callable[[], None]) -> LoopAlarm | TimerfdAlarm:
    """Make the best alarm of this system."""
    return TimerfdAlarm(loop, callback) if sys.platform == "linux" else LoopAlarm(loop, callback)
