"""Which engine sends a load: one in this process, or several worker processes with one master.

The master divides the schedule into shards and adds up the statistics; master and workers use Locust's
messaging.
"""

import locust  # noqa: F401 - patches the standard library for gevent, so it comes first

from loadtests.fleet.child_processes import ChildWorkers
from loadtests.fleet.engine_choice import create_engine
from loadtests.fleet.master import FleetEngine

__all__ = [
    "ChildWorkers",
    "FleetEngine",
    "create_engine",
]
