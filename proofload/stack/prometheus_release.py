"""Prometheus from upstream's release archive: pinned by version and SHA-256, checked before use."""

from __future__ import annotations

import hashlib
import platform
import shutil
import sys
import tarfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import requests

VERSION = "3.5.0"
# From upstream's sha256sums.txt of the release, as kept by github.com/cashapp/hermit-packages,
# prometheus.hcl, commit f0517fd7532fc6adfd910cfba3ef2b4c59f662db.
SHA256 = {
    "linux-amd64": "e811827af26d822afb09a4f28314f61b618b12cff5369835a67f674d8b46f39a",
    "linux-arm64": "173389cc42bf09c4e6e54cb53fa07a5a835d7c261e14775d2183181d6e385d1c",
    "darwin-amd64": "5856d0c306e7d852d9a79788b20acb630501b3fab120b69f5317d6b0732dea57",
    "darwin-arm64": "c17bc2c992f0b5515eebe2b4ccd626214f8e309a0fe6ec40ed13c42ec13d05fb",
}
RELEASES = "https://github.com/prometheus/prometheus/releases/download"

_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_CONNECT_SECONDS, _READ_SECONDS = 5.0, 30.0
_CHUNK_BYTES = 1 << 20
_REPORT_BYTES = 20 << 20


class NotBroughtError(Exception):
    """This way led to no Prometheus; the message says why."""


def bring(
    folder: Path,
    say: Callable[[str], None],
    releases: str = RELEASES,
    checksums: dict[str, str] = SHA256,
) -> Path:
    """Download, check and unpack the release for this machine; give the binary in ``folder``.

    Raises:
        NotBroughtError: there is none for this machine, it can't be downloaded, or it is not what was pinned.
    """
    place = f"{sys.platform}-{_MACHINES.get(platform.machine().lower(), platform.machine())}"
    if place not in checksums:
        raise NotBroughtError(f"none pinned for {place}")
    name = f"prometheus-{VERSION}.{place}"
    archive = folder / f"{name}.tar.gz"
    digest = _download(f"{releases}/v{VERSION}/{archive.name}", archive, say)
    if digest != checksums[place]:
        raise NotBroughtError(f"{archive.name} has SHA-256 {digest}, expected {checksums[place]}")
    with suppress(NotBroughtError):  # it checks rules; Prometheus runs without
        _unpack(archive, f"{name}/promtool", folder / "promtool")
    return _unpack(archive, f"{name}/prometheus", folder / "prometheus")


def _download(url: str, archive: Path, say: Callable[[str], None]) -> str:
    """Download a file and give its SHA-256."""
    digest = hashlib.sha256()
    got, reported = 0, 0
    try:
        with requests.get(url, stream=True, timeout=(_CONNECT_SECONDS, _READ_SECONDS)) as answer:
            answer.raise_for_status()
            size = int(answer.headers.get("Content-Length", 0))
            say(f"downloading {archive.name}, {size / 1e6:.0f} MB")
            with archive.open("wb") as file:
                for chunk in answer.iter_content(_CHUNK_BYTES):
                    file.write(chunk)
                    digest.update(chunk)
                    got += len(chunk)
                    if got - reported >= _REPORT_BYTES:
                        reported = got
                        say(f"downloading {archive.name}, {got / 1e6:.0f} of {size / 1e6:.0f} MB")
    except requests.HTTPError as error:
        raise NotBroughtError(f"{url} answered {error.response.status_code}") from None
    except requests.RequestException as error:
        raise NotBroughtError(f"{url} can't be downloaded ({type(error).__name__})") from None
    return digest.hexdigest()


def _unpack(archive: Path, member: str, binary: Path) -> Path:
    """Take the one file that is wanted out of an archive, and nothing else."""
    try:
        with tarfile.open(archive) as tar:
            source = tar.extractfile(member)
            if source is None:
                raise NotBroughtError(f"{member} in {archive.name} is no file")
            with source, binary.open("wb") as file:
                shutil.copyfileobj(source, file)
    except (tarfile.TarError, KeyError, EOFError, OSError) as error:
        raise NotBroughtError(f"{archive.name} can't be unpacked: {error}") from None
    binary.chmod(0o755)
    return binary
