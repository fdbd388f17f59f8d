"""Fault injection, to demonstrate and test MISSED verdicts. Disabled unless ``TARGET_FAULTS=1``."""

import asyncio
import math
import os
from contextlib import suppress
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

FAULTS_PATH = "/_faults"
FAULTY_PATHS = frozenset({"/predict", "/feedback"})
"""Paths to which latency and errors are added."""
CRASH_EXIT_CODE = 70
"""EX_SOFTWARE of BSD's sysexits.h."""


class Faults(BaseModel):
    """Faults to inject; each request replaces all faults, ``{}`` clears them.

    ``latency_seconds`` delays predictions and feedback; the ratio ``error_ratio`` of them gets status 500,
    evenly spaced. For ``stall_seconds`` from now all requests wait, including scrapes and health checks.
    ``drift`` shifts each feature by this many standard deviations of the training data. ``crash`` ends the
    process at once, without a response; ``crash_after_seconds`` ends it later.
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
    """The current faults and the state that they need."""

    def __init__(self) -> None:
        self.faults = Faults()
        self._requests_seen = 0
        self._stall_end = 0.0
        self._faults_changed = asyncio.Event()
        self._crash_timer: asyncio.TimerHandle | None = None

    def set_faults(self, faults: Faults) -> None:
        """Replace the current faults and reset all counts and timers. Needs a running event loop."""
        loop = asyncio.get_running_loop()
        self.faults = faults
        self._faults_changed.set()
        self._faults_changed = asyncio.Event()
        self._requests_seen = 0
        self._stall_end = loop.time() + faults.stall_seconds
        if self._crash_timer is not None:
            self._crash_timer.cancel()
            self._crash_timer = None
        if faults.crash:
            os._exit(CRASH_EXIT_CODE)
        if faults.crash_after_seconds is not None:
            self._crash_timer = loop.call_later(faults.crash_after_seconds, os._exit, CRASH_EXIT_CODE)

    async def wait_for_stall_end(self) -> None:
        """Wait until the stall is over or cleared."""
        loop = asyncio.get_running_loop()
        while (remaining := self._stall_end - loop.time()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._faults_changed.wait(), remaining)

    def should_fail_next(self) -> bool:
        """Count one request and return whether it should fail; a ratio of 0.02 fails every 50th."""
        previous, self._requests_seen = self._requests_seen, self._requests_seen + 1
        return self._count_due_failures(self._requests_seen) > self._count_due_failures(previous)

    def _count_due_failures(self, seen: int) -> int:
        return math.floor(seen * self.faults.error_ratio + 1e-9)  # 0.29 * 100 is 28.999999999999996


class FaultMiddleware:
    """Injects faults inside the metrics and log middleware, which treat them like real ones."""

    def __init__(self, app: ASGIApp, injector: FaultInjector) -> None:
        self._app = app
        self._injector = injector

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["path"] == FAULTS_PATH:
            await self._app(scope, receive, send)
            return
        await self._injector.wait_for_stall_end()
        if scope["path"] in FAULTY_PATHS:
            if latency := self._injector.faults.latency_seconds:
                await asyncio.sleep(latency)
            if self._injector.should_fail_next():
                await JSONResponse({"detail": "injected fault"}, 500)(scope, receive, send)
                return
        await self._app(scope, receive, send)
