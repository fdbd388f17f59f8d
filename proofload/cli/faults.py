"""Faults of the reference service, as named on the command line."""

from __future__ import annotations

from math import isfinite, nan
from typing import Any

import click

Fault = tuple[str, float | bool]


class FaultType(click.ParamType[Fault]):
    """``NAME=VALUE``, e.g. ``error_ratio=0.02``; the service checks the name and the range."""

    name = "fault"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Fault:
        """Read it, or fail with a sentence that says how one is written."""
        name, equals, text = str(value).partition("=")
        if text in {"true", "false"}:
            return name, text == "true"
        try:
            number = float(text)
        except ValueError:
            number = nan
        if not isfinite(number):
            missing = "" if equals else " (no '=')"
            self.fail(f"{value!r} is no fault{missing}; write NAME=NUMBER, e.g. error_ratio=0.02", param, ctx)
        return name, number


FAULT = FaultType()
