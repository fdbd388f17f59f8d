"""A load profile made from something else: its mapping, and that as YAML. Reads and writes no file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

from ruamel.yaml import YAML

WIDTH = 110


def constant_profile(
    name: str, requests: Sequence[Mapping[str, Any]], *, rate: float, duration: str
) -> dict[str, Any]:
    """Give the mapping of a profile at an even rate (requests/s) for a duration such as ``30s``."""
    stages = [{"duration": duration, "rate": rate}]
    return {"name": name, "arrivals": "constant", "stages": stages, "requests": list(requests)}


def as_yaml(profile: Mapping[str, Any]) -> str:
    """Write a profile's mapping as YAML that ``load_profile`` reads back as the same values."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # name comes first
    yaml.allow_unicode = False  # unescaped, a key's U+0085 would be read back as a space
    yaml.width = WIDTH
    yaml.representer.ignore_aliases = lambda _: True
    text = StringIO()
    yaml.dump(dict(profile), text)
    return text.getvalue()
