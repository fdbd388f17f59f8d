"""What master and workers say to each other, over Locust's own messaging (ZeroMQ, msgpack).

| message | from | fields |
| --- | --- | --- |
| ``hello`` | worker | ``host``, ``pid``, ``version`` |
| ``ping`` / ``pong`` | master / worker | ``sent``; ``sent``, ``now`` (Unix seconds by the worker's clock) |
| ``load`` | master | ``profile`` (as JSON), ``seed``, ``target`` |
| ``started`` | worker | ``versions``, ``engine`` |
| ``failed`` | worker | ``message`` |
| ``send`` | master | ``phase``, ``stages``, ``begin`` (by the worker's clock), ``deals`` |
| ``deal`` | master | ``deal`` |
| ``sums`` | worker | ``phase``, ``sums``, ``in_flight`` |
| ``done`` | worker | the same, and ``health`` |
| ``beat``, ``stop``, ``quit`` | master | |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

from loadtests.schedule.schedule_shard import Deal

BEAT_SECONDS = 0.25
"""How often each side lets the other hear from it."""
SILENCE_SECONDS = 5.0
"""After so long without a word the other side is taken for lost."""
AS_FILE = {"durations": "as in a file"}
"""Context in which profiles and stages are written so that they can be read again."""


def deal_to_wire(deal: Deal) -> tuple[Any, ...]:
    """Give plain data."""
    return astuple(deal)


def deal_from_wire(data: Any) -> Deal:
    """Read it back."""
    return Deal(*data)


Fields = Mapping[str, Any]
