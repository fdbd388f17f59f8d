"""Hostile YAML is read or refused quickly, and each problem names its field."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from slo.documents import Problem, ProblemsError, load_documents
from slo.importers import read_keptn, read_pyrra, read_slo_generator, read_sloth
from slo.openslo import load_spec
from tests.support import import_cases
from tests.support.alpha_specs import V1, V1ALPHA, V2ALPHA

_EXTREME_NUMBERS = st.sampled_from([10**400, -(10**30), 1e308, 2**63, float("inf"), float("nan"), 0, -1])
_UNEXPECTED_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    _EXTREME_NUMBERS,
    st.text(max_size=20),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text("abc_", max_size=4), st.integers(), max_size=2),
)
_SETTINGS = settings(
    max_examples=60,
    deadline=2_000,  # milliseconds for one document
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
ALIAS_BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)
)
HOSTILE = {
    "an alias bomb": (ALIAS_BOMB, "aliases expand to more than"),
    "an alias inside its own value": ("a: &a {b: *a}\n", "refers to a value that contains it"),
    "an undefined alias": ("a: *b\n", "undefined alias"),
    "deep nesting": ("[" * 5_000, "nested more than"),
    "a Python object": (
        "a: !!python/object/apply:os.system [ls]\n",
        "is not supported; write plain YAML",
    ),
    "a number of 400,000 digits": ("a: " + "9" * 400_000, "can.t be read as int"),
}
FORMATS: dict[str, tuple[str, Any]] = {
    "v1": (V1, None),
    "v1alpha": (V1ALPHA, None),
    "v2alpha": (V2ALPHA, None),
    "sloth": (import_cases.SLOTH, read_sloth),
    "sloth-object": (import_cases.SLOTH_OBJECT, read_sloth),
    "pyrra": (import_cases.PYRRA.partition("---")[0], read_pyrra),
    "slo-generator": (import_cases.SLO_GENERATOR.partition("---")[0], read_slo_generator),
}


def list_positions(data: Any) -> list[tuple[Any, Any]]:
    """Return every container of a document with each of its keys or indices."""
    keys = list(data) if isinstance(data, dict) else list(range(len(data))) if isinstance(data, list) else []
    return [(data, key) for key in keys] + [
        position for key in keys for position in list_positions(data[key])
    ]


def write_documents(folder: Path, documents: list[Any]) -> Path:
    path = folder / "hostile.yaml"
    with path.open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump_all(documents, file)
    return path


def collect_problems(read: Callable[[], object]) -> tuple[Problem, ...]:
    """Return the problems that reading raises; any other exception is a defect."""
    try:
        read()
    except ProblemsError as error:
        return error.problems
    return ()


def name_their_fields(problems: tuple[Problem, ...]) -> bool:
    """Whether each problem names its field; the YAML writer emits ``?0`` in a form that no parser reads."""
    return all(
        problem.message
        and (problem.field or problem.line in (None, 1) or problem.message.startswith("is not YAML"))
        for problem in problems
    )


@pytest.mark.parametrize(("text", "message"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_yaml_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "hostile.yaml"
    path.write_text(text)
    with pytest.raises(ProblemsError, match=message):
        load_spec([path])


@pytest.mark.parametrize(("text", "read"), FORMATS.values(), ids=FORMATS)
@_SETTINGS
@given(data=st.data())
def test_an_unexpected_value_anywhere_is_read_or_reported_with_its_field(
    tmp_path: Path, text: str, read: Any, data: st.DataObject
) -> None:
    content = YAML(typ="safe", pure=True).load(text)
    for _ in range(data.draw(st.integers(1, 3))):
        positions = list_positions(content)
        if not positions:
            break
        container, key = data.draw(st.sampled_from(positions))
        container[key] = data.draw(_UNEXPECTED_VALUES)
    path = write_documents(tmp_path, [content])
    if read is None:
        problems = collect_problems(lambda: load_spec([path]))
    else:
        problems = collect_problems(lambda: [read(document) for document in load_documents(path)])
    assert name_their_fields(problems)


@_SETTINGS
@given(data=st.data())
def test_an_unexpected_value_in_a_gate_is_read_or_reported_with_its_field(
    tmp_path: Path, data: st.DataObject
) -> None:
    documents = list(YAML(typ="safe", pure=True).load_all(import_cases.KEPTN))
    container, key = data.draw(st.sampled_from(list_positions(documents)[2:]))
    container[key] = data.draw(_UNEXPECTED_VALUES)
    path = write_documents(tmp_path, documents)
    assert name_their_fields(collect_problems(lambda: read_keptn(load_documents(path), "shop", {})))


@_SETTINGS
@given(
    raw=st.one_of(
        st.binary(max_size=60), st.text("&*!<>:-[]{}?|%@`'\"#,a0 \n\t", max_size=60).map(str.encode)
    )
)
def test_any_bytes_are_read_or_refused(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "hostile.yaml"
    path.write_bytes(raw)
    assert all(problem.message for problem in collect_problems(lambda: load_documents(path)))
