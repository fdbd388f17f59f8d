"""Writes the files of a load: ``run.json``, ``requests.csv``, ``response_times.hlog``."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from loadtests.recording.hdr_log import format_hdr_log
from loadtests.recording.recorder import Recorder
from loadtests.recording.run_json import run_to_json
from slo.documents import write_atomically
from slo.model import RunRecord, Second


def write_run_files(
    folder: Path, record: RunRecord, recorder: Recorder, extra_files: Mapping[str, str]
) -> Path:
    """Write the files of a load and ``extra_files`` (text by file name); return the path of ``run.json``.

    ``run.json`` is written last: a run that has it has all its files.

    Raises:
        OSError: a file can't be written.
    """
    response_times = {name: stats.response_time for name, stats in recorder.read_stats_by_name().items()}
    total_response_time = recorder.merge_all_stats().response_time
    files = {
        **extra_files,
        "response_times.hlog": format_hdr_log(record.window, total_response_time, response_times),
        "requests.csv": _format_seconds_csv(record),
        "run.json": json.dumps(run_to_json(record), allow_nan=False, indent=1) + "\n",
    }
    for name, text in files.items():
        write_atomically(folder / name, text.encode())
    return folder / "run.json"


def _format_seconds_csv(record: RunRecord) -> str:
    """Return one CSV line for each second of a record; percentiles of response time in seconds."""
    names = [field.name for field in fields(Second)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(f"{name}_seconds" if name.startswith("p") else name for name in names)
    writer.writerows([getattr(second, name) for name in names] for second in record.series)
    return text.getvalue()
