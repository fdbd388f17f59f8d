"""Hostile YAML: whatever is given is read or refused, with the field named, and soon."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from slo.documents.yaml_source import Problem, ProblemsError, load_documents
from slo.importers import keptn, pyrra, slo_generator, sloth
from slo.openslo.spec_reader import load_spec
from tests.slo.openslo.test_alpha_versions import V1, V1ALPHA, V2ALPHA
from tests.support import import_cases

_HUGE = st.sampled_from([10**400, -(10**30), 1e308, 2**63, float("inf"), float("nan"), 0, -1])
_ODD = st.one_of(
    st.none(),
    st.booleans(),
    _HUGE,
    st.text(max_size=20),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text("abc_", max_size=4), st.integers(), max_size=2),
)
_QUICK = settings(
    max_examples=60,
    deadline=2_000,  # milliseconds for one document
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)
)
HOSTILE = {
    "a bomb of aliases": (BOMB, "aliases expand to more than"),
    "an alias inside itself": ("a: &a {b: *a}\n", "refers to the value that it stands in"),
    "an alias of nothing": ("a: *b\n", "undefined alias"),
    "a deep nest": ("[" * 5_000, "nested more than"),
    "an object of Python's": (
        "a: !!python/object/apply:os.system [ls]\n",
        "is not supported; write plain YAML",
    ),
    "a number of 400,000 digits": ("a: " + "9" * 400_000, "can.t be read as int"),
}
FORMS: dict[str, tuple[str, Any]] = {
    "v1": (V1, None),
    "v1alpha": (V1ALPHA, None),
    "v2alpha": (V2ALPHA, None),
    "sloth": (import_cases.SLOTH, sloth.read),
    "sloth-object": (import_cases.SLOTH_OBJECT, sloth.read),
    "pyrra": (import_cases.PYRRA.partition("---")[0], pyrra.read),
    "slo-generator": (import_cases.SLO_GENERATOR.partition("---")[0], slo_generator.read),
}


def places(data: Any) -> list[tuple[Any, Any]]:
    """Every container of a document with a key of it."""
    keys = list(data) if isinstance(data, dict) else list(range(len(data))) if isinstance(data, list) else []
    return [(data, key) for key in keys] + [pair for key in keys for pair in places(data[key])]


def put(folder: Path, documents: list[Any]) -> Path:
    path = folder / "hostile.yaml"
    with path.open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump_all(documents, file)
    return path


def said_of(read: Callable[[], object]) -> tuple[Problem, ...]:
    """The faults that a reading tells of; any other exception is a defect."""
    try:
        read()
    except ProblemsError as error:
        return error.problems
    return ()


def named(problems: tuple[Problem, ...]) -> bool:
    """Whether each fault names its field. The test writes ``?0`` as YAML that no parser reads."""
    return all(
        one.message and (one.field or one.line in (None, 1) or one.message.startswith("is not YAML"))
        for one in problems
    )


@pytest.mark.parametrize(("text", "said"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_yaml_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "hostile.yaml"
    path.write_text(text)
    with pytest.raises(ProblemsError, match=said):
        load_spec([path])


@pytest.mark.parametrize(("text", "read"), FORMS.values(), ids=FORMS)
@_QUICK
@given(data=st.data())
def test_an_odd_value_anywhere_is_read_or_named(
    tmp_path: Path, text: str, read: Any, data: st.DataObject
) -> None:
    written = YAML(typ="safe", pure=True).load(text)
    for _ in range(data.draw(st.integers(1, 3))):
        found = places(written)
        if not found:
            break
        container, key = data.draw(st.sampled_from(found))
        container[key] = data.draw(_ODD)
    path = put(tmp_path, [written])
    if read is None:
        assert named(said_of(lambda: load_spec([path])))
    else:
        assert named(said_of(lambda: [read(document) for document in load_documents(path)]))


@_QUICK
@given(data=st.data())
def test_an_odd_value_in_a_gate_is_read_or_named(tmp_path: Path, data: st.DataObject) -> None:
    documents = list(YAML(typ="safe", pure=True).load_all(import_cases.KEPTN))
    container, key = data.draw(st.sampled_from(places(documents)[2:]))
    container[key] = data.draw(_ODD)
    path = put(tmp_path, documents)
    assert named(said_of(lambda: keptn.read(load_documents(path), "shop", {})))


@_QUICK
@given(
    raw=st.one_of(
        st.binary(max_size=60), st.text("&*!<>:-[]{}?|%@`'\"#,a0 \n\t", max_size=60).map(str.encode)
    )
)
def test_any_bytes_are_read_or_refused(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "hostile.yaml"
    path.write_bytes(raw)
    assert all(problem.message for problem in said_of(lambda: load_documents(path)))
