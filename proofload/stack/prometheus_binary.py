"""Finds the Prometheus server on this machine, or downloads it."""

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
from proofload.stack.prometheus_release import PrometheusUnavailableError

_VERSION_PATTERN = re.compile(r"prometheus, version (\S+)")
_VERSION_TIMEOUT_SECONDS = 20


class PrometheusNotFoundError(Exception):
    """No working Prometheus was found; the message lists each source and why it failed."""


@dataclass(frozen=True, slots=True)
class PrometheusBinary:
    """A working Prometheus and its version; ``origin`` is the source where it was found."""

    path: Path
    version: str
    origin: str


def find_prometheus(
    report_status: Callable[[str], None], environment: Mapping[str, str] = os.environ
) -> PrometheusBinary:
    """Return Prometheus from the first source that has it.

    Sources: ``PROMETHEUS_BIN``, ``PATH``, the cache, the upstream release, the distribution's package. A
    download is stored in the user's cache directory, completely or not at all; ``report_status`` reports it.

    Raises:
        PrometheusNotFoundError: no source has a working Prometheus.
    """
    cache = _choose_cache_directory()
    download_release = partial(prometheus_release.download_release, report_status=report_status)
    download_package = partial(prometheus_debian.download_package, report_status=report_status)
    sources: list[tuple[str, Callable[[], Path]]] = [
        ("PROMETHEUS_BIN", partial(_find_named, environment)),
        ("PATH", partial(_find_on_path, environment)),
        (f"cache {cache}", partial(_find_in_cache, cache)),
        ("upstream release", partial(_download_to_cache, cache, download_release)),
        ("distribution package", partial(_download_to_cache, cache, download_package)),
    ]
    failures = []
    for origin, find in sources:
        try:
            path = find()
            return PrometheusBinary(path, _read_version(path), origin)
        except PrometheusUnavailableError as error:
            failures.append(f"  {origin}: {error}")
            if origin == "PROMETHEUS_BIN" and environment.get("PROMETHEUS_BIN"):
                break  # an explicit choice is not replaced with another Prometheus
    raise PrometheusNotFoundError("no working Prometheus found; tried\n" + "\n".join(failures))


def _choose_cache_directory() -> Path:
    """Return the user's cache directory, or one in the working directory if that is not writable."""
    name = f"prometheus/{prometheus_release.PROMETHEUS_VERSION}"  # a new version is downloaded again
    directory = platformdirs.user_cache_path("proofload") / name
    try:
        directory.mkdir(parents=True, exist_ok=True)
        is_writable = os.access(directory, os.W_OK)
    except OSError:
        is_writable = False
    return directory if is_writable else Path.cwd() / ".nox" / "cache" / name


def _find_named(environment: Mapping[str, str]) -> Path:
    path = environment.get("PROMETHEUS_BIN")
    if not path:
        raise PrometheusUnavailableError("not set")
    return Path(path).absolute()


def _find_on_path(environment: Mapping[str, str]) -> Path:
    path = shutil.which("prometheus", path=environment.get("PATH", ""))
    if path is None:
        raise PrometheusUnavailableError("contains no prometheus")
    return Path(path)


def _find_in_cache(cache: Path) -> Path:
    binary = cache / "prometheus"
    if not binary.exists():
        raise PrometheusUnavailableError("empty")
    return binary


def _download_to_cache(cache: Path, download: Callable[[Path], Path]) -> Path:
    """Download a binary to a temporary directory, check that it runs, and move it to the cache."""
    with _create_download_directory(cache) as directory:
        binary = download(directory)
        _read_version(binary)
        promtool = binary.with_name("promtool")
        if promtool.exists():
            promtool.replace(cache / promtool.name)
        binary.replace(cache / "prometheus")
    return cache / "prometheus"


@contextmanager
def _create_download_directory(cache: Path) -> Iterator[Path]:
    """Create a temporary directory in the cache's file system, so that moving a file is atomic."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        directory = tempfile.TemporaryDirectory(prefix=".download-", dir=cache)
    except OSError as error:
        raise PrometheusUnavailableError(f"can't write to {cache}: {error.strerror}") from None
    with directory as name:
        yield Path(name)


def _read_version(binary: Path) -> str:
    """Return the version of a Prometheus binary.

    Raises:
        PrometheusUnavailableError: the binary does not run, or is not Prometheus.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the binary to check
            [binary, "--version"],
            capture_output=True,
            text=True,
            timeout=_VERSION_TIMEOUT_SECONDS,
            check=False,
        )
    except OSError as error:
        raise PrometheusUnavailableError(f"{binary} does not run: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise PrometheusUnavailableError(
            f"{binary} --version did not end in {_VERSION_TIMEOUT_SECONDS} s"
        ) from None
    match = _VERSION_PATTERN.search(done.stdout + done.stderr)
    if done.returncode or not match:
        raise PrometheusUnavailableError(
            f"{binary} is not a working Prometheus (exit code {done.returncode})"
        )
    return match[1]
