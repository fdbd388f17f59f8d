"""Configuration of the manual as a site: ``nox -s docs``.

The pages of the API reference are written when the site is built: one for each package, with every name that
the package exports. A name without documentation fails the build.
"""

from __future__ import annotations

import ast
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

from sphinx.errors import ConfigError

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("slo", "loadtests", "reports", "monitoring", "proofload")

project = "Proofload"
release = installed_version("proofload")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "Proofload"
nitpicky = True
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # signatures show them; the names of other projects have no page here to link to
napoleon_google_docstring = True
napoleon_numpy_docstring = False
nitpick_ignore_regex = [
    ("py:.*", rf"(?!({'|'.join(FOLDERS)})\.).*"),  # of other projects: no page here
    ("py:.*", r".*\._\w+"),  # private names, which an alias of a type shows
]


def setup(app: Any) -> None:
    """Write the pages of the API reference before Sphinx reads its sources."""
    app.connect("config-inited", lambda *_: write_reference())


def write_reference() -> None:
    """Write ``reference/``: an index, and one page for each package that exports names."""
    folder = Path(__file__).parent / "reference"
    folder.mkdir(exist_ok=True)
    pages = []
    for path in sorted(path for name in FOLDERS for path in (ROOT / name).glob("*/__init__.py")):
        package = ".".join(path.parent.relative_to(ROOT).parts)
        if entries := [document_name(package, name, module) for name, module in read_exports(path)]:
            introduction = f"```{{eval-rst}}\n.. automodule:: {package}\n   :no-members:\n\n"
            page = f"# {package}\n\n{introduction}{''.join(entries)}```\n"
            (folder / f"{package}.md").write_text(page, encoding="utf-8")
            pages.append(package)
    contents = "\n".join(pages)
    (folder / "index.md").write_text(
        "# API reference\n\nOne page for each package, with the names that it exports to other packages.\n\n"
        f"```{{toctree}}\n:maxdepth: 1\n\n{contents}\n```\n",
        encoding="utf-8",
    )


def read_exports(path: Path) -> list[tuple[str, str]]:
    """List the names that a package exports, each with the module that defines it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules = {
        alias.asname or alias.name: node.module or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return [
        (name, modules[name])
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"
        for name in ast.literal_eval(node.value)
    ]


def document_name(package: str, name: str, module: str) -> str:
    """Write the directive for an exported name: a class, a function, a module, a constant or an alias.

    Raises:
        ConfigError: the name is not documented.
    """
    if (ROOT / f"{module}.{name}".replace(".", "/")).with_suffix(".py").exists():
        return f".. automodule:: {module}.{name}\n   :members:\n\n"
    body = ast.parse((ROOT / module.replace(".", "/")).with_suffix(".py").read_text(encoding="utf-8")).body
    for place, node in enumerate(body):
        if isinstance(node, ast.ClassDef) and node.name == name and ast.get_docstring(node):
            return f".. autoclass:: {package}.{name}\n   :members:\n\n"
        if isinstance(node, ast.FunctionDef) and node.name == name and ast.get_docstring(node):
            return f".. autofunction:: {package}.{name}\n\n"
        if _assigns(node, name) and _find_documentation(body[place + 1 :]):
            return f".. autodata:: {module}.{name}\n   :no-value:\n\n"
    raise ConfigError(f"{module}.{name}, which {package} exports, is not documented")


def _assigns(node: ast.stmt, name: str) -> bool:
    targets = (
        node.targets
        if isinstance(node, ast.Assign)
        else [node.target]
        if isinstance(node, ast.AnnAssign)
        else []
    )
    names = {target.id for part in targets for target in ast.walk(part) if isinstance(target, ast.Name)}
    return name in names


def _find_documentation(following: list[ast.stmt]) -> bool:
    """Return whether a text follows; constants of one kind may share the text after the last of them."""
    for node in following:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return isinstance(node.value.value, str)
        if not isinstance(node, ast.Assign | ast.AnnAssign):
            return False
    return False
