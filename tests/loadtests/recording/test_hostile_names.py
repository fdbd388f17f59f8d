"""Names of requests stay in their place in the files of a load, also in those of Locust."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from loadtests.recording import DurationHistogram
from loadtests.recording.hdr_log import format_hdr_log
from slo.model import Window
from tests.support.generator import send_load
from tests.support.http_server import serve_http

NAMES = {
    "a formula": "=cmd|'/c calc'!A1",
    "a formula after a separator": "a;=cmd\n@x",
    "terminal escapes": "a\x1b[31m\x9b1m",
    "HTML": "</script><script>alert(1)</script>",
}
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@pytest.mark.parametrize("case", NAMES)
def test_a_tag_of_the_histogram_log_is_safe(case: str) -> None:
    histogram = DurationHistogram()
    text = format_hdr_log(Window(1, 2), histogram, {NAMES[case]: histogram})
    assert not CONTROL.search(text)
    assert len(text.splitlines()) == 5


@pytest.mark.slow
def test_the_reports_of_locust_are_safe(tmp_path: Path) -> None:
    requests = [{"path": "/status/500", "name": name} for name in NAMES.values()]
    stages = [{"duration": "1s", "rate": 40}]
    profile = json.dumps({"name": NAMES["HTML"], "stages": stages, "requests": requests})
    with serve_http() as server:
        send_load(tmp_path, server.url, profile, "--locust-report")
    for name in ("locust_stats.csv", "locust_failures.csv"):
        text = (tmp_path / "out" / name).read_text()
        assert not CONTROL.search(text)
        cells = [cell for row in csv.reader(text.splitlines()) for cell in row]
        assert len([cell for cell in cells if "cmd" in cell]) == 2
        for cell in cells:
            for part in (cell, *cell.split(";")):
                assert not part.lstrip().startswith(("=", "+", "-", "@")), cell
    assert "<script>alert(1)" not in (tmp_path / "out" / "locust.html").read_text()
