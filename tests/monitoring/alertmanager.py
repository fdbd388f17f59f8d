"""The real Alertmanager: its program, its configuration, and the command that runs it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from proofload.cli.options import ROOT

CONFIGURATION = ROOT / "monitoring" / "alertmanager" / "alertmanager.yml"
DEBIAN_TEMPLATES = Path("/usr/share/prometheus/alertmanager/default.tmpl")


def find_alertmanager() -> str:
    """Return the path of Alertmanager, or skip the test and say why."""
    installed = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    folder = Path(os.environ.get("PROOFLOAD_BACKENDS", "/nonexistent"))
    unpacked = sorted(folder.glob("*/usr/bin/prometheus-alertmanager"))
    if not (installed or unpacked):
        pytest.skip("there is no Alertmanager: neither in PATH nor in PROOFLOAD_BACKENDS (.ci/backends)")
    if not installed and not DEBIAN_TEMPLATES.exists():
        pytest.skip(f"Debian's Alertmanager needs {DEBIAN_TEMPLATES}: .ci/backends installs it")
    return installed or str(unpacked[0])


def build_alertmanager_command(
    program: str, folder: Path, port: int, webhook_url: str, changes: Mapping[str, str] | None = None
) -> list[str]:
    """Write the project's configuration to a folder, with text replacements; return the command to run it."""
    text = CONFIGURATION.read_text()
    for old, new in (changes or {}).items():
        assert old in text
        text = text.replace(old, new)
    url_file = folder / "webhook_url"
    url_file.write_text(webhook_url)
    (folder / "alertmanager.yml").write_text(text.replace("/etc/alertmanager/webhook_url", str(url_file)))
    return [
        program,
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
