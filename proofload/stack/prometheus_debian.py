"""Prometheus from the distribution's own package (Debian, Ubuntu), unpacked without root."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from proofload.stack.prometheus_release import NotBroughtError

_SECONDS = 300


def bring(folder: Path, say: Callable[[str], None]) -> Path:
    """Fetch the package with package lists of our own and unpack it; give the binary in ``folder``.

    apt checks the package against the distribution's signed lists. Nothing is installed.

    Raises:
        NotBroughtError: this is no such distribution, or a step of it fails.
    """
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise NotBroughtError(f"no {tool} on this machine")
    lists, cache = folder / "lists", folder / "cache"
    (lists / "partial").mkdir(parents=True)
    (cache / "archives" / "partial").mkdir(parents=True)
    own = [
        f"-oDir::State::Lists={lists}",
        f"-oDir::Cache={cache}",
        "-oAcquire::Languages=none",
        "-oDebug::NoLocking=1",
        "-oAPT::Sandbox::User=",  # the folder is ours alone: apt's own user could not write to it
    ]
    say("downloading the distribution's package lists and its Prometheus package")
    _run(["apt-get", *own, "-qq", "update"], folder)
    _run(["apt-get", *own, "-qq", "download", "prometheus"], folder)
    with suppress(NotBroughtError):  # a package of its own since Debian 13, and no load needs it
        _run(["apt-get", *own, "-qq", "download", "promtool"], folder)
    packages = [str(package) for package in folder.glob("*.deb")]
    if not packages:
        raise NotBroughtError("apt-get download left no package")
    for package in packages:
        _run(["dpkg-deb", "-x", package, str(folder / "unpacked")], folder)
    return folder / "unpacked" / "usr" / "bin" / "prometheus"


def _run(command: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - our own commands
            command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise NotBroughtError(f"{command[0]} {command[-1]} did not end in {_SECONDS} s") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise NotBroughtError(f"{command[0]} {command[-1]}: {said[-1] if said else done.returncode}")
