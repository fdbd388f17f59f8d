from __future__ import annotations

import pytest

from proofload.cli.option_types import parse_time

NOW = 1_800_000_000.0

TIMES = {
    "now": ("now", NOW),
    "a time before now": ("-10m", NOW - 600),
    "Unix seconds": ("1700000000.5", 1_700_000_000.5),
    "RFC 3339 in UTC": ("2026-11-23T10:00:00Z", 1_795_428_000),
    "RFC 3339 with an offset": ("2026-11-23T11:00:00+01:00", 1_795_428_000),
}
INVALID_TIMES = {
    "a word": ("yesterday", "is not a time"),
    "a time without a time zone": ("2026-11-23T10:00:00", "has no time zone"),
    "an invalid duration before now": ("-10", "is not a duration"),
    "NaN": ("nan", "is not a time"),
    "infinity": ("inf", "is not a time"),
}


@pytest.mark.parametrize(("text", "seconds"), TIMES.values(), ids=TIMES.keys())
def test_a_time_is_parsed(text: str, seconds: float) -> None:
    assert parse_time(text, NOW) == seconds


@pytest.mark.parametrize(("text", "message"), INVALID_TIMES.values(), ids=INVALID_TIMES.keys())
def test_an_invalid_time_is_rejected(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_time(text, NOW)
