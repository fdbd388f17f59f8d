"""Example labels for selectors."""

from __future__ import annotations

import pytest

from slo.promql import parse_selector
from slo.rules.example_series import build_example_labels, build_labels_outside, is_matching

SELECTORS = (
    "m",
    'm{a="b"}',
    'm{a=~"5.."}',
    'm{a=~"(GET|PUT)"}',
    'm{a=~"/api/.*"}',
    'm{a!~"5.."}',
    'm{a!="",b!="x"}',
    'm{a=~"[45]xx"}',
    r'm{a=~"1\\.0|2"}',
    'm{a=~".+",a!~"x.*"}',
)


@pytest.mark.parametrize("text", SELECTORS)
def test_an_example_of_a_selector_matches_it(text: str) -> None:
    selector = parse_selector(text)
    labels = build_example_labels(selector)
    assert labels is not None
    assert is_matching(selector, "m", labels)


def test_a_pattern_that_is_too_complex_has_no_example() -> None:
    assert build_example_labels(parse_selector('m{a=~"(?:ab){3}"}')) is None


OUTSIDE = {
    "a value that a pattern excludes": ("m", 'm{a!~"(5..|429)"}', {"a": "5.."}),
    "a value that an inequality excludes": ('m{j="x"}', 'm{a!="y"}', {"j": "x", "a": "y"}),
    "a label that is missing": ("m", 'm{a="b"}', {}),
    "nothing, as the other selector matches everything": ("m", "m", None),
    "nothing, as no example can be found": ('m{a=~"(?:ab){3}"}', "m", None),
}


@pytest.mark.parametrize(("total", "part", "labels"), OUTSIDE.values(), ids=OUTSIDE.keys())
def test_example_labels_that_match_total_and_not_a_part(
    total: str, part: str, labels: dict[str, str] | None
) -> None:
    assert build_labels_outside(parse_selector(total), parse_selector(part)) == labels
