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

from loadtests.hand import Deal

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


def parse_address(text: str) -> tuple[str, int]:
    """Read ``HOST:PORT`` (``[::1]:5557`` for IPv6).

    Raises:
        ValueError: it is none.
    """
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65_536:  # noqa: PLR2004 - ports have 16 bits
        raise ValueError(f"{text!r} is no address; write one like 127.0.0.1:5557")
    return host.strip("[]") if host.startswith("[") else host, int(port)


def parse_port(text: str) -> tuple[str, int]:
    """Read ``[HOST:]PORT``; the host is loopback where none is given.

    Raises:
        ValueError: it is neither.
    """
    try:
        return parse_address(text if ":" in text else f"127.0.0.1:{text}")
    except ValueError:
        raise ValueError(
            f"{text!r} is no port; write one like 9646, or with an address of this machine 0.0.0.0:9646"
        ) from None


Fields = Mapping[str, Any]
