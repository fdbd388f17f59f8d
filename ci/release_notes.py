"""Print the notes of a release: ``release_notes.py vX.Y.Z``, from CHANGELOG.md.

Exits with 1 where the tag, ``pyproject.toml`` and ``CHANGELOG.md`` do not name the same version.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def find_notes(changelog: str, version: str) -> str | None:
    """Return the section of a version, or ``None`` where there is none."""
    sections = re.split(r"^## \[", changelog, flags=re.MULTILINE)
    section = next((text for text in sections if text.startswith(f"{version}]")), None)
    return section and section.partition("\n")[2].strip() + "\n"


def main() -> None:
    """Print the notes of the version that the tag names."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program and the tag
        sys.exit("usage: release_notes.py vX.Y.Z")
    version = sys.argv[1].removeprefix("v")
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    if declared != version:
        sys.exit(f"pyproject.toml has version {declared}, the tag is {sys.argv[1]}")
    notes = find_notes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    if not notes:
        sys.exit(f"CHANGELOG.md has no section [{version}]")
    sys.stdout.write(notes)


if __name__ == "__main__":
    main()
