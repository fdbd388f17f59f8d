"""Load profiles: what each means, and the message and line for each mistake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loadtests.profile.profile_models import (
    PROFILE_SCHEMA_FILE,
    ClosedProfile,
    Profile,
    ScheduledProfile,
    TraceProfile,
    build_profile_schema,
    compute_load_seconds,
)
from loadtests.profile.profile_reader import load_profile
from loadtests.schedule import count_expected_arrivals, generate_arrivals
from slo.documents import ProblemsError, mask_text
from tests.loadtests.profile.profile_cases import CLOSED, FILES, INVALID_PROFILES, OPEN, TRACE, InvalidProfile

PROFILES = Path(__file__).resolve().parents[3] / "loadtests" / "profiles"


def load(folder: Path, text: str, *, duration: float | None = None, rate: float | None = None) -> Profile:
    for name, content in FILES.items():
        (folder / name).write_text(content, newline="")
    (folder / "profile.yaml").write_text(text)
    return load_profile(folder / "profile.yaml", duration=duration, rate=rate)


def test_an_open_profile(tmp_path: Path) -> None:
    profile = load(tmp_path, OPEN)
    assert isinstance(profile, ScheduledProfile)
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


def test_a_duration_override_scales_every_stage(tmp_path: Path) -> None:
    profile = load(tmp_path, OPEN, duration=20)
    assert isinstance(profile, ScheduledProfile)
    assert [stage.duration_seconds for stage in profile.stages] == [15, 5]
    assert compute_load_seconds(load(tmp_path, CLOSED, duration=20)) == 20


def test_a_rate_override_becomes_the_highest_rate(tmp_path: Path) -> None:
    profile = load(tmp_path, OPEN, rate=30)
    assert isinstance(profile, ScheduledProfile)
    assert [(stage.rate, stage.to) for stage in profile.stages] == [(10, None), (10, 30)]


def test_a_trace_lasts_as_long_as_its_recording(tmp_path: Path) -> None:
    """Four arrivals in 2 s, and one mean gap of ⅔ s after the last."""
    profile = load(tmp_path, TRACE)
    assert isinstance(profile, TraceProfile)
    (stage,) = profile.schedule
    assert stage.duration_seconds == pytest.approx(8 / 3)
    assert stage.rate == pytest.approx(1.5)


def test_a_duration_override_stretches_a_trace(tmp_path: Path) -> None:
    profile = load(tmp_path, TRACE, duration=8 / 6)
    assert compute_load_seconds(profile) == pytest.approx(8 / 6)
    assert isinstance(profile, TraceProfile)
    assert list(generate_arrivals(profile.schedule, "trace", 1)) == pytest.approx([0, 0.25, 0.25, 1])
    assert [count_expected_arrivals(profile.schedule, at) for at in (0, 0.1, 0.5, 2)] == [0, 1, 3, 4]


def test_a_locustfile_path_is_relative_to_the_profile(tmp_path: Path) -> None:
    (tmp_path / "users.py").touch()
    text = OPEN.replace("requests:\n  - {path: /}", "locustfile: users.py")
    assert load(tmp_path, text).locustfile == str(tmp_path / "users.py")


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_built_in_profile_loads(path: Path) -> None:
    assert load_profile(path).name == path.stem


def test_the_default_profile_matches_the_readme() -> None:
    profile = load_profile(PROFILES / "steady.yaml")
    assert isinstance(profile, ScheduledProfile)
    assert (compute_load_seconds(profile), profile.stages[0].rate, profile.warmup_seconds) == (30, 100, 3)


def test_the_schema_file_is_up_to_date() -> None:
    """Rewrite it with ``python -m loadtests.profile.profile_models``."""
    assert json.loads(PROFILE_SCHEMA_FILE.read_text()) == build_profile_schema()


@pytest.mark.parametrize("invalid", INVALID_PROFILES.values(), ids=INVALID_PROFILES)
def test_an_invalid_profile_is_rejected(invalid: InvalidProfile, tmp_path: Path) -> None:
    assert invalid.old in invalid.base
    with pytest.raises(ProblemsError) as error:
        load(tmp_path, invalid.base.replace(invalid.old, invalid.new))
    assert all(message in str(error.value) for message in invalid.messages), str(error.value)


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    text = OPEN.replace("30s", "30").replace("path: /", "path: x").replace("name: test", "arrivals: burst")
    with pytest.raises(ProblemsError) as error:
        load(tmp_path, text)
    assert {problem.field for problem in error.value.problems} == {
        "arrivals",
        "name",
        "stages[0].duration",
        "requests[0].path",
    }


def test_a_missing_profile_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match=r"none\.yaml.*can't be read"):
        load_profile(tmp_path / "none.yaml")


def test_a_closed_profile_has_no_rate_to_override(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match="closed arrivals have no rate that could be overridden"):
        load(tmp_path, CLOSED, rate=10)


SECRET_FIELDS = {
    "a header": 'headers: {X-API-Key: "s3cret\\x01"}',
    "a header that is a number": "headers: {Cookie: 5303}",
    "a query parameter": "path: no slash?token=s3cret",
    "an unknown field": "token: s3cret",
    "a header that a row fills": 'headers: {Authorization: "s3cret${a}"}',
}


@pytest.mark.parametrize("case", SECRET_FIELDS)
def test_an_error_does_not_show_a_secret(case: str, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text('a\n"1\n2"\n')
    feeder = "feeder: rows.csv\n" if "${a}" in SECRET_FIELDS[case] else ""
    path = "" if "path" in SECRET_FIELDS[case] else "path: /, "
    request = f"requests: [{{{path}{SECRET_FIELDS[case]}}}]\n"
    (tmp_path / "p.yaml").write_text(f"name: x\nstages: [{{duration: 1s, rate: 1}}]\n{feeder}{request}")
    with pytest.raises(ProblemsError) as error:
        load_profile(tmp_path / "p.yaml")
    assert "requests[0]" in str(error.value)
    shown = mask_text(str(error.value))  # as every command prints it
    assert "s3cret" not in shown
    assert "5303" not in shown
