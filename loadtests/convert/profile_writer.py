"""Writes a load profile as a mapping and as YAML text, with the requests that it can contain."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pydantic

from loadtests.convert.omissions import Omissions
from loadtests.profile import DeclaredRequest
from slo.documents import format_yaml

LINE_WIDTH = 110
MAX_PROFILE_BYTES = 480_000
"""Size of all requests of a profile; a file of more than 500,000 bytes is not read."""
_MAX_VALUES = 90_000
"""Values of all requests of a profile; a file of more than 100,000 values is not read."""
_YAML_BYTES_PER_JSON_BYTE = 0.5
"""The least: YAML needs neither quotes nor brackets."""


def build_constant_profile(
    name: str, requests: Sequence[Mapping[str, Any]], *, rate: float, duration: str
) -> dict[str, Any]:
    """Return the mapping of a profile with a constant rate (requests/s) and a duration such as ``30s``."""
    stages = [{"duration": duration, "rate": rate}]
    return {"name": name, "arrivals": "constant", "stages": stages, "requests": list(requests)}


def format_profile(profile: Mapping[str, Any]) -> str:
    """Return YAML that ``load_profile`` reads back as the same values."""
    return format_yaml(profile, line_width=LINE_WIDTH)


def select_requests(requests: Sequence[Mapping[str, Any]], omissions: Omissions) -> list[Mapping[str, Any]]:
    """Return the requests that a profile can contain, in their order; the others are counted."""
    selected, size, number_of_values = [], 0, 0
    for request in requests:
        place = str(request.get("name", ""))
        if problem := _find_problem(request):
            omissions.add(f"can't be declared in a profile: {problem}", place)
            continue
        text = json.dumps(request)
        if len(text) * _YAML_BYTES_PER_JSON_BYTE < MAX_PROFILE_BYTES - size:
            text = format_profile({"requests": [request]})
        values = _count_values(request)
        if size + len(text) > MAX_PROFILE_BYTES or number_of_values + values > _MAX_VALUES:
            omissions.add(f"because a profile has at most {MAX_PROFILE_BYTES:,} bytes", place)
            continue
        size, number_of_values = size + len(text), number_of_values + values
        selected.append(request)
    return selected


def _find_problem(request: Mapping[str, Any]) -> str:
    try:
        DeclaredRequest.model_validate(request)
        json.dumps(request, ensure_ascii=False).encode()  # fails for half of a surrogate pair
    except pydantic.ValidationError as error:
        detail = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}"
    except ValueError:
        return "it contains half of a character"
    return ""


def _count_values(value: Any) -> int:
    if isinstance(value, Mapping):
        return 1 + sum(map(_count_values, value.values()))
    return 1 + sum(map(_count_values, value)) if isinstance(value, list) else 1
