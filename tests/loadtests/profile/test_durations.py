from __future__ import annotations

import pytest

from loadtests.profile.durations import parse_duration

DURATIONS = {
    "seconds": ("30s", 30),
    "milliseconds, not minutes": ("500ms", 0.5),
    "hours and minutes add up": ("1h30m", 5_400),
    "a fraction": ("1.5m", 90),
    "days and weeks": ("1w1d", 691_200),
}
INVALID_DURATIONS = {
    "a bare number": "30",
    "a unit alone": "s",
    "an empty text": "",
    "a negative duration": "-5s",
    "a duration of zero": "0s",
    "an unknown unit": "3y",
    "a space between the parts": "1h 30m",
}


@pytest.mark.parametrize(("text", "seconds"), DURATIONS.values(), ids=DURATIONS.keys())
def test_a_duration_is_parsed_into_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", INVALID_DURATIONS.values(), ids=INVALID_DURATIONS.keys())
def test_an_invalid_duration_is_rejected_with_its_value(text: str) -> None:
    with pytest.raises(ValueError, match="write") as error:
        parse_duration(text)
    assert repr(text) in str(error.value)
