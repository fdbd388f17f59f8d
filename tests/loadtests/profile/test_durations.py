from __future__ import annotations

import pytest

from loadtests.profile.durations import parse_duration

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


@pytest.mark.parametrize(("text", "seconds"), DURATIONS.values(), ids=DURATIONS.keys())
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", NO_DURATIONS.values(), ids=NO_DURATIONS.keys())
def test_what_is_no_duration_is_refused_by_its_value(text: str) -> None:
    with pytest.raises(ValueError, match="write") as error:
        parse_duration(text)
    assert repr(text) in str(error.value)
