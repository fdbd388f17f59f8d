"""Prometheus from the upstream release archive, pinned by version and SHA-256."""

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

PROMETHEUS_VERSION = "3.5.0"
# From sha256sums.txt of the upstream release, as recorded by github.com/cashapp/hermit-packages,
# prometheus.hcl, commit f0517fd7532fc6adfd910cfba3ef2b4c59f662db.
RELEASE_SHA256 = {
    "linux-amd64": "e811827af26d822afb09a4f28314f61b618b12cff5369835a67f674d8b46f39a",
    "linux-arm64": "173389cc42bf09c4e6e54cb53fa07a5a835d7c261e14775d2183181d6e385d1c",
    "darwin-amd64": "5856d0c306e7d852d9a79788b20acb630501b3fab120b69f5317d6b0732dea57",
    "darwin-arm64": "c17bc2c992f0b5515eebe2b4ccd626214f8e309a0fe6ec40ed13c42ec13d05fb",
}
RELEASES_URL = "https://github.com/prometheus/prometheus/releases/download"

_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_CONNECT_TIMEOUT_SECONDS, _READ_TIMEOUT_SECONDS = 5.0, 30.0
_CHUNK_BYTES = 1 << 20
_REPORT_INTERVAL_BYTES = 20 << 20


class PrometheusUnavailableError(Exception):
    """A source has no working Prometheus; the message states why."""


def download_release(
    directory: Path,
    report_status: Callable[[str], None],
    releases_url: str = RELEASES_URL,
    checksums: dict[str, str] = RELEASE_SHA256,
) -> Path:
    """Download, verify and unpack the release for this machine; return the binary in ``directory``.

    Raises:
        PrometheusUnavailableError: no release for this machine, a failed download, or another checksum.
    """
    machine = f"{sys.platform}-{_ARCHITECTURES.get(platform.machine().lower(), platform.machine())}"
    if machine not in checksums:
        raise PrometheusUnavailableError(f"no release is pinned for {machine}")
    name = f"prometheus-{PROMETHEUS_VERSION}.{machine}"
    archive = directory / f"{name}.tar.gz"
    digest = _download(f"{releases_url}/v{PROMETHEUS_VERSION}/{archive.name}", archive, report_status)
    if digest != checksums[machine]:
        raise PrometheusUnavailableError(
            f"{archive.name} has SHA-256 {digest}, expected {checksums[machine]}"
        )
    with suppress(PrometheusUnavailableError):  # promtool is optional: it checks rules
        _unpack(archive, f"{name}/promtool", directory / "promtool")
    return _unpack(archive, f"{name}/prometheus", directory / "prometheus")


def _download(url: str, archive: Path, report_status: Callable[[str], None]) -> str:
    """Download a file and return its SHA-256."""
    digest = hashlib.sha256()
    received, reported = 0, 0
    try:
        timeouts = (_CONNECT_TIMEOUT_SECONDS, _READ_TIMEOUT_SECONDS)
        with requests.get(url, stream=True, timeout=timeouts) as response:
            response.raise_for_status()
            size = int(response.headers.get("Content-Length", 0))
            report_status(f"downloading {archive.name}, {size / 1e6:.0f} MB")
            with archive.open("wb") as file:
                for chunk in response.iter_content(_CHUNK_BYTES):
                    file.write(chunk)
                    digest.update(chunk)
                    received += len(chunk)
                    if received - reported >= _REPORT_INTERVAL_BYTES:
                        reported = received
                        progress = f"{received / 1e6:.0f} of {size / 1e6:.0f} MB"
                        report_status(f"downloading {archive.name}, {progress}")
    except requests.HTTPError as error:
        raise PrometheusUnavailableError(f"{url} responded with {error.response.status_code}") from None
    except requests.RequestException as error:
        raise PrometheusUnavailableError(f"{url} can't be downloaded ({type(error).__name__})") from None
    return digest.hexdigest()


def _unpack(archive: Path, member: str, binary: Path) -> Path:
    """Extract a single file of an archive."""
    try:
        with tarfile.open(archive) as tar:
            source = tar.extractfile(member)
            if source is None:
                raise PrometheusUnavailableError(f"{member} in {archive.name} is not a file")
            with source, binary.open("wb") as file:
                shutil.copyfileobj(source, file)
    except (tarfile.TarError, KeyError, EOFError, OSError) as error:
        raise PrometheusUnavailableError(f"{archive.name} can't be unpacked: {error}") from None
    binary.chmod(0o755)
    return binary
