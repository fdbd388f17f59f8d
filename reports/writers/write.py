"""The report files of a run: all writers, and the function that writes each file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Protocol, TextIO

from reports.writers.html import HtmlWriter
from reports.writers.junit import JunitWriter
from reports.writers.markdown import MarkdownWriter
from reports.writers.objectives_csv import CsvWriter
from reports.writers.verdict_json import JsonWriter
from slo.model import Proof


class Writer(Protocol):
    """Writes one report; it reads no clock and no network, so the same proof yields the same file."""

    @property
    def name(self) -> str:
        """The format's name."""

    @property
    def filename(self) -> str:
        """The file's name in the run directory."""

    def write(self, proof: Proof, stream: TextIO) -> None:
        """Write the whole report to a stream."""


WRITERS: dict[str, Writer] = {
    writer.name: writer
    for writer in (JsonWriter(), JunitWriter(), CsvWriter(), MarkdownWriter(), HtmlWriter())
}
"""Writers by name; machine-readable files first: a failure of a later writer does not lose them."""
FORMATS: tuple[str, ...] = tuple(WRITERS)


def write_reports(proof: Proof, run_directory: Path, formats: Iterable[str] = FORMATS) -> list[Path]:
    """Write reports into a directory, which is created if it is missing.

    Args:
        proof: the run to report.
        run_directory: the directory; files of the same names are replaced.
        formats: keys of ``WRITERS``.

    Returns:
        The files written, in the order of ``formats``.

    Raises:
        ValueError: a format is unknown.
        OSError: a file can't be written; no partial file is left, and an older file is unchanged.
    """
    names = list(formats)
    if unknown := [name for name in names if name not in WRITERS]:
        quoted = ", ".join(map(repr, unknown))
        raise ValueError(f"unknown report format {quoted}; available: {', '.join(FORMATS)}")
    run_directory.mkdir(parents=True, exist_ok=True)
    return [_write_report(WRITERS[name], proof, run_directory) for name in names]


def preload_chart_libraries() -> None:
    """Import the chart libraries before a report needs them."""
    import_module("reports.charts")
    import_module("reports.writers.evidence_tables")


def _write_report(writer: Writer, proof: Proof, run_directory: Path) -> Path:
    path = run_directory / writer.filename
    handle, name = tempfile.mkstemp(prefix=f".{writer.filename}-", dir=run_directory)
    part = Path(name)
    try:
        # Untrusted names may contain lone surrogates, which UTF-8 can't encode.
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace", newline="\n") as stream:
            writer.write(proof, stream)
        part.chmod(0o644)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return path
