"""When each request starts: arrival times, shards of several processes, the clock, the interface of engines.

Pacing is arithmetic: nothing in this package sleeps, and only :func:`now` reads a clock.
"""

from loadtests.schedule.class_selection import create_class_selector
from loadtests.schedule.clock import CLOCK_ORIGIN, now
from loadtests.schedule.engine import (
    INTERRUPT_DRAIN_SECONDS,
    LATE_START_SECONDS,
    Engine,
    EngineError,
    compute_drain_seconds,
    compute_user_share,
)
from loadtests.schedule.pacing import count_expected_arrivals, generate_arrivals
from loadtests.schedule.schedule_shard import WHOLE_SCHEDULE, ShardAssignment, ShardCursor, count_arrivals

__all__ = [
    "CLOCK_ORIGIN",
    "INTERRUPT_DRAIN_SECONDS",
    "LATE_START_SECONDS",
    "WHOLE_SCHEDULE",
    "Engine",
    "EngineError",
    "ShardAssignment",
    "ShardCursor",
    "compute_drain_seconds",
    "compute_user_share",
    "count_arrivals",
    "count_expected_arrivals",
    "create_class_selector",
    "generate_arrivals",
    "now",
]
