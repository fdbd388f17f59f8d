"""``report.html``: contents and their order, and escaping of untrusted text."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from reports.writers.html import HtmlWriter
from slo.model import Proof
from tests.support.proofs import bare, hostile, many, met, missed, nothing, past_window, undecided


def page(proof: Proof) -> str:
    stream = io.StringIO()
    HtmlWriter().write(proof, stream)
    return stream.getvalue()


class ParsedPage(HTMLParser):
    """The elements, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def find_in_order(text: str, parts: list[str]) -> Iterator[int]:
    position = -1
    for part in parts:
        position = text.index(part, position + 1)
        yield position


def test_the_sections_are_in_the_specified_order() -> None:
    text = ParsedPage(page(missed())).text
    parts = ["MISSED", "Objectives", "availability", "Charts", "Load measured by the client"]
    parts += ["Latency measured by the service", "Other metrics of the service", "Evidence", "Checks"]
    assert list(find_in_order(text, parts))


def test_measured_value_target_and_budget_are_shown() -> None:
    text = ParsedPage(page(missed())).text
    assert "60 bad of 3,000" in text
    assert "≥ 99.5 %" in text
    assert "400 %" in text, "the share of the budget that is spent"


def test_the_numbers_of_sent_and_counted_requests_are_shown() -> None:
    text = ParsedPage(page(met())).text
    assert "3,000 requests sent, 3,000 counted, difference 0" in text


def test_an_undecided_objective_is_explained() -> None:
    text = ParsedPage(page(undecided())).text
    assert "restarted inside the window: target 127.0.0.1:8000" in text


def test_thresholds_are_drawn_into_the_charts() -> None:
    text = ParsedPage(page(met())).text
    for label in ("p99 ≤ 1 s", "95 % ≤ 250 ms", "≤ 0.25", "≥ 90 %"):
        assert label in text


@pytest.mark.parametrize(
    "proof", [past_window, nothing, bare], ids=["a past window", "no evidence", "nothing at all"]
)
def test_missing_values_are_not_shown_as_none_or_nan(proof: object) -> None:
    assert callable(proof)
    text = ParsedPage(page(proof())).text
    assert not re.search(r"\b(None(?! recorded)|nan|NaN|inf)\b", text)


HOSTILE = {
    "a script": "<script>alert(1)</script>",
    "the end of an attribute": '"\' onload=alert(1) x="',
    "the end of CDATA and style": "]]></style></svg>",
    "a template": "{{ 7 * 7 }}{% raw %}",
    "mathematics": "$\\frac{1}{2}$",
    "control characters": "a\x00b\x1bc\x7f",
    "a lone surrogate": "x\ud800y",
    "a bidirectional override": "\u202eabc",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_untrusted_text_is_not_interpreted_as_markup(text: str) -> None:
    plain, hostile_page = ParsedPage(page(hostile("plain"))), ParsedPage(page(hostile(text)))
    assert set(hostile_page.tags) == set(plain.tags)
    assert "script" not in hostile_page.tags
    assert not [name for name, _ in hostile_page.attributes if name.startswith("on")]
    assert "49" not in re.findall(r"\{\{.*?\}\}", hostile_page.text)


def test_the_page_loads_no_other_file() -> None:
    parsed = ParsedPage(page(missed()))
    loaded = [
        value for name, value in parsed.attributes if name in {"src", "href"} and not value.startswith("#")
    ]
    assert not loaded
    assert not {"script", "link", "iframe", "img"} & set(parsed.tags)
    assert not re.findall(r"url\((?!#|&quot;#|\"#)[^)]*", page(missed())), "a style loads a file"


def test_the_same_proof_yields_the_same_bytes() -> None:
    assert page(missed()) == page(missed())


def test_hundreds_of_objectives_are_all_shown() -> None:
    assert page(many(300)).count('<td class="verdict"') == 300
