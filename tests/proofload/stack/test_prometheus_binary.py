from __future__ import annotations

import hashlib
import http.server
import io
import os
import platform
import shutil
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import pytest

from proofload.stack import prometheus_binary, prometheus_debian, prometheus_release
from proofload.stack.prometheus_binary import PrometheusNotFoundError, find_prometheus
from proofload.stack.prometheus_release import PrometheusUnavailableError, download_release

PLACE = "linux-amd64"
NAME = f"prometheus-{prometheus_release.PROMETHEUS_VERSION}.{PLACE}"
PROGRAM = b"#!/bin/sh\necho 'prometheus, version 3.5.0 (branch: test)'\n"


def archive(member: str = f"{NAME}/prometheus", content: bytes = PROGRAM) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        entry = tarfile.TarInfo(member)
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


class Releases(http.server.ThreadingHTTPServer):
    """Answers every GET with one body and status."""

    def __init__(self, body: bytes, status: int = 200, announced: int | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.body, self.status = body, status
        self.announced = len(body) if announced is None else announced

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Releases

    def do_GET(self) -> None:
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(self.server.announced))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def serve() -> Iterator[Callable[[Releases], str]]:
    running: list[Releases] = []

    def start(server: Releases) -> str:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        return server.url

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def on_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")


def pinned(body: bytes) -> dict[str, str]:
    return {PLACE: hashlib.sha256(body).hexdigest()}


def test_a_release_is_verified_and_unpacked(tmp_path: Path, serve: Callable[[Releases], str]) -> None:
    messages: list[str] = []
    binary = download_release(tmp_path, messages.append, serve(Releases(archive())), pinned(archive()))
    assert binary.read_bytes() == PROGRAM
    assert os.access(binary, os.X_OK)
    assert messages
    assert messages[0].startswith(f"downloading {NAME}.tar.gz")


@dataclass(frozen=True)
class Bad:
    server: Releases
    message: str
    checksum_of: bytes | None = None


BAD = {
    "an archive with another checksum": lambda: Bad(Releases(archive()), "expected", archive(content=b"x")),
    "a truncated archive": lambda: Bad(
        Releases(archive()[:50], announced=len(archive())), "can't be downloaded"
    ),
    "a missing archive": lambda: Bad(Releases(b"", status=404), "responded with 404"),
    "a body that is not an archive": lambda: Bad(Releases(b"<html>"), "can't be unpacked"),
    "an archive without the program": lambda: Bad(Releases(archive("../../evil")), "can't be unpacked"),
}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD.keys())
def test_an_invalid_release_is_rejected(
    case: Callable[[], Bad], tmp_path: Path, serve: Callable[[Releases], str]
) -> None:
    bad = case()
    checksums = pinned(bad.checksum_of or bad.server.body)
    with pytest.raises(PrometheusUnavailableError, match=bad.message):
        download_release(tmp_path, lambda _: None, serve(bad.server), checksums)
    assert not (tmp_path.parent.parent / "evil").exists()


def test_every_platform_has_a_pinned_sha256() -> None:
    assert set(prometheus_release.RELEASE_SHA256) == {
        "linux-amd64",
        "linux-arm64",
        "darwin-amd64",
        "darwin-arm64",
    }
    assert all(len(bytes.fromhex(digest)) == 32 for digest in prometheus_release.RELEASE_SHA256.values())


def program(directory: Path, text: str = PROGRAM.decode()) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "prometheus"
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def no_downloads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Make every download fail, and return an empty cache."""

    def fail(_folder: Path, **_options: object) -> Path:
        raise PrometheusUnavailableError("no network")

    monkeypatch.setattr(prometheus_release, "download_release", fail)
    monkeypatch.setattr(prometheus_debian, "download_package", fail)
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda _: tmp_path / "cache")
    return tmp_path / "cache" / "prometheus" / prometheus_release.PROMETHEUS_VERSION


def quiet(_: str) -> None:
    """Print nothing."""


def test_prometheus_bin_comes_before_path(no_downloads: Path, tmp_path: Path) -> None:
    named, on_path = program(tmp_path / "named"), program(tmp_path / "path")
    both = {"PROMETHEUS_BIN": str(named), "PATH": str(on_path.parent)}
    assert find_prometheus(quiet, both).path == named
    found = find_prometheus(quiet, {"PATH": str(on_path.parent)})
    assert (found.path, found.version, found.origin) == (on_path, "3.5.0", "PATH")
    assert not list(no_downloads.iterdir())


def test_an_explicit_binary_that_does_not_run_is_not_replaced(no_downloads: Path, tmp_path: Path) -> None:
    program(no_downloads)
    environment = {"PROMETHEUS_BIN": str(tmp_path / "missing")}
    with pytest.raises(PrometheusNotFoundError, match=r"PROMETHEUS_BIN: .*missing does not run"):
        find_prometheus(quiet, environment)


def test_a_download_is_cached(no_downloads: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(directory: Path, **_: object) -> Path:
        binary = program(directory / "x")
        binary.with_name("promtool").write_text("promtool")
        return binary

    monkeypatch.setattr(prometheus_release, "download_release", download)
    assert find_prometheus(quiet, {}).origin == "upstream release"
    assert {path.name for path in no_downloads.iterdir()} == {"prometheus", "promtool"}
    assert find_prometheus(quiet, {}).origin == f"cache {no_downloads}"


def test_a_download_that_does_not_run_is_not_cached(
    no_downloads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = "#!/bin/sh\nexit 1\n"
    monkeypatch.setattr(
        prometheus_release, "download_release", lambda directory, **_: program(directory / "x", bad)
    )
    with pytest.raises(PrometheusNotFoundError) as error:
        find_prometheus(quiet, {})
    lines = str(error.value).splitlines()
    assert [line.split(":")[0].strip() for line in lines[1:]] == [
        "PROMETHEUS_BIN",
        "PATH",
        f"cache {no_downloads}",
        "upstream release",
        "distribution package",
    ]
    assert "is not a working Prometheus" in lines[4]
    assert not list(no_downloads.iterdir())


@pytest.mark.slow
def test_the_distribution_package_is_unpacked_without_root(tmp_path: Path) -> None:
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        pytest.skip("no Debian package tools here")
    binary = prometheus_debian.download_package(tmp_path, quiet)
    assert prometheus_binary._read_version(binary).startswith(("2.", "3."))
    assert binary.with_name("promtool").exists()
