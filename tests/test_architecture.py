"""Each package imports only what the layer table lets it (docs/architecture.md)."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = {"proofload", "target_service", "loadtests", "slo", "reports", "monitoring", "benchmarks", "tests"}
OF_OTHERS = {
    "target_service": set[str](),
    "loadtests": {"slo.model", "slo.documents"},
    "slo": set[str](),
    "reports": {"slo.model", "slo.documents"},
    "monitoring": {"slo.model", "slo.documents", "slo.promql", "slo.openslo"},
}
"""What each folder may import of others; ``proofload``, ``tests``, ``benchmarks`` may import everything."""
LAYERS = {
    "slo": [
        {"model", "documents"},
        {"promql"},
        {"prometheus"},
        {"openslo"},
        {"scraping"},
        {"counting"},
        {"evaluation"},
        {"comparison"},
        {"rules", "importers", "lint"},
    ],
    "loadtests": [
        {"profile", "recording"},
        {"schedule"},
        {"http", "session"},
        {"locust"},
        {"fleet", "convert"},
    ],
    "reports": [{"text"}, {"charts"}, {"writers"}],
    "proofload": [{"process", "artifacts"}, {"stack", "history"}, {"output"}, {"pipeline"}, {"cli"}],
    "target_service": [{"settings"}, {"ml", "logs", "faults"}, {"metrics", "train"}, {"api"}, {"app"}],
}
"""The sub-packages of a folder, lowest layer first; those of one layer do not import each other."""
FREE_OF_GEVENT = ("loadtests.profile", "loadtests.recording", "loadtests.schedule", "loadtests.convert")
"""What the command imports of the load generator: neither gevent nor Locust may patch its process."""
PURE = ("slo.model", "slo.scraping", "slo.counting", "slo.evaluation", "slo.comparison")
IMPURE = {"time", "datetime", "requests", "socket", "pathlib", "os", "io", "subprocess"}
"""Modules that reach a clock, the network or files."""
MAX_LOOSE_FILES = 14
"""``proofload/cli`` has one file for each command."""
ENTRY_POINTS = {
    "slo": {"__init__", "__main__"},
    "loadtests": {"__init__", "__main__", "locustfile"},
    "reports": {"__init__"},
    "proofload": {"__init__", "__main__", "pipeline"},
    "monitoring": {"__init__", "build"},
    "target_service": {"__init__", "__main__", "app", "settings"},
}
"""The modules at the top of a folder; everything else is in a sub-package."""


def list_imports(path: Path) -> Iterator[str]:
    """List the modules that a file imports, wherever in it; ``from a import b`` may be ``a.b``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            module = node.module or ""
            for alias in node.names:
                full = f"{module}.{alias.name}"
                yield full if (ROOT / full.replace(".", "/")).with_suffix(".py").exists() else module


def read_modules() -> dict[str, set[str]]:
    """Map every module of ours to what it imports."""
    folders = sorted(OURS - {"tests", "benchmarks"})
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): set(
            list_imports(path)
        )
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
    }


MODULES = read_modules()


def name_package(module: str) -> str:
    """Name the sub-package of a module: ``slo.model`` for ``slo.model.spec``."""
    return ".".join(module.split(".")[:2])


def read_exports(package: str) -> set[str]:
    """Read ``__all__`` of a package."""
    tree = ast.parse((ROOT / package.replace(".", "/") / "__init__.py").read_text(encoding="utf-8"))
    return {
        name
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"
        for name in ast.literal_eval(node.value)
    }


def find_reached(module: str) -> set[str]:
    """Find everything that a module imports, directly or through modules of ours."""
    reached, waiting = set[str](), [module]
    while waiting:
        for imported in MODULES.get(waiting.pop(), set()) - reached:
            reached.add(imported)
            parts = imported.split(".")
            waiting += [".".join(parts[:length]) for length in range(1, len(parts) + 1)]
    return reached


@pytest.mark.parametrize("folder", OF_OTHERS)
def test_a_folder_imports_only_what_it_may(folder: str) -> None:
    wrong = {
        f"{module} imports {imported}"
        for module, imports in MODULES.items()
        if module.split(".")[0] == folder
        for imported in imports
        if imported.split(".")[0] in OURS - {folder} and name_package(imported) not in OF_OTHERS[folder]
    }
    assert not wrong


@pytest.mark.parametrize("folder", LAYERS)
def test_a_sub_package_imports_only_lower_layers(folder: str) -> None:
    height = {f"{folder}.{name}": level for level, names in enumerate(LAYERS[folder]) for name in names}
    packages = {name_package(module) for module in MODULES if module.startswith(f"{folder}.")}
    assert packages <= {*height, *(f"{folder}.{name}" for name in ENTRY_POINTS[folder])}
    wrong = {
        f"{module} imports {imported}"
        for module, imports in MODULES.items()
        for imported in imports
        if (mine := name_package(module)) in height
        and (other := name_package(imported)) in height
        and mine != other
        and height[other] >= height[mine]
    }
    assert not wrong


@pytest.mark.parametrize("folder", LAYERS)
def test_other_packages_are_imported_by_what_they_export(folder: str) -> None:
    """``from slo.counting import EvidenceReader``: files can move inside their package."""
    wrong = {
        f"{module} imports {imported}"
        for module, imports in MODULES.items()
        for imported in imports
        if imported.startswith(f"{folder}.")
        and imported.count(".") > 1
        and name_package(module) != name_package(imported)
        and not imported.startswith("proofload.cli.")
        and imported.rpartition(".")[2] not in read_exports(name_package(imported))
    }
    assert not wrong


def test_the_model_imports_the_standard_library_alone() -> None:
    tops = {
        imported.partition(".")[0]
        for module, imports in MODULES.items()
        if module.startswith("slo.model")
        for imported in imports
        if not imported.startswith("slo.model")
    }
    assert tops <= set(sys.stdlib_module_names)


@pytest.mark.parametrize("package", FREE_OF_GEVENT)
def test_gevent_stays_in_the_generator(package: str) -> None:
    modules = [module for module in MODULES if f"{module}.".startswith(f"{package}.")]
    tops = {imported.partition(".")[0] for module in modules for imported in find_reached(module)}
    assert not tops & {"gevent", "locust", "geventhttpclient"}


def test_the_command_imports_nothing_else_of_the_generator() -> None:
    used = {
        name_package(imported)
        for module, imports in MODULES.items()
        if module.startswith("proofload.")
        for imported in imports
        if imported.startswith("loadtests.")
    }
    assert used <= set(FREE_OF_GEVENT)


def test_the_service_does_not_import_prometheus_client_before_it_starts_its_workers() -> None:
    """At import, prometheus_client reads from the environment whether workers share their metrics."""
    tops = {imported.partition(".")[0] for imported in find_reached("target_service.__main__")}
    assert "uvicorn" in tops
    assert "prometheus_client" not in tops


@pytest.mark.parametrize("package", PURE)
def test_evaluation_is_pure(package: str) -> None:
    """No clock, no network, no files on the way from evidence to verdict."""
    tops = {
        imported.partition(".")[0]
        for module, imports in MODULES.items()
        if f"{module}.".startswith(f"{package}.")
        for imported in imports
    }
    assert not tops & IMPURE


@pytest.mark.parametrize("folder", ENTRY_POINTS)
def test_the_top_of_a_folder_holds_only_entry_points(folder: str) -> None:
    assert {path.stem for path in (ROOT / folder).glob("*.py")} <= ENTRY_POINTS[folder]


def test_no_folder_holds_too_many_files() -> None:
    folders = {path.parent for folder in ENTRY_POINTS for path in (ROOT / folder).rglob("*.py")}
    sizes = {
        folder.relative_to(ROOT).as_posix(): len([p for p in folder.glob("*.py") if p.stem != "__init__"])
        for folder in folders
    }
    assert not {folder: size for folder, size in sizes.items() if size > MAX_LOOSE_FILES}


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("*.py")), ids=lambda path: path.name)
def test_a_test_imports_only_its_own_folder_and_support(path: Path) -> None:
    mine = ".".join(path.parent.relative_to(ROOT).parts)
    wrong = [
        imported
        for imported in list_imports(path)
        if imported.split(".")[0] == "tests"
        and not imported.startswith(("tests.support", f"{mine}."))
        and imported != mine
    ]
    assert not wrong


@pytest.mark.parametrize("package", sorted({name_package(m) for m in MODULES if m.count(".")}))
def test_a_package_says_what_it_is_and_what_it_exports(package: str) -> None:
    path = ROOT / package.replace(".", "/") / "__init__.py"
    if not path.exists():
        pytest.skip("a module, not a package")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(package)
        for alias in node.names
    }
    assert imported == read_exports(package)
