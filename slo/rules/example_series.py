"""Example series that a selector matches, for the unit tests of the rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from slo.promql import Matcher, Selector

_CHARACTER_CLASS = re.compile(r"\[\^?(.)[^\]]*\]")
_QUANTIFIED = re.compile(r"(\\.|[^\\])[*+?]")


def build_example_labels(selector: Selector) -> Mapping[str, str] | None:
    """Return labels that a selector matches; ``None`` if none are found or it has no metric name."""
    if not selector.metric:
        return None
    labels: dict[str, str] = {}
    for matcher in sorted(selector.matchers, key=lambda matcher: matcher.op != "="):
        candidates = [labels.get(matcher.label, ""), *_guess_values(matcher)]
        value = next((candidate for candidate in candidates if _is_satisfied(matcher, candidate)), None)
        if value is None:
            return None
        if value:
            labels[matcher.label] = value
    return labels if is_matching(selector, selector.metric, labels) else None


def build_labels_outside(selector: Selector, excluded: Selector) -> Mapping[str, str] | None:
    """Return labels that a selector matches and ``excluded`` does not; ``None`` if none are found.

    ``code!~"5.."`` matches a series without ``code`` as well, so its counterexample needs the label.
    """
    labels = build_example_labels(selector)
    if labels is None:
        return None
    excluded_labels = [
        (matcher.label, value)
        for matcher in excluded.matchers
        for value in _guess_values(matcher)
        if not _is_satisfied(matcher, value)
    ]
    for candidate in (labels, *({**labels, label: value} for label, value in excluded_labels)):
        if is_matching(selector, selector.metric, candidate) and not is_matching(
            excluded, selector.metric, candidate
        ):
            return candidate
    return None


def is_matching(selector: Selector, metric: str, labels: Mapping[str, str]) -> bool:
    """Whether a selector matches a series."""
    return selector.metric == metric and all(
        _is_satisfied(matcher, labels.get(matcher.label, "")) for matcher in selector.matchers
    )


def _is_satisfied(matcher: Matcher, value: str) -> bool:
    if matcher.op in {"=", "!="}:
        return (matcher.value == value) is (matcher.op == "=")
    try:
        return (re.fullmatch(matcher.value, value) is not None) is (matcher.op == "=~")
    except re.error:  # RE2 has syntax that Python's re lacks
        return False


def _guess_values(matcher: Matcher) -> Iterator[str]:
    """Yield values that may satisfy a matcher; the caller checks each of them."""
    yield matcher.value if matcher.op == "=" else "other"
    for alternative in matcher.value.split("|"):
        literal = _CHARACTER_CLASS.sub(r"\1", alternative.strip("^$()"))
        for repetition in (r"\1", ""):
            unquantified = _QUANTIFIED.sub(repetition, literal)
            yield re.sub(r"\\(.)", r"\1", unquantified)
            yield re.sub(r"\\(.)", r"\1", re.sub(r"(?<!\\)\.", "0", unquantified))
    yield "0"
