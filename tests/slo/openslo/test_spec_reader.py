"""Reading of OpenSLO files: the spec that valid files give, and the problems of invalid ones, with lines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from slo.documents import ProblemsError
from slo.model import SLO, DataSource, Service, Spec
from slo.openslo.fields import parse_duration
from slo.openslo.spec_reader import load_spec
from tests.support.specs import (
    BASE_SPECS,
    DAY,
    EVENTS_SPEC,
    SPEC_WITH_REFERENCES,
    VALID_SPECS,
    replace_in_text,
)

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[2]


@pytest.mark.parametrize(("text", "slo"), VALID_SPECS.values(), ids=VALID_SPECS)
def test_spec_is_read(tmp_path: Path, text: str, slo: SLO) -> None:
    [read] = load(tmp_path, text).slos
    assert replace(read, source="") == slo


def test_slo_has_its_place_in_the_file(tmp_path: Path) -> None:
    spec = load(tmp_path, "# top\n---\n" + EVENTS_SPEC)
    assert spec.slos[0].source == f"{tmp_path / 'spec.yaml'}:6"
    assert spec.services == (Service("shop", source=f"{tmp_path / 'spec.yaml'}:6"),)


def test_annotations_of_a_service_are_read(tmp_path: Path) -> None:
    annotations = """\
metadata:
  name: shop
  displayName: Shop
  annotations:
    proofload/requests: " requests_total "
    proofload/context: |
      # orders
      orders_total

        paid_total{a="#"}
      orders_total
spec: {description: Sells.}
"""
    text = replace_in_text(SPEC_WITH_REFERENCES, ("metadata: {name: shop}\n", annotations))
    spec = load(tmp_path, text)
    assert spec.data_sources == (DataSource("main", "Prometheus", "https://prometheus.example/path"),)
    assert spec.services == (
        Service(
            "shop",
            "Shop",
            "Sells.",
            "requests_total",
            ("orders_total", 'paid_total{a="#"}'),
            f"{tmp_path / 'spec.yaml'}:11",
        ),
    )


def test_yaml_files_below_a_folder_are_read_once_each(tmp_path: Path) -> None:
    parts = SPEC_WITH_REFERENCES.split("---\n")
    (tmp_path / "deep").mkdir()
    for name, part in zip(["a.yaml", "deep/b.yml", "deep/c.yaml", "d.yml"], parts, strict=True):
        (tmp_path / name).write_text(part)
    (tmp_path / "notes.txt").write_text("not: [yaml")
    (tmp_path / "folder.yaml").mkdir()
    spec = load_spec([tmp_path, tmp_path / "deep" / ".." / "a.yaml"])
    assert [slo.name for slo in spec.slos] == ["checkout"]


def test_spec_of_the_reference_service_is_read() -> None:
    spec = load_spec([ROOT / "slo" / "objectives.yaml"])
    assert [slo.name for slo in spec.slos] == [
        "availability",
        "predict-latency",
        "predict-latency-p99",
        "data-drift",
        "model-decay",
    ]
    assert spec.services[0].request_counter == 'http_requests_total{job="target"}'


def test_examples_of_the_manual_are_read(tmp_path: Path) -> None:
    pages = (ROOT / "docs" / "spec.md").read_text(encoding="utf-8").split("```yaml\n")[1:]
    examples = [page.split("```", 1)[0] for page in pages]
    complete = [example for example in examples if example.startswith("apiVersion:")]
    assert complete
    for example in complete:
        assert load(tmp_path, example).slos


INVALID = {case["case"]: case for case in YAML(typ="safe").load(FOLDER / "bad_specs.yaml")}


@pytest.mark.parametrize("case", INVALID.values(), ids=INVALID)
def test_invalid_spec_is_refused(tmp_path: Path, case: dict[str, Any]) -> None:
    base = BASE_SPECS[case["base"]] if "base" in case else ""
    text = replace_in_text(base, *case.get("change", [])) + case.get("add", "")
    assert find_problems(tmp_path, text) == case["problems"].splitlines()


def test_description_longer_than_openslo_allows_is_refused(tmp_path: Path) -> None:
    text = f"{EVENTS_SPEC}  description: {'x' * 1051}\n"
    message = "F:29: spec.description: String should have at most 1050 characters, got"
    assert find_problems(tmp_path, text) == [f"{message} '{'x' * 76}..."]


def test_problems_of_all_files_are_reported(tmp_path: Path) -> None:
    for name, text in {"a.yaml": "a: [\n", "b.yaml": "", "c.yaml": "x: 1\n"}.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(ProblemsError) as caught:
        load_spec([tmp_path, tmp_path / "gone.yaml"])
    assert [Path(problem.file).name for problem in caught.value.problems] == [
        "a.yaml",
        "b.yaml",
        "c.yaml",
        "gone.yaml",
    ]


@pytest.mark.parametrize("paths", [[], ["empty"]], ids=["no path", "a folder without YAML"])
def test_spec_without_slos_is_a_problem(tmp_path: Path, paths: list[str]) -> None:
    for name in paths:
        (tmp_path / name).mkdir()
    with pytest.raises(ProblemsError, match="contains no"):
        load_spec([tmp_path / name for name in paths])


DURATIONS = {
    "1m": 60.0,
    "2h": 7200.0,
    "1d": DAY,
    "4w": 28 * DAY,
    "1M": 30 * DAY,
    "1Q": 90 * DAY,
    "1Y": 365 * DAY,
}


@pytest.mark.parametrize(("text", "seconds"), DURATIONS.items())
def test_duration_is_parsed(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "d", "0d", "-1d", "1.5h", "1 d", "1D", "1d1h", "1s", "٣d", "9" * 50 + "d"]
)
def test_duration_must_be_a_positive_integer_and_a_unit(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["", "x", "1m", "Prometheus"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["spec", "a"]), inner, max_size=3)
    ),
    max_leaves=5,
)
LINES = len(EVENTS_SPEC.splitlines())


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    base=st.sampled_from(sorted(BASE_SPECS.values())),
    line=st.integers(0, LINES),
    value=VALUES,
    drop=st.booleans(),
)
def test_any_value_in_any_line_is_read_or_refused_with_a_line(
    tmp_path: Path, base: str, line: int, value: object, drop: bool
) -> None:
    lines = base.splitlines()
    line %= len(lines)
    key = lines[line].split(":")[0]
    lines[line] = "" if drop else f"{key}: {format_inline_yaml(value)}"
    try:
        spec = load(tmp_path, "\n".join(lines))
    except ProblemsError as error:
        problems = error.problems
    else:
        problems = ()
        assert spec.slos
    assert all(problem.line is None or 1 <= problem.line <= len(lines) for problem in problems)


def format_inline_yaml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {format_inline_yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(format_inline_yaml, value)) + "]"
    text = str(value)
    special = {
        "None": "null",
        "True": "true",
        "False": "false",
        "inf": ".inf",
        "-inf": "-.inf",
        "nan": ".nan",
    }
    return special.get(text, text or "''")


def find_problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ProblemsError) as caught:
        load(folder, text)
    return str(caught.value).replace(str(folder / "spec.yaml"), "F").splitlines()


def load(folder: Path, text: str) -> Spec:
    path = folder / "spec.yaml"
    path.write_text(text, encoding="utf-8")
    return load_spec([path])
