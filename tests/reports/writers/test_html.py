"""``report.html``: what it says and in which order, and that nothing from outside becomes markup."""

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


class Seen(HTMLParser):
    """Collects the elements and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def in_order(text: str, parts: list[str]) -> Iterator[int]:
    place = -1
    for part in parts:
        place = text.index(part, place + 1)
        yield place


def test_it_answers_in_the_order_of_the_questions() -> None:
    text = Seen(page(missed())).text
    parts = ["MISSED", "Objectives", "availability", "Pictures", "What the client sent and saw"]
    parts += ["How long the service took", "What else the service counted", "Evidence", "Checks"]
    assert list(in_order(text, parts))


def test_it_says_what_was_measured_against_what_was_asked() -> None:
    text = Seen(page(missed())).text
    assert "60 bad of 3,000" in text
    assert "≥ 99.5 %" in text
    assert "400 %" in text, "the share of the budget that is spent"


def test_it_says_that_every_request_was_counted() -> None:
    text = Seen(page(met())).text
    assert "3,000 requests sent, 3,000 counted, difference 0" in text


def test_an_undecided_objective_says_why() -> None:
    text = Seen(page(undecided())).text
    assert "restarted inside the window: target 127.0.0.1:8000" in text


def test_thresholds_are_drawn_where_they_are_asked() -> None:
    text = Seen(page(met())).text
    for label in ("p99 ≤ 1 s", "95 % ≤ 250 ms", "≤ 0.25", "≥ 90 %"):
        assert label in text


@pytest.mark.parametrize(
    "proof", [past_window, nothing, bare], ids=["a past window", "no evidence", "nothing at all"]
)
def test_what_is_missing_leaves_no_hole(proof: object) -> None:
    assert callable(proof)
    text = Seen(page(proof())).text
    assert not re.search(r"\b(None(?! were)|nan|NaN|inf)\b", text)


HOSTILE = {
    "a script": "<script>alert(1)</script>",
    "an attribute's end": '"\' onload=alert(1) x="',
    "an end of CDATA and style": "]]></style></svg>",
    "a template": "{{ 7 * 7 }}{% raw %}",
    "mathematics": "$\\frac{1}{2}$",
    "control characters": "a\x00b\x1bc\x7f",
    "half a surrogate pair": "x\ud800y",
    "right to left": "\u202eabc",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_nothing_from_outside_becomes_markup(text: str) -> None:
    clean, given = Seen(page(hostile("plain"))), Seen(page(hostile(text)))
    assert set(given.tags) == set(clean.tags)
    assert "script" not in given.tags
    assert not [name for name, _ in given.attributes if name.startswith("on")]
    assert "49" not in re.findall(r"\{\{.*?\}\}", given.text)


def test_it_loads_nothing_from_anywhere() -> None:
    seen = Seen(page(missed()))
    loaded = [
        value for name, value in seen.attributes if name in {"src", "href"} and not value.startswith("#")
    ]
    assert not loaded
    assert not {"script", "link", "iframe", "img"} & set(seen.tags)
    assert not re.findall(r"url\((?!#|&quot;#|\"#)[^)]*", page(missed())), "a style asks for a file"


def test_the_same_proof_gives_the_same_bytes() -> None:
    assert page(missed()) == page(missed())


def test_hundreds_of_objectives_are_all_there() -> None:
    assert page(many(300)).count('<td class="verdict"') == 300
