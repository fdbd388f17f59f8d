"""Series that a selector matches, made up for the unit tests of the rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from slo.promql.syntax import Matcher, Selector

_CLASS = re.compile(r"\[\^?(.)[^\]]*\]")
_REPEATED = re.compile(r"(\\.|[^\\])[*+?]")


def example(selector: Selector) -> Mapping[str, str] | None:
    """Give labels that a selector matches; ``None`` when none could be made up, or it names no metric."""
    if not selector.metric:
        return None
    labels: dict[str, str] = {}
    for matcher in sorted(selector.matchers, key=lambda m: m.op != "="):
        candidates = [labels.get(matcher.label, ""), *_values(matcher)]
        found = next((text for text in candidates if _holds(matcher, text)), None)
        if found is None:
            return None
        if found:
            labels[matcher.label] = found
    return labels if matches(selector, selector.metric, labels) else None


def example_beside(selector: Selector, other: Selector) -> Mapping[str, str] | None:
    """Give labels that a selector matches and another does not; ``None`` when none could be made up.

    ``code!~"5.."`` matches a series without ``code`` as well, so what is excluded has to be named.
    """
    labels = example(selector)
    if labels is None:
        return None
    excluded = [(m.label, value) for m in other.matchers for value in _values(m) if not _holds(m, value)]
    for candidate in (labels, *({**labels, label: value} for label, value in excluded)):
        if matches(selector, selector.metric, candidate) and not matches(other, selector.metric, candidate):
            return candidate
    return None


def matches(selector: Selector, metric: str, labels: Mapping[str, str]) -> bool:
    """Tell whether a selector matches a series."""
    return selector.metric == metric and all(_holds(m, labels.get(m.label, "")) for m in selector.matchers)


def _holds(matcher: Matcher, text: str) -> bool:
    if matcher.op in {"=", "!="}:
        return (matcher.value == text) is (matcher.op == "=")
    try:
        return (re.fullmatch(matcher.value, text) is not None) is (matcher.op == "=~")
    except re.error:  # RE2 has forms that Python has not
        return False


def _values(matcher: Matcher) -> Iterator[str]:
    """Guess values; whoever asks keeps one that holds."""
    yield matcher.value if matcher.op == "=" else "other"
    for way in matcher.value.split("|"):
        plain = _CLASS.sub(r"\1", way.strip("^$()"))
        for repeated in (r"\1", ""):
            bare = _REPEATED.sub(repeated, plain)
            yield re.sub(r"\\(.)", r"\1", bare)
            yield re.sub(r"\\(.)", r"\1", re.sub(r"(?<!\\)\.", "0", bare))
    yield "0"
