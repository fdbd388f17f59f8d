from __future__ import annotations

import pytest

from proofload.cli.times import parse_time

NOW = 1_800_000_000.0

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


@pytest.mark.parametrize(("text", "moment"), TIMES.values(), ids=TIMES.keys())
def test_times(text: str, moment: float) -> None:
    assert parse_time(text, NOW) == moment


@pytest.mark.parametrize(("text", "message"), NO_TIMES.values(), ids=NO_TIMES.keys())
def test_what_is_no_time_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_time(text, NOW)
