"""Which request an arrival sends: drawn by weight or told by a trace, filled from a row, compiled once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from random import Random

from loadtests.http.compiled_request import Compiled, compiled
from loadtests.profile.data_rows import columns, filled, read_rows
from loadtests.profile.declared_requests import Request
from loadtests.profile.profile_models import Profile, TraceProfile
from loadtests.profile.target_url import Target

_BLOCK = 1_024
_MOST_COMPILED = 100_000
"""Requests that are kept compiled; beyond, they are compiled again."""

Choose = Callable[[int], Compiled]
"""Gives the request of the arrival of a number; the same seed gives the same, whoever sends it."""


def choice(profile: Profile, target: Target, seed: int) -> Choose:
    """Make what chooses the requests of a profile that declares them."""
    requests = profile.requests or []
    index = _index(profile, requests, seed)
    if not profile.feeder:
        ready = [compiled(one, target) for one in requests]
        return (lambda _: ready[0]) if len(ready) == 1 else (lambda number: ready[index(number)])
    rows = read_rows(profile.feeder)
    fed = [bool(columns(one)) for one in requests]

    @lru_cache(maxsize=_MOST_COMPILED)
    def ready_with(chosen: int, row: int) -> Compiled:
        request = requests[chosen]
        return compiled(filled(request, rows[row]) if fed[chosen] else request, target)

    def choose(number: int) -> Compiled:
        chosen = index(number)
        return ready_with(chosen, number % len(rows) if fed[chosen] else 0)

    return choose


def _index(profile: Profile, requests: Sequence[Request], seed: int) -> Callable[[int], int]:
    if isinstance(profile, TraceProfile) and profile.recorded.requests:
        numbers = {request.label: number for number, request in enumerate(requests)}
        told = [numbers[name] for name in profile.recorded.requests]
        return lambda number: told[number % len(told)]
    weights = [one.weight for one in requests]

    @lru_cache(maxsize=4)
    def block(number: int) -> list[int]:
        return Random(f"{seed}/{number}").choices(range(len(requests)), weights, k=_BLOCK)

    return lambda number: block(number // _BLOCK)[number % _BLOCK]
