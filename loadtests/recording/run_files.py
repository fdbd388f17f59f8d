"""The files of a load: ``run.json``, ``requests.csv``, ``response_times.hlog``; whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from loadtests.recording.hdr_log import hdr_log
from loadtests.recording.recorder import Books
from loadtests.recording.run_json import to_json
from slo.model import RunRecord, Second


def write_files(out: Path, record: RunRecord, books: Books, others: Mapping[str, str]) -> Path:
    """Write the files of a load into a folder, and others by name and text; give the path of the record."""
    for name, text in others.items():
        _replace(out / name, text)
    times = {name: account.response_time for name, account in books.accounts().items()}
    _replace(out / "response_times.hlog", hdr_log(record.window, books.everything().response_time, times))
    _replace(out / "requests.csv", _table(record))
    _replace(out / "run.json", json.dumps(to_json(record), allow_nan=False, indent=1) + "\n")
    return out / "run.json"


def _table(record: RunRecord) -> str:
    """Give the seconds of a record as CSV; percentiles of response time in seconds."""
    names = [field.name for field in fields(Second)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(f"{name}_seconds" if name.startswith("p") else name for name in names)
    writer.writerows([getattr(second, name) for name in names] for second in record.series)
    return text.getvalue()


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(name).chmod(0o644)
    Path(name).replace(path)
