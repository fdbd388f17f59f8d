from __future__ import annotations

import pytest

from proofload.times import parse_duration, parse_time

NOW = 1_800_000_000.0

DURATIONS = {
    "seconds": ("30s", 30),
    "milliseconds are not minutes": ("500ms", 0.5),
    "parts add up": ("1h30m", 5_400),
    "a fraction": ("1.5m", 90),
    "days and weeks": ("1w1d", 691_200),
}
NO_DURATIONS = {
    "a bare number": "30",
    "a unit alone": "s",
    "nothing": "",
    "a negative one": "-5s",
    "no time at all": "0s",
    "an unknown unit": "3y",
    "space inside": "1h 30m",
}
TIMES = {
    "now": ("now", NOW),
    "before now": ("-10m", NOW - 600),
    "Unix seconds": ("1700000000.5", 1_700_000_000.5),
    "RFC 3339 in UTC": ("2026-11-23T10:00:00Z", 1_795_428_000),
    "RFC 3339 with an offset": ("2026-11-23T11:00:00+01:00", 1_795_428_000),
}
NO_TIMES = {
    "a word": ("yesterday", "is no time"),
    "no time zone": ("2026-11-23T10:00:00", "has no time zone"),
    "a bad duration before now": ("-10", "is no duration"),
    "not a number": ("nan", "is no time"),
    "infinite": ("inf", "is no time"),
}


@pytest.mark.parametrize(("text", "seconds"), DURATIONS.values(), ids=DURATIONS.keys())
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", NO_DURATIONS.values(), ids=NO_DURATIONS.keys())
def test_what_is_no_duration_is_refused_by_its_value(text: str) -> None:
    with pytest.raises(ValueError, match="write") as error:
        parse_duration(text)
    assert repr(text) in str(error.value)


@pytest.mark.parametrize(("text", "moment"), TIMES.values(), ids=TIMES.keys())
def test_times(text: str, moment: float) -> None:
    assert parse_time(text, NOW) == moment


@pytest.mark.parametrize(("text", "message"), NO_TIMES.values(), ids=NO_TIMES.keys())
def test_what_is_no_time_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_time(text, NOW)
