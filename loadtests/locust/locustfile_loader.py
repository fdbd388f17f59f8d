"""Loads a user's locustfile, whose own modules may have the names of Proofload's packages."""

from __future__ import annotations

import builtins
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from locust import LoadTestShape, User
from locust.util.load_locustfile import load_locustfile

PACKAGES = ("loadtests", "monitoring", "proofload", "reports", "slo", "target_service")
"""Top-level names of Proofload, which a user's own modules may have as well."""
_ROOT = Path(__file__).resolve().parents[2]


def load_users_and_shapes(path: Path) -> tuple[dict[str, type[User]], list[LoadTestShape]]:
    """Load a locustfile as Locust does; return its user classes by name, and its load shapes.

    As under Locust, the locustfile imports modules beside it and in the working directory. Unlike there, the
    working directory is last on the import path afterwards, so that no module in it replaces one that
    Proofload imports later. Modules of the user with a name of ours (``loadtests.common``) are seen by the
    user's files alone, also by imports inside functions; ``importlib.import_module`` finds ours.
    """
    folders = list(dict.fromkeys([path.resolve().parent, Path.cwd()]))
    before = list(sys.path)
    scope = _ImportScope(folders, _find_shadowing_names(folders))
    if scope.names:
        scope.install()
    try:
        with scope.use_theirs():
            users, shapes = load_locustfile(str(path))
    finally:
        sys.path[:] = [*before, *(str(folder) for folder in folders if str(folder) not in before)]
    return users, shapes


def _find_shadowing_names(folders: Sequence[Path]) -> frozenset[str]:
    """Find the names of ours that modules in the user's folders have."""
    search_path = [str(folder) for folder in folders]
    specs = {name: PathFinder.find_spec(name, search_path) for name in PACKAGES}
    return frozenset(
        name
        for name, spec in specs.items()
        if spec and not any(Path(place).resolve().parent == _ROOT for place in _list_places(spec))
    )


def _list_places(spec: Any) -> list[str]:
    if spec.submodule_search_locations:
        return list(spec.submodule_search_locations)
    return [spec.origin] if spec.origin else []


class _ImportScope:
    """Two sets of modules under the same names: ours, and those of the user's files.

    ``sys.modules`` holds one of them at a time; which one an import sees depends on the file it is in.
    """

    def __init__(self, folders: Sequence[Path], names: frozenset[str]) -> None:
        self.names = names
        self._folders = folders
        self._parked: dict[str, ModuleType] = {}
        self._shows_theirs = False
        self._lock = threading.RLock()
        self._import: Callable[..., ModuleType] = builtins.__import__

    def install(self) -> None:
        """Let every later import see the modules that its file belongs to."""
        builtins.__import__ = self._import_for_file

    @contextmanager
    def use_theirs(self) -> Iterator[None]:
        """Show the user's modules meanwhile, with their folders first on the import path."""
        with self._show(theirs=True):
            yield

    def _import_for_file(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,  # noqa: A002 - callers pass it by the built-in's name
        locals: Mapping[str, object] | None = None,  # noqa: A002 - likewise
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        variables = globals or {}
        imported = str(variables.get("__package__") or "") if level else name
        if imported.partition(".")[0] not in self.names:
            return self._import(name, globals, locals, fromlist, level)
        with self._show(theirs=self._is_users_file(variables.get("__file__"))):
            return self._import(name, globals, locals, fromlist, level)

    def _is_users_file(self, file: object) -> bool:
        if not isinstance(file, str):
            return False
        path = Path(file).resolve()
        if "site-packages" in path.parts or any(path.is_relative_to(_ROOT / name) for name in PACKAGES):
            return False
        return any(path.is_relative_to(folder) for folder in self._folders)

    @contextmanager
    def _show(self, *, theirs: bool) -> Iterator[None]:
        with self._lock:
            if theirs is self._shows_theirs:
                yield
                return
            self._swap()
            path = list(sys.path)
            if theirs:
                sys.path[:0] = [str(folder) for folder in self._folders]
            try:
                yield
            finally:
                sys.path[:] = path
                self._swap()

    def _swap(self) -> None:
        shown = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in self.names}
        for name in shown:
            del sys.modules[name]
        sys.modules.update(self._parked)
        self._parked = shown
        self._shows_theirs = not self._shows_theirs
