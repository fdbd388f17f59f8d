"""The simplest text or number that a JSON Schema allows."""

from __future__ import annotations

import re
import string
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
_SET_CANDIDATES = string.ascii_lowercase + string.ascii_uppercase + string.digits + string.punctuation + " "
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
    """Return the first common text that the pattern and the length allow, or one built from the pattern."""
    try:
        matches = re.compile(pattern).search
    except (re.error, RecursionError, OverflowError):
        raise NoExampleError(f"the pattern {pattern!r} is not supported"[:200]) from None
    limit = min(_find_longest_text(pattern), _MAX_TEXT_LENGTH if high is None else int(high))
    lengths = [length for length in dict.fromkeys((low, *_PADDED_LENGTHS)) if length]
    padded = (character * length for length in lengths for character in "a1A0")
    built = (text for spare in (0, 1, low) for text in [_build_text(pattern, spare)] if text)
    for text in (*_PATTERN_CANDIDATES, *padded, *built):
        if low <= len(text) <= limit and matches(text):
            return text
    raise NoExampleError(f"no example of the pattern {pattern!r} can be generated"[:200])


def _find_longest_text(pattern: str) -> int:
    """Return how long a text may be so that matching ends soon: it can take exponential time."""
    if len(pattern) > _MAX_PATTERN_LENGTH:
        return 0
    if _AMBIGUOUS_REPETITION.search(pattern):
        return 12
    has_group = "(" in pattern or len(_VARIABLE_REPETITION.findall(pattern)) > 2  # noqa: PLR2004
    return 20 if has_group and _VARIABLE_REPETITION.search(pattern) else _MAX_TEXT_LENGTH


_MAX_PATTERN_LENGTH = 500
_VARIABLE_REPETITION = re.compile(r"(?<!\\)[*+]|\{\d*,\d*\}")
_AMBIGUOUS_REPETITION = re.compile(r"([*+}?][^()]*\)+|\|[^()]*\)+)([*+]|\{\d*,)")
"""A repeated group that contains a repetition or a choice."""
_PATTERN_ITEM = re.compile(
    r"(?P<set>\[\^?\]?(?:[^\]\\]|\\.)*\]|\\[dDwWsS]|\.)|\\(?P<escaped>[^\w\s])|(?P<literal>[^\\\[\](){}|*+?^$.])"
)
_REPETITION = re.compile(r"\{(\d{1,4})(,\d{0,4})?\}|[*+?]")
_GROUP = re.compile(r"\((?:\?:)?([^()|]*)(?:\|[^()]*)?\)(\{(\d{1,3})(?:,\d{0,3})?\}|[*+?])?")


def _build_text(pattern: str, spare: int) -> str:
    """Return a text for a pattern of sets, literals and simple groups; ``""`` for any other pattern.

    An item that can occur any number of times occurs ``spare`` times more than it must. A pattern without
    a set is no pattern of many values, of which one is as good as another.
    """
    flat = _GROUP.sub(lambda group: group[1] * _count(group[2], group[3], spare), pattern)
    flat = _GROUP.sub(lambda group: group[1] * _count(group[2], group[3], spare), flat)
    flat = flat.removeprefix("^").removesuffix("$")
    position, parts, has_set = 0, list[str](), False
    while position < len(flat):
        item = _PATTERN_ITEM.match(flat, position)
        if item is None:
            return ""
        has_set = has_set or bool(item["set"])
        position = item.end()
        repetition = _REPETITION.match(flat, position)
        position = repetition.end() if repetition else position
        number = _count(repetition[0], repetition[1], spare) if repetition else 1
        character = _choose_character(item["set"]) if item["set"] else item["escaped"] or item["literal"]
        parts.append(character * number)
    return "".join(parts) if has_set else ""


def _count(repetition: str | None, minimum: str | None, spare: int) -> int:
    """Return how often an item occurs."""
    if repetition is None:
        return 1
    if minimum is not None:
        return int(minimum) + (spare if "," in repetition else 0)
    return {"?": min(spare, 1), "*": spare, "+": max(spare, 1)}[repetition]


def _choose_character(characters: str) -> str:
    matches = re.compile(characters).fullmatch
    return next((character for character in _SET_CANDIDATES if matches(character)), "")


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
