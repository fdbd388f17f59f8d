"""OpenSLO files: what each means in our words, and how each fault is said, with its line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from slo.documents.yaml_source import ProblemsError
from slo.model import SLO, DataSource, Service, Spec
from slo.openslo.fields import duration_seconds
from slo.openslo.spec_reader import load_spec
from tests.support.specs import BASES, DAY, EVENTS, GOOD, REFERRED, changed

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[2]


@pytest.mark.parametrize(("text", "slo"), GOOD.values(), ids=GOOD)
def test_means(tmp_path: Path, text: str, slo: SLO) -> None:
    [found] = load(tmp_path, text).slos
    assert replace(found, source="") == slo


def test_says_where_an_slo_was_written(tmp_path: Path) -> None:
    spec = load(tmp_path, "# top\n---\n" + EVENTS)
    assert spec.slos[0].source == f"{tmp_path / 'spec.yaml'}:6"
    assert spec.services == (Service("shop", source=f"{tmp_path / 'spec.yaml'}:6"),)


def test_reads_what_a_service_annotates(tmp_path: Path) -> None:
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
    text = changed(REFERRED, ("metadata: {name: shop}\n", annotations))
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


def test_a_folder_stands_for_the_yaml_files_below_it_each_read_once(tmp_path: Path) -> None:
    parts = REFERRED.split("---\n")
    (tmp_path / "deep").mkdir()
    for name, part in zip(["a.yaml", "deep/b.yml", "deep/c.yaml", "d.yml"], parts, strict=True):
        (tmp_path / name).write_text(part)
    (tmp_path / "notes.txt").write_text("not: [yaml")
    (tmp_path / "folder.yaml").mkdir()
    spec = load_spec([tmp_path, tmp_path / "deep" / ".." / "a.yaml"])
    assert [slo.name for slo in spec.slos] == ["checkout"]


def test_reads_the_reference_services_spec() -> None:
    spec = load_spec([ROOT / "slo" / "objectives.yaml"])
    assert [slo.name for slo in spec.slos] == [
        "availability",
        "predict-latency",
        "predict-latency-p99",
        "data-drift",
        "model-decay",
    ]
    assert spec.services[0].requests == 'http_requests_total{job="target"}'


def test_reads_every_example_of_the_manual(tmp_path: Path) -> None:
    pages = (ROOT / "docs" / "spec.md").read_text(encoding="utf-8").split("```yaml\n")[1:]
    examples = [page.split("```", 1)[0] for page in pages]
    whole = [example for example in examples if example.startswith("apiVersion:")]
    assert whole
    for example in whole:
        assert load(tmp_path, example).slos


BAD = {case["case"]: case for case in YAML(typ="safe").load(FOLDER / "bad_specs.yaml")}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD)
def test_refuses(tmp_path: Path, case: dict[str, Any]) -> None:
    base = BASES[case["base"]] if "base" in case else ""
    text = changed(base, *case.get("change", [])) + case.get("add", "")
    assert refusal(tmp_path, text) == case["says"].splitlines()


def test_refuses_a_description_longer_than_openslo_allows(tmp_path: Path) -> None:
    text = f"{EVENTS}  description: {'x' * 1051}\n"
    said = "F:29: spec.description: String should have at most 1050 characters, got"
    assert refusal(tmp_path, text) == [f"{said} '{'x' * 76}..."]


def test_every_file_is_heard_before_the_first_complaint(tmp_path: Path) -> None:
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
def test_nothing_to_judge_is_a_problem(tmp_path: Path, paths: list[str]) -> None:
    for name in paths:
        (tmp_path / name).mkdir()
    with pytest.raises(ProblemsError, match="holds no"):
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
def test_a_duration_lasts(text: str, seconds: float) -> None:
    assert duration_seconds(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "d", "0d", "-1d", "1.5h", "1 d", "1D", "1d1h", "1s", "٣d", "9" * 50 + "d"]
)
def test_a_duration_is_a_positive_whole_number_and_a_unit(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        duration_seconds(text)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["", "x", "1m", "Prometheus"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["spec", "a"]), inner, max_size=3)
    ),
    max_leaves=5,
)
LINES = len(EVENTS.splitlines())


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    base=st.sampled_from(sorted(BASES.values())),
    line=st.integers(0, LINES),
    value=VALUES,
    drop=st.booleans(),
)
def test_any_value_anywhere_is_read_or_refused_with_its_line(
    tmp_path: Path, base: str, line: int, value: object, drop: bool
) -> None:
    lines = base.splitlines()
    line %= len(lines)
    key = lines[line].split(":")[0]
    lines[line] = "" if drop else f"{key}: {as_yaml(value)}"
    try:
        spec = load(tmp_path, "\n".join(lines))
    except ProblemsError as error:
        problems = error.problems
    else:
        problems = ()
        assert spec.slos
    assert all(problem.line is None or 1 <= problem.line <= len(lines) for problem in problems)


def as_yaml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {as_yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_yaml, value)) + "]"
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


def refusal(folder: Path, text: str) -> list[str]:
    with pytest.raises(ProblemsError) as caught:
        load(folder, text)
    return str(caught.value).replace(str(folder / "spec.yaml"), "F").splitlines()


def load(folder: Path, text: str) -> Spec:
    path = folder / "spec.yaml"
    path.write_text(text, encoding="utf-8")
    return load_spec([path])
