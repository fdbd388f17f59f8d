"""One load from start to end: warm-up, measured load, abort conditions, metrics, process health, run record.

It writes events to the process that started it, and works with every engine.
"""

from loadtests.session.exporter import (
    LoadCollector,
    create_metrics_app,
    create_session_collector,
    list_known_names,
    serve_metrics,
)
from loadtests.session.gc_tuning import collect_garbage_rarely
from loadtests.session.ipc import Gate, configure_logging, write_event
from loadtests.session.parent_watch import add_parent_option, watch_parent
from loadtests.session.process_health import ProcessHealthMonitor
from loadtests.session.session import InterruptedLoadError, LoadSession

__all__ = [
    "Gate",
    "InterruptedLoadError",
    "LoadCollector",
    "LoadSession",
    "ProcessHealthMonitor",
    "add_parent_option",
    "collect_garbage_rarely",
    "configure_logging",
    "create_metrics_app",
    "create_session_collector",
    "list_known_names",
    "serve_metrics",
    "watch_parent",
    "write_event",
]
