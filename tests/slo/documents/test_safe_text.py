"""Texts of others are printed without control characters and without commands of CI systems."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from slo.documents import (
    break_workflow_commands,
    escape_csv_text,
    flatten_text,
    format_yaml,
    make_terminal_safe,
)

CASES: dict[str, tuple[str, str]] = {
    "a colour": ("a\x1b[31mred", "a\ufffd[31mred"),
    "a title of the terminal": ("\x1b]0;title\x07", "\ufffd]0;title\ufffd"),
    "C1 controls": ("a\x9b31m\x90", "a\ufffd31m\ufffd"),
    "a carriage return overwrites the line": ("MISSED\rMET", "MISSED\ufffdMET"),
    "a line end of Windows": ("a\r\nb", "a\nb"),
    "backspaces": ("MISSED\x08\x08", "MISSED\ufffd\ufffd"),
    "right-to-left override": ("a\u202eb\u2066c", "a\ufffdb\ufffdc"),
    "a lone surrogate": ("a\ud800b", "a\ufffdb"),
    "tab, line feed and letters of all scripts": ("a\tb\né 日本 🎉", "a\tb\né 日本 🎉"),
    "a command of GitHub": ("::error::x", ": :error::x"),
    "after blanks": ("  \t::error::x", "  \t: :error::x"),
    "after a no-break space": ("\xa0::error::x", "\xa0: :error::x"),
    "on the second line": ("a\n  ::add-mask::x", "a\n  : :add-mask::x"),
    "after a line feed of Windows": ("a\r\n::error::x", "a\n: :error::x"),
    "inside a line it is no command": ("a ::error::x", "a ::error::x"),
    "an IPv6 address after blanks": ("  ::1", "  : :1"),
    "an old command of GitHub": ("a ##[error]x", "a # #[error]x"),
    "a command of Azure": ("see ##vso[task.set a=b]c", "see # #vso[task.set a=b]c"),
    "three hashes": ("###[error]x", "## #[error]x"),
    "a heading": ("## Heading [1]", "## Heading [1]"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_text_is_made_safe(case: str) -> None:
    text, expected = CASES[case]
    assert make_terminal_safe(text) == expected
    assert make_terminal_safe(expected) == expected


def test_a_command_after_a_colour_of_ours_is_broken() -> None:
    assert break_workflow_commands("\x1b[2m ::error::x\x1b[0m") == "\x1b[2m : :error::x\x1b[0m"
    assert break_workflow_commands(":\x1b[0m:error::x") == ": \x1b[0m:error::x"


def test_a_text_is_flattened() -> None:
    assert flatten_text("  =a\n::error::b\x1b\r\n") == "=a ::error::b\ufffd"


PARTS = st.sampled_from(
    [":", "::", "#", "##", "[", "vso", "\n", "\r", " ", "\t", "\x1b[31m", "\xa0", "\u2028", "a"]
)


@given(st.lists(PARTS).map("".join))
def test_no_line_of_a_safe_text_is_a_command(text: str) -> None:
    safe = make_terminal_safe(text)
    assert not any(line.strip().startswith("::") for line in re.split("[\r\n]", safe))
    assert not re.search(r"##\w*\[", safe)
    assert safe.replace("\n", "").replace("\t", "").isprintable() or "\xa0" in safe


@given(
    st.dictionaries(st.lists(PARTS).map("".join), st.lists(st.lists(PARTS).map("".join))),
    st.booleans(),
)
def test_yaml_of_any_texts_is_safe_and_read_back_as_the_same(
    data: dict[str, list[str]], literal_blocks: bool
) -> None:
    text = format_yaml(data, literal_blocks=literal_blocks)
    assert make_terminal_safe(text) == text
    assert YAML(typ="safe", pure=True).load(text) == (data or {})


CELLS: dict[str, tuple[str, str]] = {
    "a formula": ("=cmd|'/c calc'!A1", "'=cmd|'/c calc'!A1"),
    "a plus": ("+1+cmd", "'+1+cmd"),
    "a minus": ("-1+cmd", "'-1+cmd"),
    "an at sign": ("@SUM(A1)", "'@SUM(A1)"),
    "wide forms": ("\uff1dcmd", "'\uff1dcmd"),
    "after blanks": ("  =cmd", "  '=cmd"),
    "after a tab": ("\t=cmd", " '=cmd"),
    "after a carriage return": ("\r=cmd", "\ufffd=cmd"),
    "after a line feed": ("\n=cmd", " '=cmd"),
    "on the second line": ("a\n=cmd", "a =cmd"),
    "after a semicolon": ("a; =cmd;@x", "a; '=cmd;'@x"),
    "a number": ("-12.5e-3", "-12.5e-3"),
    "a positive number": ("+7", "+7"),
    "no number": ("-1-1", "'-1-1"),
    "inside a text": ("a=b, -1", "a=b, -1"),
    "nothing": ("", ""),
}


@pytest.mark.parametrize("case", CELLS)
def test_a_csv_cell_is_no_formula(case: str) -> None:
    text, expected = CELLS[case]
    assert escape_csv_text(text) == expected
