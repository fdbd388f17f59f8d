from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from target_service.settings import Settings, SettingsError

BAD: dict[str, tuple[dict[str, str], list[str]]] = {
    "a port that is not a number": ({"TARGET_PORT": "abc"}, ["TARGET_PORT: 'abc': "]),
    "a port out of range": ({"TARGET_PORT": "70000"}, ["TARGET_PORT: '70000': "]),
    "zero workers": ({"TARGET_WORKERS": "0"}, ["TARGET_WORKERS: '0': "]),
    "an unknown log format": ({"TARGET_LOG_FORMAT": "xml"}, ["TARGET_LOG_FORMAT: 'xml': "]),
    "an interval of zero": ({"TARGET_DRIFT_INTERVAL_SECONDS": "0"}, ["TARGET_DRIFT_INTERVAL_SECONDS"]),
    "an infinite interval": ({"TARGET_DRIFT_INTERVAL_SECONDS": "inf"}, ["TARGET_DRIFT_INTERVAL_SECONDS"]),
    "more rows than the schema allows": ({"TARGET_MAX_ROWS": "1025"}, ["TARGET_MAX_ROWS: '1025': "]),
    "a misspelt name": ({"TARGET_FAULT": "1"}, ["TARGET_FAULT: unknown setting; known are TARGET_HOST"]),
    "a drift window that never fills": (
        {"TARGET_DRIFT_WINDOW_ROWS": "10"},
        ["TARGET_DRIFT_MIN_ROWS must not exceed TARGET_DRIFT_WINDOW_ROWS"],
    ),
    "faults in several workers": (
        {"TARGET_FAULTS": "1", "TARGET_WORKERS": "2"},
        ["TARGET_FAULTS needs TARGET_WORKERS=1: faults are set in one process"],
    ),
    "several problems": (
        {"TARGET_PORT": "x", "TARGET_HOST": ""},
        ["TARGET_HOST: ''", "TARGET_PORT: 'x'"],
    ),
}


@pytest.mark.parametrize(("variables", "messages"), BAD.values(), ids=BAD)
def test_all_invalid_settings_are_reported(variables: dict[str, str], messages: list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({**variables, "PATH": "/bin"})
    lines = str(caught.value).splitlines()
    assert len(lines) == len(messages)
    starts = [line[: len(message)] for line, message in zip(lines, messages, strict=True)]
    assert starts == messages


def test_a_signing_key_that_is_too_short_is_not_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({"TARGET_SIGNING_KEY": "hunter2"})
    assert "TARGET_SIGNING_KEY" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(Settings.from_env({"TARGET_SIGNING_KEY": "hunter2hunter2hunter2"}))


def test_valid_settings_are_read_and_each_process_has_its_own_key() -> None:
    settings = Settings.from_env({"TARGET_FAULTS": "1", "TARGET_PORT": "9", "OTHER": "x"})
    assert (settings.faults, settings.port, settings.host) == (True, 9, "127.0.0.1")
    assert Settings().signing_key != Settings().signing_key


def test_the_command_refuses_invalid_options_without_a_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "target_service", "--port", "abc", "--workers", "0"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert [line[:30] for line in done.stderr.splitlines()] == [
        "target_service: TARGET_PORT: '",
        "target_service: TARGET_WORKERS",
    ]
