"""Reads a load profile and the files that it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pydantic

from loadtests.profile.data_rows import Row, fill_request, find_columns, has_header_placeholder, read_rows
from loadtests.profile.declared_requests import DeclaredRequest
from loadtests.profile.durations import MAX_SECONDS
from loadtests.profile.profile_models import (
    MAX_RATE,
    ClosedProfile,
    Profile,
    ScheduledProfile,
    TraceProfile,
    compute_load_seconds,
)
from loadtests.profile.trace import read_trace
from slo.documents import (
    Document,
    Problem,
    ProblemsError,
    format_value,
    list_validation_problems,
    load_documents,
)

_MAX_PROBLEMS = 20
_MAX_NAMES = 5
"""Unknown request names that a message lists."""
_PROFILE_CLASSES: Mapping[Any, type[Profile]] = {
    "constant": ScheduledProfile,
    "poisson": ScheduledProfile,
    "trace": TraceProfile,
    "closed": ClosedProfile,
}


def load_profile(path: Path, *, duration: float | None = None, rate: float | None = None) -> Profile:
    """Read a load profile; the paths of its locustfile, trace and feeder become absolute.

    ``duration`` (seconds) scales the stages to that total length. ``rate`` (requests/s) scales the rates so
    that it is the highest one.

    Raises:
        ProblemsError: the profile or a file that it names is invalid, or ``rate`` does not apply to it.
    """
    document = _read_single_document(path)
    profile = _resolve_files(document, _validate_profile(document))
    if rate is not None:
        if not isinstance(profile, ScheduledProfile):
            message = f"{profile.arrivals} arrivals have no rate that could be overridden"
            raise ProblemsError([document.make_problem(("arrivals",), message)])
        if not 0 < rate <= MAX_RATE:
            message = f"the rate {rate:g} should be above 0 and at most {MAX_RATE:,} requests/s"
            raise ProblemsError([document.make_problem((), message)])
        profile = _scale_to_rate(profile, rate)
    if duration is not None and not 0 < duration <= MAX_SECONDS:
        message = f"the duration {duration:g} s should be above 0 and at most {MAX_SECONDS:,} s (366 days)"
        raise ProblemsError([document.make_problem((), message)])
    return profile if duration is None else _scale_to_duration(profile, duration)


def _read_single_document(path: Path) -> Document:
    document, *others = load_documents(path)
    if others:
        raise ProblemsError([others[0].make_problem((), "a second document; a profile is one document")])
    return document


def _validate_profile(document: Document) -> Profile:
    data = document.data
    if not isinstance(data, dict):
        raise ProblemsError([document.make_problem((), f"should be a mapping, got {format_value(data)}")])
    arrivals = data.get("arrivals", "constant")
    profile_class = _PROFILE_CLASSES.get(arrivals) if isinstance(arrivals, str) else None
    problems: list[Problem] = []
    if profile_class is None:
        message = f"{format_value(arrivals)} is not supported; write one of {', '.join(_PROFILE_CLASSES)}"
        problems.append(document.make_problem(("arrivals",), message))
        data = {**data, "arrivals": "constant"}  # so that all other problems are reported as well
    try:
        profile = (profile_class or ScheduledProfile).model_validate(data)
    except pydantic.ValidationError as error:
        problems += list_validation_problems(document, error)
    if problems:
        raise ProblemsError(problems)
    return profile


# --- Files that a profile names -------------------------------------------------------------------


def _resolve_files(document: Document, profile: Profile) -> Profile:
    """Return the profile with absolute paths, after checking the files."""
    folder = Path(document.path).parent
    paths: dict[str, str] = {}
    if problems := _find_path_problems(document, profile, folder):
        raise ProblemsError(problems)
    if profile.locustfile is not None:
        locustfile = (folder / profile.locustfile).resolve()
        paths["locustfile"] = str(locustfile)
        if not locustfile.is_file():
            problems.append(document.make_problem(("locustfile",), f"{locustfile} is not a file"))
    if profile.feeder is not None:
        paths["feeder"] = str((folder / profile.feeder).resolve())
        problems += _check_feeder(document, profile, paths["feeder"])
    if isinstance(profile, TraceProfile):
        paths["trace"] = str((folder / profile.trace).resolve())
        problems += _check_trace(document, profile, Path(paths["trace"]))
    if problems:
        raise ProblemsError(problems)
    return profile.model_copy(update=paths)


def _find_path_problems(document: Document, profile: Profile, folder: Path) -> list[Problem]:
    """Return the paths that no file can have: too long, or a link that leads to itself."""
    problems = []
    for field in ("locustfile", "feeder", "trace"):
        name = getattr(profile, field, None)
        try:
            if name is not None:
                (folder / name).stat()
        except FileNotFoundError:
            continue  # reported with the file's kind
        except (OSError, ValueError) as error:
            cause = error.strerror if isinstance(error, OSError) else error
            problems.append(document.make_problem((field,), f"{format_value(name)} can't be read: {cause}"))
    return problems


def _check_feeder(document: Document, profile: Profile, feeder: str) -> Sequence[Problem]:
    """Return the problems of the rows, and of the placeholders that they don't fit."""
    try:
        rows = read_rows(feeder)
    except ProblemsError as error:
        return error.problems
    requests = profile.requests or []
    columns = [
        (index, name) for index, request in enumerate(requests) for name in sorted(find_columns(request))
    ]
    if not columns:
        return [document.make_problem(("feeder",), "no request uses one of its columns; write ${column}")]
    problems = [
        document.make_problem(
            ("requests", index), f"uses the column {name}, which {Path(feeder).name} does not have"
        )
        for index, name in columns
        if not all(name in row for row in rows)
    ]
    if problems:
        return problems
    return [
        document.make_problem(("requests", index), f"row {row_number}: {message}")
        for index, request in enumerate(requests)
        if has_header_placeholder(request)
        for row_number, message in _find_unusable_rows(request, rows)
    ][:_MAX_PROBLEMS]


def _find_unusable_rows(request: DeclaredRequest, rows: Sequence[Row]) -> Iterator[tuple[int, str]]:
    """Yield the number of each row that can't fill the request, and the reason."""
    for number, row in enumerate(rows, 1):
        try:
            fill_request(request, row)
        except ValueError as error:
            yield number, str(error)


def _check_trace(document: Document, profile: Profile, path: Path) -> Sequence[Problem]:
    """Return the problems of a trace, and of the request names in it."""
    try:
        names = set(read_trace(path).request_names)
    except ProblemsError as error:
        return error.problems
    declared_names = {request.label for request in profile.requests or []}
    if names and profile.requests is None:
        message = f"{path.name} names requests, but a locustfile chooses its own tasks: remove that column"
        return [document.make_problem(("trace",), message)]
    if unknown := sorted(names - declared_names):
        listed = ", ".join(map(format_value, unknown[:_MAX_NAMES]))
        return [document.make_problem(("trace",), f"{path.name} names {listed}; no request has that name")]
    return []


# --- Scaling --------------------------------------------------------------------------------------


def _scale_to_rate(profile: ScheduledProfile, rate: float) -> ScheduledProfile:
    factor = rate / max(stage.peak_rate for stage in profile.stages)
    stages = [
        stage.model_copy(
            update={"rate": stage.rate * factor, "to": None if stage.to is None else stage.to * factor}
        )
        for stage in profile.stages
    ]
    return profile.model_copy(update={"stages": stages})


def _scale_to_duration(profile: Profile, duration: float) -> Profile:
    if isinstance(profile, TraceProfile):
        return profile.model_copy(update={"duration_seconds": duration})
    factor = duration / compute_load_seconds(profile)
    stages = [
        stage.model_copy(update={"duration_seconds": stage.duration_seconds * factor})
        for stage in profile.stages
    ]
    return profile.model_copy(update={"stages": stages})
