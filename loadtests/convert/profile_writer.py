"""Writes a load profile as a mapping and as YAML text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slo.documents import format_yaml

LINE_WIDTH = 110


def build_constant_profile(
    name: str, requests: Sequence[Mapping[str, Any]], *, rate: float, duration: str
) -> dict[str, Any]:
    """Return the mapping of a profile with a constant rate (requests/s) and a duration such as ``30s``."""
    stages = [{"duration": duration, "rate": rate}]
    return {"name": name, "arrivals": "constant", "stages": stages, "requests": list(requests)}


def format_profile(profile: Mapping[str, Any]) -> str:
    """Return YAML that ``load_profile`` reads back as the same values."""
    return format_yaml(profile, line_width=LINE_WIDTH)
