"""The real Prometheus server, found on this machine or brought to it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import platformdirs

from proofload.stack import prometheus_debian, prometheus_release
from proofload.stack.prometheus_release import NotBroughtError

_VERSION = re.compile(r"prometheus, version (\S+)")
_VERSION_SECONDS = 20


class PrometheusNotFoundError(Exception):
    """No way led to a Prometheus that runs; the message lists each and why it failed."""


@dataclass(frozen=True, slots=True)
class PrometheusBinary:
    """A Prometheus that has shown its version; ``origin`` says where it was found."""

    path: Path
    version: str
    origin: str


def find_prometheus(
    say: Callable[[str], None], environment: Mapping[str, str] = os.environ
) -> PrometheusBinary:
    """Find Prometheus: ``PROMETHEUS_BIN``, ``PATH``, our cache, upstream's release, Debian's package.

    What is brought is kept in the user's cache folder, whole or not at all; ``say`` tells of downloads.

    Raises:
        PrometheusNotFoundError: none of them led to one that runs.
    """
    cache = _cache()
    ways: list[tuple[str, Callable[[], Path]]] = [
        ("PROMETHEUS_BIN", partial(_named, environment)),
        ("PATH", partial(_on_path, environment)),
        (f"cache {cache}", partial(_cached, cache)),
        ("upstream release", partial(_brought, cache, partial(prometheus_release.bring, say=say))),
        ("distribution package", partial(_brought, cache, partial(prometheus_debian.bring, say=say))),
    ]
    failed = []
    for origin, way in ways:
        try:
            path = way()
            return PrometheusBinary(path, _version(path), origin)
        except NotBroughtError as error:
            failed.append(f"  {origin}: {error}")
            if origin == "PROMETHEUS_BIN" and environment.get("PROMETHEUS_BIN"):
                break  # an explicit wish is not replaced by a guess
    raise PrometheusNotFoundError("no Prometheus to run; tried\n" + "\n".join(failed))


def _cache() -> Path:
    """Choose the cache folder: the user's, or one in the working folder where that can't be written."""
    name = f"prometheus/{prometheus_release.VERSION}"  # a new pin is brought anew
    folder = platformdirs.user_cache_path("proofload") / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        usable = os.access(folder, os.W_OK)
    except OSError:
        usable = False
    return folder if usable else Path.cwd() / ".nox" / "cache" / name


def _named(environment: Mapping[str, str]) -> Path:
    text = environment.get("PROMETHEUS_BIN")
    if not text:
        raise NotBroughtError("not set")
    return Path(text).absolute()


def _on_path(environment: Mapping[str, str]) -> Path:
    found = shutil.which("prometheus", path=environment.get("PATH", ""))
    if found is None:
        raise NotBroughtError("no prometheus in it")
    return Path(found)


def _cached(cache: Path) -> Path:
    binary = cache / "prometheus"
    if not binary.exists():
        raise NotBroughtError("empty")
    return binary


def _brought(cache: Path, bring: Callable[[Path], Path]) -> Path:
    """Bring a binary into a temporary folder, prove that it runs, and only then put it into the cache."""
    with _workshop(cache) as folder:
        binary = bring(folder)
        _version(binary)
        promtool = binary.with_name("promtool")
        if promtool.exists():  # it checks rules
            promtool.replace(cache / promtool.name)
        binary.replace(cache / "prometheus")
    return cache / "prometheus"


@contextmanager
def _workshop(cache: Path) -> Iterator[Path]:
    """Make a temporary folder on the cache's own file system, so that a move from it is one step."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(prefix=".bringing-", dir=cache)
    except OSError as error:
        raise NotBroughtError(f"can't write to {cache}: {error.strerror}") from None
    with folder as name:
        yield Path(name)


def _version(binary: Path) -> str:
    """Run a binary to see that it is Prometheus and of which version."""
    try:
        answer = subprocess.run(  # noqa: S603 - the binary in question
            [binary, "--version"], capture_output=True, text=True, timeout=_VERSION_SECONDS, check=False
        )
    except OSError as error:
        raise NotBroughtError(f"{binary} does not run: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise NotBroughtError(f"{binary} --version does not end") from None
    found = _VERSION.search(answer.stdout + answer.stderr)
    if answer.returncode or not found:
        raise NotBroughtError(f"{binary} is no Prometheus that runs here (exit code {answer.returncode})")
    return found[1]
