"""Load profiles: what each means, and how each fault is said, with its line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from loadtests.profile import (
    SCHEMA_FILE,
    ClosedProfile,
    OpenProfile,
    load_profile,
    profile_schema,
    seconds_of,
)
from slo.document import ProblemsError

PROFILES = Path(__file__).resolve().parents[2] / "loadtests" / "profiles"
OPEN = """\
name: test
stages:
  - {duration: 30s, rate: 100}
  - {duration: 10s, rate: 100, to: 300}
requests:
  - {path: /}
"""
CLOSED = """\
name: test
arrivals: closed
stages:
  - {duration: 30s, users: 10}
requests:
  - {path: /}
"""


def load(
    folder: Path, text: str, *, duration: float | None = None, rate: float | None = None
) -> OpenProfile | ClosedProfile:
    (folder / "profile.yaml").write_text(text)
    return load_profile(folder / "profile.yaml", duration=duration, rate=rate)


def test_an_open_profile(tmp_path: Path) -> None:
    profile = load(tmp_path, OPEN)
    assert isinstance(profile, OpenProfile)
    assert (profile.arrivals, profile.max_in_flight, profile.warmup_seconds) == ("constant", 500, 0)
    assert [(stage.duration_seconds, stage.rate, stage.end_rate) for stage in profile.stages] == [
        (30, 100, 100),
        (10, 100, 300),
    ]
    assert profile.requests is not None
    assert profile.requests[0].label == "GET /"


def test_a_closed_profile(tmp_path: Path) -> None:
    profile = load(tmp_path, CLOSED)
    assert isinstance(profile, ClosedProfile)
    assert profile.stages[0].users == 10


def test_a_duration_scales_every_stage(tmp_path: Path) -> None:
    profile = load(tmp_path, OPEN, duration=20)
    assert [stage.duration_seconds for stage in profile.stages] == [15, 5]
    assert seconds_of(load(tmp_path, CLOSED, duration=20)) == 20


def test_a_rate_scales_so_that_it_is_the_highest(tmp_path: Path) -> None:
    profile = load(tmp_path, OPEN, rate=30)
    assert isinstance(profile, OpenProfile)
    assert [(stage.rate, stage.to) for stage in profile.stages] == [(10, None), (10, 30)]


def test_a_locustfile_is_found_from_the_profile(tmp_path: Path) -> None:
    (tmp_path / "users.py").touch()
    text = OPEN.replace("requests:\n  - {path: /}", "locustfile: users.py")
    assert load(tmp_path, text).locustfile == str(tmp_path / "users.py")


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_profiles_that_come_with_us(path: Path) -> None:
    assert load_profile(path).name == path.stem


def test_the_default_profile_is_what_the_readme_says() -> None:
    profile = load_profile(PROFILES / "steady.yaml")
    assert isinstance(profile, OpenProfile)
    assert (seconds_of(profile), profile.stages[0].rate, profile.warmup_seconds) == (30, 100, 3)


def test_the_schema_file_is_the_schema() -> None:
    """Renew it with ``python -m loadtests.profile``."""
    assert json.loads(SCHEMA_FILE.read_text()) == profile_schema()


@dataclass(frozen=True)
class Bad:
    old: str
    new: str
    said: tuple[str, ...]
    base: str = OPEN


BAD = {
    "an unknown field": Bad(
        "name: test", "name: test\nwarm_up: 3s", ("profile.yaml:2", "warm_up", "warmup?")
    ),
    "no name": Bad("name: test\n", "", ("name", "is required")),
    "no stages": Bad(
        "stages:\n  - {duration: 30s, rate: 100}\n  - {duration: 10s, rate: 100, to: 300}",
        "stages: []",
        ("profile.yaml:2", "stages", "at least 1"),
    ),
    "a duration without a unit": Bad("30s", "30", ("profile.yaml:3", "stages[0].duration", "30s")),
    "a duration of nothing": Bad("30s", "0s", ("stages[0].duration", "no time at all")),
    "a negative rate": Bad("rate: 100}", "rate: -1}", ("profile.yaml:3", "stages[0].rate", "-1")),
    "a rate that is text": Bad("rate: 100}", "rate: fast}", ("stages[0].rate", "'fast'")),
    "a rate that is infinite": Bad("rate: 100}", "rate: .inf}", ("stages[0].rate", "finite")),
    "only rates of zero": Bad(
        "rate: 100", "rate: 0", ("none has a rate above 0",), OPEN.replace(", to: 300", "")
    ),
    "users in an open profile": Bad("rate: 100}", "users: 3}", ("stages[0].users", "stages[0].rate")),
    "a rate in a closed profile": Bad("users: 10", "rate: 10", ("stages[0].rate", "stages[0].users"), CLOSED),
    "arrivals from a trace": Bad(
        "name: test", "name: test\narrivals: trace", ("profile.yaml:2", "'trace' is not supported", "poisson")
    ),
    "arrivals that are a list": Bad(
        "name: test", "name: test\narrivals: [1]", ("arrivals", "is not supported")
    ),
    "neither requests nor a locustfile": Bad(
        "requests:\n  - {path: /}\n", "", ("either a locustfile or requests",)
    ),
    "both": Bad("name: test", "name: test\nlocustfile: a.py", ("either a locustfile or requests",)),
    "a locustfile that isn't there": Bad(
        "requests:\n  - {path: /}",
        "locustfile: none.py",
        ("profile.yaml:5", "locustfile", "none.py is no file"),
    ),
    "a path without a slash": Bad("path: /", "path: home", ("profile.yaml:6", "requests[0].path", "'home'")),
    "a path with a line break": Bad("path: /", 'path: "/a\\r\\nX: y"', ("requests[0].path",)),
    "a header with a line break": Bad(
        "path: /", 'path: /, headers: {X-A: "b\\r\\nX-C: d"}', ("requests[0].headers.X-A",)
    ),
    "a header's name with a space": Bad("path: /", "path: /, headers: {X A: b}", ("requests[0].headers",)),
    "a method that is none": Bad("path: /", "path: /, method: FETCH", ("requests[0].method", "'FETCH'")),
    "a weight of zero": Bad("path: /", "path: /, weight: 0", ("requests[0].weight", "got 0")),
    "a status that is none": Bad("path: /", "path: /, expect: {status: 20}", ("requests[0].expect.status",)),
    "json and body": Bad("path: /", "path: /, json: {}, body: x", ("requests[0]", "json or body")),
    "no users in flight": Bad("name: test", "name: test\nmax_in_flight: 0", ("max_in_flight", "got 0")),
    "a list": Bad(OPEN, "- 1\n", ("should be a mapping",)),
    "two documents": Bad("name: test", "name: test\n---\nname: test", ("a second document",)),
    "not YAML": Bad("name: test", "name: [", ("is not YAML",)),
    "empty": Bad(OPEN, "", ("no YAML document",)),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_profile_is_refused(bad: Bad, tmp_path: Path) -> None:
    assert bad.old in bad.base
    with pytest.raises(ProblemsError) as error:
        load(tmp_path, bad.base.replace(bad.old, bad.new))
    assert all(part in str(error.value) for part in bad.said), str(error.value)


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    text = OPEN.replace("30s", "30").replace("path: /", "path: x").replace("name: test", "arrivals: trace")
    with pytest.raises(ProblemsError) as error:
        load(tmp_path, text)
    assert {problem.field for problem in error.value.problems} == {
        "arrivals",
        "name",
        "stages[0].duration",
        "requests[0].path",
    }


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match=r"none\.yaml.*can't be read"):
        load_profile(tmp_path / "none.yaml")


def test_a_closed_profile_has_no_rate_to_override(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match="closed arrivals have users, not a rate"):
        load(tmp_path, CLOSED, rate=10)
