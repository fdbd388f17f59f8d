"""A profile that is written loads again with the same values."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from loadtests.convert.profile_writer import build_constant_profile, format_profile
from loadtests.profile import ScheduledProfile, load_profile

TEXT = st.text(st.characters(codec="utf-8"), max_size=10)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
)


def read_back(profile: dict[str, Any]) -> ScheduledProfile:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "profile.yaml"
        path.write_text(format_profile(profile), encoding="utf-8", newline="")
        loaded = load_profile(path)
    assert isinstance(loaded, ScheduledProfile)
    return loaded


def test_rate_duration_and_name_are_unchanged() -> None:
    profile = read_back(build_constant_profile("shop", [{"path": "/"}], rate=10, duration="30s"))
    assert (profile.name, profile.arrivals) == ("shop", "constant")
    assert [(stage.rate, stage.duration_seconds) for stage in profile.stages] == [(10, 30)]


@given(JSON)
def test_any_json_body_is_unchanged(body: Any) -> None:
    request = {"method": "POST", "path": "/", "json": body}
    [loaded] = read_back(build_constant_profile("shop", [request], rate=1, duration="1s")).requests or []
    assert loaded.json_body == body
