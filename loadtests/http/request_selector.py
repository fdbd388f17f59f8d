"""Selects the request of an arrival: by weight or from a trace, filled from a data row and compiled once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from random import Random

from loadtests.http.compiled_request import CompiledRequest, compile_request
from loadtests.profile import (
    DeclaredRequest,
    Profile,
    TargetUrl,
    TraceProfile,
    fill_request,
    find_columns,
    read_rows,
)

_BLOCK_SIZE = 1_024
_MAX_COMPILED = 100_000
"""Compiled requests in the cache; others are compiled again."""

RequestSelector = Callable[[int], CompiledRequest]
"""Returns the request of the n-th arrival; it depends on the seed only, not on the process that sends it."""


def create_request_selector(profile: Profile, target_url: TargetUrl, seed: int) -> RequestSelector:
    """Return the selector for a profile that declares its requests."""
    requests = profile.requests or []
    select_index = _create_index_selector(profile, requests, seed)
    if not profile.feeder:
        compiled = [compile_request(request, target_url) for request in requests]
        if len(compiled) == 1:
            return lambda _: compiled[0]
        return lambda number: compiled[select_index(number)]
    rows = read_rows(profile.feeder)
    uses_row = [bool(find_columns(request)) for request in requests]

    @lru_cache(maxsize=_MAX_COMPILED)
    def compile_with_row(index: int, row: int) -> CompiledRequest:
        request = requests[index]
        return compile_request(fill_request(request, rows[row]) if uses_row[index] else request, target_url)

    def select_request(number: int) -> CompiledRequest:
        index = select_index(number)
        return compile_with_row(index, number % len(rows) if uses_row[index] else 0)

    return select_request


def _create_index_selector(
    profile: Profile, requests: Sequence[DeclaredRequest], seed: int
) -> Callable[[int], int]:
    if isinstance(profile, TraceProfile) and profile.recorded_trace.request_names:
        index_by_name = {request.label: index for index, request in enumerate(requests)}
        traced = [index_by_name[name] for name in profile.recorded_trace.request_names]
        return lambda number: traced[number % len(traced)]
    weights = [request.weight for request in requests]

    @lru_cache(maxsize=4)
    def draw_block(block: int) -> list[int]:
        return Random(f"{seed}/{block}").choices(range(len(requests)), weights, k=_BLOCK_SIZE)

    return lambda number: draw_block(number // _BLOCK_SIZE)[number % _BLOCK_SIZE]
