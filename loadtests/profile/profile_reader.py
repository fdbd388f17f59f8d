"""Reads a load profile, with the files that it names. Imports neither Locust nor gevent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pydantic

from loadtests.profile.data_rows import Row, columns, feeds_headers, filled, read_rows
from loadtests.profile.declared_requests import Request
from loadtests.profile.profile_models import (
    ClosedProfile,
    Profile,
    ScheduledProfile,
    TraceProfile,
    seconds_of,
)
from loadtests.profile.trace import read_trace
from slo.documents.yaml_source import (
    Document,
    Problem,
    ProblemsError,
    load_documents,
    shown,
    validation_problems,
)

_MOST_PROBLEMS = 20
_KINDS: Mapping[Any, type[Profile]] = {
    "constant": ScheduledProfile,
    "poisson": ScheduledProfile,
    "trace": TraceProfile,
    "closed": ClosedProfile,
}


def load_profile(path: Path, *, duration: float | None = None, rate: float | None = None) -> Profile:
    """Read a load profile; ``locustfile`` is an absolute path afterwards.

    ``duration`` (seconds) scales the stages to that length in total, ``rate`` (requests/s) scales them so
    that this is the highest. So are paths of a trace and of a feeder.

    Raises:
        ProblemsError: everything that is wrong with the file, or that ``rate`` doesn't apply to it.
    """
    document = _document(path)
    profile = _with_files(document, _validated(document))
    if rate is not None:
        if not isinstance(profile, ScheduledProfile):
            message = f"{profile.arrivals} arrivals have no rate of their own: it can't be overridden"
            raise ProblemsError([document.problem(("arrivals",), message)])
        profile = _at_rate(profile, rate)
    return profile if duration is None else _lasting(profile, duration)


def _with_files(document: Document, profile: Profile) -> Profile:
    """Resolve the files that a profile names beside itself, and read those that are data."""
    folder = Path(document.path).parent
    update: dict[str, str] = {}
    problems: list[Problem] = []
    if profile.locustfile is not None:
        file = (folder / profile.locustfile).resolve()
        update["locustfile"] = str(file)
        if not file.is_file():
            problems.append(document.problem(("locustfile",), f"{file} is no file"))
    if profile.feeder is not None:
        update["feeder"] = str((folder / profile.feeder).resolve())
        problems += _gathered(partial(_check_feeder, document, profile, update["feeder"]))
    if isinstance(profile, TraceProfile):
        update["trace"] = str((folder / profile.trace).resolve())
        problems += _gathered(partial(_check_trace, document, profile, Path(update["trace"])))
    if problems:
        raise ProblemsError(problems)
    return profile.model_copy(update=update)


def _gathered(check: Callable[[], None]) -> Sequence[Problem]:
    try:
        check()
    except ProblemsError as error:
        return error.problems
    return ()


def _check_feeder(document: Document, profile: Profile, feeder: str) -> None:
    rows, requests = read_rows(feeder), profile.requests or []
    asked = [(number, name) for number, one in enumerate(requests) for name in sorted(columns(one))]
    problems = [
        document.problem(
            ("requests", number), f"asks for the column {name}, which {Path(feeder).name} has not"
        )
        for number, name in asked
        if not all(name in row for row in rows)
    ]
    if not asked:
        problems.append(document.problem(("feeder",), "no request asks for a column of it; write ${column}"))
    if not problems:
        problems = [
            document.problem(("requests", number), f"row {row_number}: {text}")
            for number, one in enumerate(requests)
            if feeds_headers(one)
            for row_number, text in _unfit(one, rows)
        ][:_MOST_PROBLEMS]
    if problems:
        raise ProblemsError(problems)


def _unfit(request: Request, rows: Sequence[Row]) -> Iterator[tuple[int, str]]:
    for number, row in enumerate(rows, 1):
        try:
            filled(request, row)
        except ValueError as error:
            yield number, str(error)


def _check_trace(document: Document, profile: Profile, path: Path) -> None:
    told = set(read_trace(path).requests)
    known = {request.label for request in profile.requests or []}
    if told and profile.requests is None:
        message = f"{path.name} names requests, but a locustfile chooses its tasks itself: drop that column"
        raise ProblemsError([document.problem(("trace",), message)])
    if unknown := sorted(told - known):
        message = f"{path.name} names {', '.join(map(shown, unknown[:5]))}, which no request is called"
        raise ProblemsError([document.problem(("trace",), message)])


def _document(path: Path) -> Document:
    first, *more = load_documents(path)
    if more:
        raise ProblemsError([more[0].problem((), "a second document; a profile is one")])
    return first


def _validated(document: Document) -> Profile:
    data = document.data
    if not isinstance(data, dict):
        raise ProblemsError([document.problem((), f"should be a mapping, got {shown(data)}")])
    arrivals = data.get("arrivals", "constant")
    kind = _KINDS.get(arrivals) if isinstance(arrivals, str) else None
    problems: list[Problem] = []
    if kind is None:
        message = f"{shown(arrivals)} is not supported; write one of {', '.join(_KINDS)}"
        problems.append(document.problem(("arrivals",), message))
        data = {**data, "arrivals": "constant"}  # so that what else is wrong is told too
    try:
        profile = (kind or ScheduledProfile).model_validate(data)
    except pydantic.ValidationError as error:
        problems += validation_problems(document, error)
    if problems:
        raise ProblemsError(problems)
    return profile


def _at_rate(profile: ScheduledProfile, rate: float) -> ScheduledProfile:
    factor = rate / max(stage.peak_rate for stage in profile.stages)
    stages = [
        stage.model_copy(
            update={"rate": stage.rate * factor, "to": None if stage.to is None else stage.to * factor}
        )
        for stage in profile.stages
    ]
    return profile.model_copy(update={"stages": stages})


def _lasting(profile: Profile, duration: float) -> Profile:
    if isinstance(profile, TraceProfile):
        return profile.model_copy(update={"duration_seconds": duration})
    factor = duration / seconds_of(profile)
    stages = [
        stage.model_copy(update={"duration_seconds": stage.duration_seconds * factor})
        for stage in profile.stages
    ]
    return profile.model_copy(update={"stages": stages})
