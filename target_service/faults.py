"""Faults on purpose, so that a MISSED verdict can be shown and tested. Off unless ``TARGET_FAULTS=1``."""

import asyncio
import math
import os
from contextlib import suppress
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "/_faults"
WORK = frozenset({"/predict", "/feedback"})
"""Where latency and errors are added."""
CRASH_EXIT_CODE = 70
"""EX_SOFTWARE of BSD's sysexits.h."""


class Faults(BaseModel):
    """Faults to inject; each request to set them replaces all, ``{}`` clears them.

    ``latency_seconds`` delays predictions and feedback; ``error_ratio`` of them are answered 500, evenly
    spaced. For ``stall_seconds`` from now nothing is answered, scrapes and health checks included: requests
    wait. ``drift`` shifts each feature by so many training standard deviations. ``crash`` ends the process
    at once, without an answer; ``crash_after_seconds`` later.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [{"latency_seconds": 0.3, "error_ratio": 0.02}, {"stall_seconds": 3}, {}]
        },
    )

    latency_seconds: Annotated[float, Field(ge=0, le=60, allow_inf_nan=False)] = 0
    error_ratio: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0
    stall_seconds: Annotated[float, Field(ge=0, le=600, allow_inf_nan=False)] = 0
    drift: Annotated[float, Field(ge=-100, le=100, allow_inf_nan=False)] = 0
    crash: bool = False
    crash_after_seconds: Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)] | None = None


class FaultInjector:
    """The faults in force, and what they have done so far."""

    def __init__(self) -> None:
        self.faults = Faults()
        self._work_seen = 0
        self._stall_end = 0.0
        self._changed = asyncio.Event()
        self._crash: asyncio.TimerHandle | None = None

    def set(self, faults: Faults) -> None:
        """Replace the faults in force; counts and clocks start anew. Needs a running event loop."""
        loop = asyncio.get_running_loop()
        self.faults = faults
        self._changed.set()
        self._changed = asyncio.Event()
        self._work_seen = 0
        self._stall_end = loop.time() + faults.stall_seconds
        if self._crash is not None:
            self._crash.cancel()
            self._crash = None
        if faults.crash:
            os._exit(CRASH_EXIT_CODE)
        if faults.crash_after_seconds is not None:
            self._crash = loop.call_later(faults.crash_after_seconds, os._exit, CRASH_EXIT_CODE)

    async def stall(self) -> None:
        """Wait until the stall is over or cleared."""
        loop = asyncio.get_running_loop()
        while (left := self._stall_end - loop.time()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), left)

    def next_fails(self) -> bool:
        """Count one request; true when it is one of the ``error_ratio``: 0.02 fails every 50th."""
        before, self._work_seen = self._work_seen, self._work_seen + 1
        return self._due(self._work_seen) > self._due(before)

    def _due(self, seen: int) -> int:
        return math.floor(seen * self.faults.error_ratio + 1e-9)  # 0.29 * 100 is 28.999999999999996


class FaultMiddleware:
    """Injects faults behind the metrics and the log, which see them as they would see real ones."""

    def __init__(self, app: ASGIApp, injector: FaultInjector) -> None:
        self._app = app
        self._injector = injector

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["path"] == PATH:
            await self._app(scope, receive, send)
            return
        await self._injector.stall()
        if scope["path"] in WORK:
            if latency := self._injector.faults.latency_seconds:
                await asyncio.sleep(latency)
            if self._injector.next_fails():
                await JSONResponse({"detail": "injected fault"}, 500)(scope, receive, send)
                return
        await self._app(scope, receive, send)
