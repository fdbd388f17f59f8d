"""The messages between master and workers, over Locust's messaging (ZeroMQ, msgpack).

| message | from | fields |
| --- | --- | --- |
| ``hello`` | worker | ``host``, ``pid`` |
| ``ping`` / ``pong`` | master / worker | ``sent``; ``sent``, ``now`` (Unix seconds by the worker's clock) |
| ``prepare`` | master | ``profile`` (as JSON), ``seed``, ``target_url`` |
| ``ready`` | worker | ``engine``, ``versions`` |
| ``failed`` | worker | ``message`` |
| ``send`` | master | ``phase``, ``stages``, ``start_time`` (by the worker's clock), ``assignments`` |
| ``assign`` | master | ``assignment`` |
| ``stats`` | worker | ``phase``, ``stats``, ``in_flight`` |
| ``done`` | worker | the same, and ``health`` |
| ``heartbeat``, ``stop``, ``quit`` | master | |

Phase 0 is what users send when they start; each call of an engine's ``send`` (warm-up, measured load) is one
more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

from loadtests.schedule import ShardAssignment

HEARTBEAT_SECONDS = 0.25
"""Time between two messages of each side."""
HEARTBEAT_TIMEOUT_SECONDS = 5.0
"""After this time without a message the other side counts as lost."""
FILE_CONTEXT = {"durations": "as in a file"}
"""Serialization context: profiles and stages are written as in a profile file, so that they can be read."""

MessageFields = Mapping[str, Any]


def serialize_assignment(assignment: ShardAssignment) -> tuple[Any, ...]:
    """Return plain data that msgpack can encode."""
    return astuple(assignment)


def deserialize_assignment(data: Any) -> ShardAssignment:
    """Return the assignment that :func:`serialize_assignment` was called with."""
    return ShardAssignment(*data)
