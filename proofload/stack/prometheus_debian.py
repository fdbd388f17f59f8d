"""Prometheus from the distribution's package (Debian, Ubuntu), unpacked without root."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from proofload.stack.prometheus_release import PrometheusUnavailableError

_COMMAND_TIMEOUT_SECONDS = 300


def download_package(directory: Path, report_status: Callable[[str], None]) -> Path:
    """Download the package with separate package lists and unpack it; return the binary in ``directory``.

    apt verifies the package against the distribution's signed lists. Nothing is installed.

    Raises:
        PrometheusUnavailableError: this is another distribution, or a step failed.
    """
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise PrometheusUnavailableError(f"no {tool} on this machine")
    lists, cache = directory / "lists", directory / "cache"
    (lists / "partial").mkdir(parents=True)
    (cache / "archives" / "partial").mkdir(parents=True)
    apt_options = [
        f"-oDir::State::Lists={lists}",
        f"-oDir::Cache={cache}",
        "-oAcquire::Languages=none",
        "-oDebug::NoLocking=1",
        "-oAPT::Sandbox::User=",  # apt's own user can't write to the directory
    ]
    report_status("downloading the distribution's package lists and its Prometheus package")
    _run_command(["apt-get", *apt_options, "-qq", "update"], directory)
    _run_command(["apt-get", *apt_options, "-qq", "download", "prometheus"], directory)
    with suppress(PrometheusUnavailableError):  # optional; a separate package since Debian 13
        _run_command(["apt-get", *apt_options, "-qq", "download", "promtool"], directory)
    packages = [str(package) for package in directory.glob("*.deb")]
    if not packages:
        raise PrometheusUnavailableError("apt-get download left no package")
    for package in packages:
        _run_command(["dpkg-deb", "-x", package, str(directory / "unpacked")], directory)
    return directory / "unpacked" / "usr" / "bin" / "prometheus"


def _run_command(command: list[str], directory: Path) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - trusted commands
            command,
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=_COMMAND_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PrometheusUnavailableError(
            f"{command[0]} {command[-1]} did not end in {_COMMAND_TIMEOUT_SECONDS} s"
        ) from None
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        cause = lines[-1] if lines else done.returncode
        raise PrometheusUnavailableError(f"{command[0]} {command[-1]}: {cause}")
