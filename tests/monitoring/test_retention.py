"""The Prometheus of docker-compose.yml keeps data for the longest window of the rules."""

from __future__ import annotations

import re

import pytest

from proofload.cli.options import ROOT
from slo.openslo import load_spec

DAY = 86_400


@pytest.mark.parametrize(
    ("file", "default"),
    [
        ("docker-compose.yml", r"retention\.time=\$\{PROMETHEUS_RETENTION:-(\d+)d\}"),
        (".env.example", r"#PROMETHEUS_RETENTION=(\d+)d"),
    ],
)
def test_prometheus_keeps_the_longest_window_of_the_spec(file: str, default: str) -> None:
    [days] = re.findall(default, (ROOT / file).read_text())
    windows = [slo.window_seconds for slo in load_spec([ROOT / "slo" / "objectives.yaml"]).slos]
    assert int(days) * DAY > max(windows), "the budget would cover the retained data only, not the window"
