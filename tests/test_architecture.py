"""Each folder imports only what the design lets it (see docs/architecture.md)."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = {"proofload", "target_service", "loadtests", "slo", "reports", "monitoring", "benchmarks", "tests"}
MAY_IMPORT = {
    "target_service": set[str](),
    "loadtests": {"slo.model", "slo.document"},
    "slo": set[str](),
    "reports": {"slo.model", "slo.compared"},
    "monitoring": {"slo.model", "slo.names", "slo.rules.windows", "slo.spec", "slo.document", "slo.promql"},
}
"""Beside itself; ``proofload``, ``tests`` and ``benchmarks`` may import everything."""
FREE_OF_GEVENT = {
    "convert.access_log",
    "convert.har",
    "convert.openapi",
    "convert.written",
    "durations",
    "feeder",
    "fleet.messages",
    "hand",
    "pacing",
    "profile",
    "profile_file",
    "recorder",
    "requests",
    "runfile",
    "target",
    "trace",
}


def imports(path: Path) -> Iterator[str]:
    """Give the modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield node.module or ""


def reached(name: str, known: dict[str, set[str]]) -> set[str]:
    """Give everything that a module of ours imports, by whatever way."""
    found, waiting = set[str](), [name]
    while waiting:
        for imported in known.get(waiting.pop(), set()) - found:
            found.add(imported)
            waiting.append(imported)
    return found


def everything() -> dict[str, set[str]]:
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): set(imports(path))
        for folder in MAY_IMPORT
        for path in (ROOT / folder).rglob("*.py")
    }


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_a_folder_imports_only_what_it_may(folder: str) -> None:
    wrong = {
        f"{name} imports {imported}"
        for name, found in everything().items()
        if name.startswith(f"{folder}.")
        for imported in found
        if imported.partition(".")[0] in OURS - {folder} and imported not in MAY_IMPORT[folder]
    }
    assert not wrong


def test_the_words_import_the_standard_library_alone() -> None:
    found = {name.partition(".")[0] for name in imports(ROOT / "slo" / "model.py")}
    assert found <= set(sys.stdlib_module_names)


def test_gevent_stays_in_the_generator() -> None:
    """What the command imports of ``loadtests`` reaches neither gevent nor Locust."""
    known = everything()
    for name in FREE_OF_GEVENT:
        tops = {one.partition(".")[0] for one in reached(f"loadtests.{name}", known)}
        assert not tops & {"gevent", "locust", "geventhttpclient"}, name
    used = {
        imported.removeprefix("loadtests.")
        for path in (ROOT / "proofload").rglob("*.py")
        for imported in imports(path)
        if imported.startswith("loadtests.")
    }
    assert used <= FREE_OF_GEVENT


def test_evaluation_is_pure() -> None:
    """No clock, no network, no files on the way from evidence to verdict."""
    known = everything()
    for name in (
        "evaluate",
        "alerts",
        "composite",
        "timeline",
        "certainty",
        "slices",
        "intervals",
        "lives",
        "native",
        "otherwise",
        "pieces",
        "checks",
        "counted",
        "tally",
        "counters",
        "histogram",
        "budget",
        "comparison",
        "spreads",
    ):
        tops = {one.partition(".")[0] for one in known[f"slo.{name}"]}
        assert not tops & {"time", "datetime", "requests", "socket", "pathlib", "os", "io", "subprocess"}
