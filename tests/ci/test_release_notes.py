"""The notes of a release come from the CHANGELOG, and the versions agree."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "ci" / "release_notes.py"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
CHANGELOG = """# Changelog

## [Unreleased]

- later

## [1.1.0] - 2026-02-03

### Added

- a thing

## [1.0.0] - 2026-01-02

- the first
"""
CASES = {
    "a section in the middle": ("1.1.0", "### Added\n\n- a thing\n"),
    "the last section": ("1.0.0", "- the first\n"),
    "a version that is not there": ("2.0.0", None),
    "a version that begins alike": ("1.1", None),
}


def release_notes(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("version", "notes"), CASES.values(), ids=CASES)
def test_the_section_of_a_version(version: str, notes: str | None) -> None:
    spec = importlib.util.spec_from_file_location("release_notes", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.find_notes(CHANGELOG, version) == notes


def test_this_version_has_notes() -> None:
    done = release_notes(f"v{VERSION}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_another_version_is_refused() -> None:
    done = release_notes("v0.0.1")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"pyproject.toml has version {VERSION}, the tag is v0.0.1" in done.stderr
