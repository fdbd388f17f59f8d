"""Reading YAML: the data, the line of each value, and the message of each problem."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pydantic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slo.documents import DocumentError, StrictModel, list_validation_problems, load_documents
from slo.documents.yaml_source import MAX_BYTES, MAX_NODES

GOOD: dict[str, tuple[str, list[Any]]] = {
    "empty documents are left out": (
        "a: 1\n---\n---\n# nothing\n---\n- b\n",
        [{"a": 1}, ["b"]],
    ),
    "scalars of every kind": (
        "a: 1\nb: 1.5\nc: true\nd: null\ne: text\nf: .inf\ng: 0x10\n",
        [{"a": 1, "b": 1.5, "c": True, "d": None, "e": "text", "f": float("inf"), "g": 16}],
    ),
    "timestamps stay text": ("a: 2024-01-01 12:30:00\n", [{"a": "2024-01-01 12:30:00"}]),
    "yes, no and on are text (YAML 1.2)": ("a: [yes, no, on]\n", [{"a": ["yes", "no", "on"]}]),
    "an alias is replaced by its value": ("a: &x [1, 2]\nb: *x\n", [{"a": [1, 2], "b": [1, 2]}]),
    "an anchor is defined twice: the later definition counts": (
        "a: &x 1\nb: &x 2\nc: *x\n",
        [{"a": 1, "b": 2, "c": 2}],
    ),
    "keys of a mapping override merged keys, and the first merged mapping wins": (
        "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*a, *b], x: 3}\n",
        [{"a": {"x": 1, "y": 1}, "b": {"y": 2, "z": 2}, "c": {"x": 3, "y": 1, "z": 2}}],
    ),
    "a byte order mark": ("\ufeffa: é\n", [{"a": "é"}]),
}


@pytest.mark.parametrize(("text", "data"), GOOD.values(), ids=GOOD)
def test_load_documents_returns_the_data(tmp_path: Path, text: str, data: list[Any]) -> None:
    assert [document.data for document in load_documents(write_file(tmp_path, text))] == data


def test_load_documents_records_the_line_of_each_value(tmp_path: Path) -> None:
    [first, second] = load_documents(
        write_file(tmp_path, "# top\na:\n  - b: 1\n    c: 2\n---\nx: &y {z: 1}\nw: *y\n")
    )
    expected = {
        (): 2,
        ("a",): 2,
        ("a", 0): 3,
        ("a", 0, "b"): 3,
        ("a", 0, "c"): 4,
        ("a", 0, "none"): 3,
        ("q",): 2,
    }
    assert {loc: first.find_line(loc) for loc in expected} == expected
    assert second.find_line(("w", "z")) == 6
    assert second.find_line(("w",)) == 7


OUT_OF_RANGE = "F: is not YAML: an escape or a %YAML version is out of range"

BAD: dict[str, tuple[str | bytes, list[str]]] = {
    "an empty file": ("", ["F: contains no YAML document"]),
    "only comments": ("# a\n---\n", ["F: contains no YAML document"]),
    "a tab for indentation": ("a:\n\tb: 1\n", ["F:2: is not YAML: found a tab; indent with spaces"]),
    "a second colon": ("a: b: c\n", ["F:1: is not YAML: mapping values are not allowed here"]),
    "an unclosed bracket": (
        "a: 1\nb: [\n",
        ["F:3: is not YAML: while parsing a flow node, expected the node content, but found '<stream end>'"],
    ),
    "every repeated key": (
        "a: 1\nb: {c: 1, c: 2}\na: 2\n",
        ["F:2: b.c: is already defined in line 2", "F:3: a: is already defined in line 1"],
    ),
    "keys that are not text": (
        "1: a\n? [b]\n: c\n",
        [
            "F:1: key '1' is not a string; put it in quotes",
            "F:2: key a list is not a string; put it in quotes",
        ],
    ),
    "bytes that are not UTF-8": (b"a: 1\nb: \xff\n", ["F:2: is not UTF-8: byte 0xff"]),
    "a control character": ("a: 1\nb: \x01\n", ["F:2: is not YAML: character U+0001 is not allowed"]),
    "half a surrogate pair": ('a: "\\ud800"\n', ["F:1: a: '\\ud800' can't be read as str"]),
    "an escape beyond Unicode": (
        'a: "\\UFFFFFFFF"\n',
        [OUT_OF_RANGE],
    ),
    "an unknown YAML version": (
        "%YAML 1.9\n---\na: 1\n",
        [OUT_OF_RANGE],
    ),
    "tags": (
        "a: !!python/object:os.system x\nb: !own {}\nc: !!int x\n",
        [
            "F:1: a: tag !!python/object:os.system is not supported; write plain YAML",
            "F:2: b: tag !own is not supported; write plain YAML",
            "F:3: c: 'x' can't be read as int",
        ],
    ),
    "a number with more digits than Python parses": (
        f"a: {'9' * 5000}\n",
        [f"F:1: a: '{'9' * 76}... can't be read as int"],
    ),
    "an alias inside its own value": (
        "a: &a [1, *a]\n",
        ["F:1: a[1]: the alias refers to a value that contains it"],
    ),
    "an unknown alias": ("a: *b\n", ["F:1: is not YAML: found undefined alias 'b'"]),
    "a merge key with a number": ("a: {<<: 1}\n", ["F:1: a.<<: should be a mapping or a list of mappings"]),
    "ten thousand nested brackets": ("[" * 10_000, ["F:1: is not YAML: nested more than 64 levels deep"]),
    "exponential expansion of aliases": (
        "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}' if n else '1'] * 9)}]\n" for n in range(20)),
        [f"F:6: a5: aliases expand to more than {MAX_NODES} values"],
    ),
    "exponential expansion of merge keys": (
        "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}' if n else '{}'] * 9)}]}}\n" for n in range(20)),
        [f"F:6: a5: aliases expand to more than {MAX_NODES} values"],
    ),
    "a file that is too large": (
        "# " + "x" * MAX_BYTES,
        [f"F: is larger than {MAX_BYTES} bytes; split it into several files"],
    ),
}


@pytest.mark.parametrize(("text", "problems"), BAD.values(), ids=BAD)
def test_load_documents_reports_problems(tmp_path: Path, text: str | bytes, problems: list[str]) -> None:
    path = write_file(tmp_path, text)
    with pytest.raises(DocumentError) as caught:
        load_documents(path)
    assert str(caught.value).replace(str(path), "F").splitlines() == problems


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    messages = {path: read_error_message(path) for path in (tmp_path, tmp_path / "missing.yaml", pipe)}
    assert messages == {
        tmp_path: f"{tmp_path}: is a folder",
        tmp_path / "missing.yaml": f"{tmp_path / 'missing.yaml'}: can't be read: No such file or directory",
        pipe: f"{pipe}: is not a regular file",
    }


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read every file")
def test_an_unreadable_file_is_reported(tmp_path: Path) -> None:
    path = write_file(tmp_path, "a: 1\n")
    path.chmod(0)
    assert read_error_message(path) == f"{path}: can't be read: Permission denied"


class Item(StrictModel):
    target: float
    name: str = ""


class Whole(StrictModel):
    items: list[Item | int]

    @pydantic.field_validator("items")
    @classmethod
    def _few(cls, value: list[Item]) -> list[Item]:
        if len(value) > 3:
            raise ValueError(f"{len(value)} items are too many; write up to 3")
        return value


INVALID: dict[str, tuple[str, list[str]]] = {
    "a missing field": ("other: 1\n", ["F:1: items: is required"]),
    "an unknown field that resembles a known one": (
        "items:\n  - target: 1\n    nmae: x\n",
        ["F:3: items[0].nmae: is not a known field; did you mean name?"],
    ),
    "an unknown field that resembles no known one": (
        "items: []\nzzz: 1\n",
        ["F:2: zzz: is not a known field; known fields: items"],
    ),
    "a value of a wrong type": (
        "items:\n  - target: '1'\n  - target: .nan\n",
        [
            "F:2: items[0].target: should be a valid number, got '1'",
            "F:3: items[1].target: should be a finite number, got nan",
        ],
    ),
    "the message of a validator is unchanged": (
        "items: [1, 2, 3, 4]\n",
        ["F:1: items: 4 items are too many; write up to 3"],
    ),
}


@pytest.mark.parametrize(("text", "problems"), INVALID.values(), ids=INVALID)
def test_pydantic_errors_become_problems(tmp_path: Path, text: str, problems: list[str]) -> None:
    [document] = load_documents(write_file(tmp_path, text))
    with pytest.raises(pydantic.ValidationError) as caught:
        Whole.model_validate(document.data)
    messages = [
        str(problem).replace(document.path, "F")
        for problem in list_validation_problems(document, caught.value)
    ]
    assert set(problems) <= set(messages)


def test_a_prefix_locates_the_validated_part(tmp_path: Path) -> None:
    [document] = load_documents(write_file(tmp_path, "spec:\n  one:\n    target: x\n"))
    with pytest.raises(pydantic.ValidationError) as caught:
        Item.model_validate(document.data["spec"]["one"])
    [problem] = list_validation_problems(document, caught.value, ("spec", "one"))
    assert (problem.line, problem.field) == (3, "spec.one.target")


FRAGMENTS = st.one_of(
    st.sampled_from(list("a-?:[]{},&*!|>'\"#%@~_\\ \n\t\r\x00\x85\u2028\ufeff")),
    st.sampled_from(
        ["b: ", "- ", "\n  ", "&a ", "*a ", "<<: ", "---\n", "...\n", "%YAML 1.1\n", "!!int ", "!<x> "]
    ),
    st.sampled_from(["\\U", "\\x4", "FFFF", "0x", "1e", ".inf", "99999999999", "2001-01-01", "é"]),
)
HOSTILE = st.one_of(st.lists(FRAGMENTS, max_size=40).map("".join), st.text(max_size=60)).map(
    lambda text: text.encode("utf-8", "replace")
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(HOSTILE, st.binary(max_size=60)))
def test_hostile_files_are_read_or_raise_document_error(tmp_path: Path, content: bytes) -> None:
    path = write_file(tmp_path, content)
    with fail_after(seconds=20):
        text = describe_result(path)
    assert text.encode()


def describe_result(path: Path) -> str:
    try:
        documents = load_documents(path)
    except DocumentError as error:
        return str(error)
    return "; ".join(f"{document.find_line(())}: {document.data!r}" for document in documents)


def write_file(folder: Path, content: str | bytes) -> Path:
    path = folder / "file.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read_error_message(path: Path) -> str:
    with pytest.raises(DocumentError) as caught:
        load_documents(path)
    return str(caught.value)


@contextmanager
def fail_after(seconds: int) -> Iterator[None]:
    """Fail the test if the block takes longer."""

    def fail(*_: object) -> None:
        pytest.fail(f"takes longer than {seconds} s")

    previous = signal.signal(signal.SIGALRM, fail)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)
