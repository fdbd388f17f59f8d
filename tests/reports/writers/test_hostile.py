"""No text of others leaves its place in a report: as a formula, a mention, markup or a control character."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from xml.etree import ElementTree as ET

import pytest
from markdown_it import MarkdownIt

from reports.charts.svg import create_figure, render_svg, use_report_style
from reports.writers.markdown import escape_markdown
from reports.writers.write import WRITERS
from tests.support.proofs import hostile

TEXTS = {
    "a formula": "=cmd|'/c calc'!A1",
    "a formula after a separator": "a;=cmd\n=cmd\t@x",
    "terminal escapes": "a\x1b[31mred\x1b]0;title\x07\x9b31m\u202e",
    "workflow commands": "\n::error::x\n  ##vso[task.complete]y",
    "mentions and issues": "@ops and @org/team, see #12, org/repo#3, GH-4, a@b.example",
    "links": "[x](javascript:alert(1)) ![y](http://e.example/p.png) <http://e.example> www.e.example http://e.example",
    "HTML": "<script>x</script><img src=x onerror=y>\"'&amp;</svg><svg onload=z>",
    "what XML forbids": "\x00\x01\x0b\ufffe\uffff\ud800",
    "Markdown blocks": "# h\n- a\n| b | c |\n```\n> d\n---\n",
}
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")


@pytest.fixture(params=TEXTS)
def text(request: pytest.FixtureRequest) -> str:
    return TEXTS[request.param]


def write(text: str, form: str) -> str:
    stream = io.StringIO()
    WRITERS[form].write(hostile(text), stream)
    return stream.getvalue()


@pytest.mark.parametrize("form", WRITERS)
def test_no_report_contains_a_control_character(form: str, text: str) -> None:
    assert not CONTROL.search(write(text, form))


def test_the_json_report_holds_the_text_as_it_is(text: str) -> None:
    verdict = json.loads(write(text, "json"))
    assert {objective["objective"] for objective in verdict["objectives"]} == {text}


def test_no_cell_is_a_formula_and_numbers_stay_numbers(text: str) -> None:
    lines = write(text, "csv").splitlines()
    rows = list(csv.DictReader(lines))
    assert len(rows) == len(lines) - 1, "one line for each objective"
    for row in rows:
        assert float(row["target"]) > 0
        for cell in row.values():
            for part in (cell, *cell.split(";")):
                assert not part.lstrip().startswith(("=", "+", "-", "@")), cell


def test_junit_is_xml(text: str) -> None:
    root = ET.fromstring(write(text, "junit"))  # noqa: S314 - our own output
    assert {child.tag for child in root} == {"testsuite"}


def test_markdown_mentions_nobody_and_links_nothing(text: str) -> None:
    page = write(text, "markdown")
    assert not re.search(r"@\w|#\d|GH-\d", html.unescape(page))
    rendered = MarkdownIt("gfm-like", {"linkify": False}).render(page)
    assert not re.search(r"<(a|img|script|svg|blockquote|pre)\b", rendered)


MARKDOWN = {
    "a mention": ("@ops", "@&#8203;ops"),
    "an issue": ("see #12", "see #&#8203;12"),
    "an issue of another repository": ("org/repo#12", "org/repo#&#8203;12"),
    "a short form of an issue": ("GH-12", "GH-&#8203;12"),
    "a heading's number": ("# 12", "# 12"),
    "an entity": ("&#64;ops", "&amp;#&#8203;64;ops"),
    "a link": ("[a](b)", "\\[a\\](b)"),
}


@pytest.mark.parametrize("case", MARKDOWN)
def test_references_are_escaped_in_markdown(case: str) -> None:
    text, expected = MARKDOWN[case]
    assert escape_markdown(text) == expected


def test_a_chart_is_xml(text: str) -> None:
    with use_report_style():
        figure = create_figure()
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], label=text[:40])
        axes.set_title(text[:40])
        axes.legend()
        svg = render_svg(figure, "salt", text)
    assert not CONTROL.search(svg)
    root = ET.fromstring(svg)  # noqa: S314 - our own output
    assert not [
        element for element in root.iter() if element.tag.rpartition("}")[2] in {"script", "image", "a"}
    ]
