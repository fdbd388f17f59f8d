"""One result, many writers: every report of a run, each file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, TextIO

from reports.writers.html import HtmlWriter
from reports.writers.junit import JunitWriter
from reports.writers.markdown import MarkdownWriter
from reports.writers.objectives_csv import CsvWriter
from reports.writers.verdict_json import JsonWriter
from slo.model import Proof


class Writer(Protocol):
    """Writes one report. Knows no clock and no network: the same proof gives the same file."""

    @property
    def name(self) -> str:
        """The format's name."""

    @property
    def filename(self) -> str:
        """The file's name in the folder of the run."""

    def write(self, proof: Proof, stream: TextIO) -> None:
        """Write the whole report to a stream."""


WRITERS: dict[str, Writer] = {
    writer.name: writer
    for writer in (JsonWriter(), JunitWriter(), CsvWriter(), MarkdownWriter(), HtmlWriter())
}
"""Writers by name, what machines read first: a later failure does not take it away."""
ALL: tuple[str, ...] = tuple(WRITERS)


def write_reports(proof: Proof, folder: Path, formats: Iterable[str] = ALL) -> list[Path]:
    """Write reports into a folder, which is made where it is missing.

    Args:
        proof: what to report.
        folder: where; files of the same names are replaced.
        formats: names of ``WRITERS``.

    Returns:
        The files written, in the order of ``formats``.

    Raises:
        ValueError: a format is not known.
        OSError: a file can't be written; nothing is left of it, and an older one stays as it was.
    """
    wanted = list(formats)
    if unknown := [name for name in wanted if name not in WRITERS]:
        raise ValueError(f"no report format {', '.join(map(repr, unknown))}; there are {', '.join(ALL)}")
    folder.mkdir(parents=True, exist_ok=True)
    return [_write(WRITERS[name], proof, folder) for name in wanted]


def prepare() -> None:
    """Load the libraries that draw, so that they are at hand when a report is wanted."""


def _write(writer: Writer, proof: Proof, folder: Path) -> Path:
    path = folder / writer.filename
    handle, name = tempfile.mkstemp(prefix=f".{writer.filename}-", dir=folder)
    part = Path(name)
    try:
        # Names from outside may hold lone surrogates, which UTF-8 can't.
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace", newline="\n") as stream:
            writer.write(proof, stream)
        part.chmod(0o644)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return path
