"""Load with Locust's users: an open loop at a rate, or a closed loop with a number of users.

Locust's events, statistics and reports are filled from the recorder.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loadtests.locust.closed_loop import ClosedLoopEngine
    from loadtests.locust.error_classes import record_request
    from loadtests.locust.locust_statistics import LocustReport
    from loadtests.locust.open_loop import SPAWN_TIMEOUT_SECONDS, OpenLoopEngine
    from loadtests.locust.user_class_factory import UserClassFactory
    from loadtests.locust.users import load_users
    from loadtests.locust.web_ui import serve_web_ui
else:
    _MODULES = {
        "SPAWN_TIMEOUT_SECONDS": "open_loop",
        "ClosedLoopEngine": "closed_loop",
        "LocustReport": "locust_statistics",
        "OpenLoopEngine": "open_loop",
        "UserClassFactory": "user_class_factory",
        "load_users": "users",
        "record_request": "error_classes",
        "serve_web_ui": "web_ui",
    }

    def __getattr__(name: str) -> object:
        """Import an exported name at its first use: importing Locust patches the whole process (gevent)."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


__all__ = [
    "SPAWN_TIMEOUT_SECONDS",
    "ClosedLoopEngine",
    "LocustReport",
    "OpenLoopEngine",
    "UserClassFactory",
    "load_users",
    "record_request",
    "serve_web_ui",
]
