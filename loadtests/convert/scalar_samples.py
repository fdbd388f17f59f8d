"""The simplest text or number that a JSON Schema allows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import ceil, floor
from typing import Any

from loadtests.convert.references import NoExampleError

_MAX_TEXT_LENGTH = 100_000
_FORMAT_EXAMPLES = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "email": "someone@example.com",
    "uuid": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "byte": "dGV4dA==",
    "duration": "PT1M",
}
_FIXED_FORMATS = {"date", "date-time", "time", "email", "uuid", "ipv4", "ipv6"}
"""Formats whose texts can't be padded or cut to a length."""
_PATTERN_CANDIDATES = (
    "text", "A", "1", "ab", "AB", "en", "US", "EUR", "en-US", "12", "123", "1234", "12345", "123456",
    "1234567890", "abc123", "Abc123", "a-b", "a_b", "a.b", "a/b", "/", "/a", "0", "01", "#ffffff", "1.0.0",
    "v1", "1.5", "+4915112345678", "1s", "10:00", "2026-01", "2026", "sha256:" + "a" * 64, "0x1",
    *_FORMAT_EXAMPLES.values(), "https://example.com/a",
)  # fmt: skip
_PADDED_LENGTHS = (8, 10, 11, 12, 13, 16, 17, 20, 22, 24, 26, 32, 36, 40, 64)


def generate_text(schema: Mapping[str, Any]) -> str:
    """Return a text of the format, pattern and length that a schema asks for.

    Raises:
        NoExampleError: no such text is known.
    """
    kind = str(schema.get("format", ""))
    if kind == "binary":
        raise NoExampleError("its value is a file")
    low, high = int(schema.get("minLength") or 0), schema.get("maxLength")
    if low > _MAX_TEXT_LENGTH:
        raise NoExampleError(f"a text of {low:,} characters is too long")
    if schema.get("pattern") is not None:
        return _find_text_of_pattern(str(schema["pattern"]), low, high)
    text = _FORMAT_EXAMPLES.get(kind, "text")
    fits = low <= len(text) and (high is None or len(text) <= int(high))
    if kind in _FIXED_FORMATS and not fits:
        raise NoExampleError(f"no text of the format {kind} has this length")
    text = text.ljust(low, "x")
    return text if high is None else text[: int(high)]


def _find_text_of_pattern(pattern: str, low: int, high: Any) -> str:
    """Return the first common text that the pattern and the length allow."""
    try:
        matches = re.compile(pattern).search
    except (re.error, RecursionError, OverflowError):
        raise NoExampleError(f"the pattern {pattern!r} is not supported"[:200]) from None
    lengths = [length for length in dict.fromkeys((low, *_PADDED_LENGTHS)) if length]
    padded = (character * length for length in lengths for character in "a1A0")
    for text in (*_PATTERN_CANDIDATES, *padded):
        if low <= len(text) and (high is None or len(text) <= int(high)) and matches(text):
            return text
    raise NoExampleError(f"no example of the pattern {pattern!r} can be generated"[:200])


def generate_number(schema: Mapping[str, Any], *, is_integer: bool) -> float:
    """Return the smallest number that a schema allows and that is at least 1, if it allows one.

    Raises:
        NoExampleError: the bounds allow no number.
    """
    bounds = _Bounds(schema)
    step = _read_number(schema, "multipleOf") or Fraction(0)
    if is_integer and step.denominator != 1:
        step *= step.denominator
    if is_integer:
        step = step or Fraction(1)
    for candidate in _list_candidates(bounds, step):
        if bounds.contains(candidate):
            value = int(candidate) if candidate.denominator == 1 else float(candidate)
            return value if bounds.contains(Fraction(value)) or step else float(candidate)
    raise NoExampleError("there is no number between its bounds")


def _list_candidates(bounds: _Bounds, step: Fraction) -> Iterator[Fraction]:
    low, high = bounds.low, bounds.high
    inside = [edge for edge in (low, high) if edge is not None]
    middle = [sum(inside, Fraction(0)) / len(inside)] if inside else []
    for value in (
        Fraction(1),
        *([] if low is None else [max(low, Fraction(1)), low, max(low, Fraction(1)) + 1, low + 1]),
        *([] if high is None else [high, high - 1]),
        *middle,
    ):
        if not step:
            yield value
            continue
        yield ceil(value / step) * step
        yield floor(value / step) * step
        yield (floor(value / step) + 1) * step
        yield (ceil(value / step) - 1) * step


class _Bounds:
    """The bounds of a number; an exclusive one is a flag in OpenAPI 3.0 and a number in 3.1."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.low, self._excludes_low = _read_bound(schema, "minimum", max)
        self.high, self._excludes_high = _read_bound(schema, "maximum", min)

    def contains(self, value: Fraction) -> bool:
        """Return whether a value is between the bounds."""
        is_low = self.low is not None and (value < self.low or (value == self.low and self._excludes_low))
        is_high = self.high is not None and (
            value > self.high or (value == self.high and self._excludes_high)
        )
        return not is_low and not is_high


def _read_bound(schema: Mapping[str, Any], name: str, choose_tighter: Any) -> tuple[Fraction | None, bool]:
    exclusive = schema.get(f"exclusive{name.capitalize()}")
    bound = _read_number(schema, name)
    if exclusive is None or isinstance(exclusive, bool):
        return bound, bool(exclusive)
    limit = _read_number(schema, f"exclusive{name.capitalize()}")
    if bound is None or limit is None:
        return (limit, True) if bound is None else (bound, False)
    tighter = choose_tighter(bound, limit)
    return tighter, tighter == limit


def _read_number(schema: Mapping[str, Any], name: str) -> Fraction | None:
    value = schema.get(name)
    if value is None or isinstance(value, bool):
        return None
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        raise NoExampleError(f"{name}: {str(value)[:80]} is not a number") from None
