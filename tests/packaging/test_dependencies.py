"""Every package that is imported is declared, and every declared one is imported."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
OURS = {"loadtests", "monitoring", "proofload", "reports", "slo", "target_service"}
DECLARED = {
    "proofload": PROJECT["project"]["dependencies"],
    "the reference service": PROJECT["project"]["optional-dependencies"]["reference"],
}
FOLDERS = {"proofload": OURS - {"target_service"}, "the reference service": {"target_service"}}
ELSEWHERE = {
    "monitoring/": "monitoring",  # the generator of the dashboards runs in a checkout alone
    "target_service/train/": "train",
}
"""Files that need a dependency group of the checkout as well."""
NOT_IMPORTED = {
    "httptools",  # uvicorn's parser, chosen by name
    "uvloop",  # uvicorn's event loop, likewise
}


def normalize(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[<>=!~;\[ ]", requirement)[0]).lower()


def list_imports(folders: set[str]) -> Iterator[tuple[Path, str]]:
    for folder in sorted(folders):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    yield from ((path, alias.name) for alias in node.names)
                elif isinstance(node, ast.ImportFrom):
                    yield path, node.module or ""


def find_distributions(part: str) -> dict[str, set[str]]:
    """Map each distribution that a part imports to the files that import it."""
    known = packages_distributions()
    found: dict[str, set[str]] = {}
    for path, module in list_imports(FOLDERS[part]):
        top = module.partition(".")[0]
        if top in sys.stdlib_module_names or top in OURS | {"_typeshed"}:
            continue
        names = {"ruamel-yaml"} if top == "ruamel" else {normalize(name) for name in known[top]}
        file = path.relative_to(ROOT).as_posix()
        groups = [group for prefix, group in ELSEWHERE.items() if file.startswith(prefix)]
        extra = {normalize(line) for group in groups for line in PROJECT["dependency-groups"][group]}
        if not names & extra:
            found.setdefault(min(names), set()).add(file)
    return found


@pytest.mark.parametrize("part", DECLARED)
def test_imported_is_declared(part: str) -> None:
    declared = {normalize(line) for line in DECLARED[part]}
    missing = {name: files for name, files in find_distributions(part).items() if name not in declared}
    assert not missing


@pytest.mark.parametrize("part", DECLARED)
def test_declared_is_imported(part: str) -> None:
    declared = {normalize(line) for line in DECLARED[part]}
    unused = declared - set(find_distributions(part))
    assert unused <= (NOT_IMPORTED if part == "the reference service" else set())
