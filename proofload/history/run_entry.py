"""What is kept of a run to compare it with others: its figures, and what they depend on."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import pydantic
from pydantic import Field, TypeAdapter
from pydantic.dataclasses import dataclass

from slo.model import SCHEMA, CheckStatus, Outcome, Proof, RunRecord, Spec

FIGURES_FILE = "figures.json"
"""In the folder of a run: what the history keeps of it."""
OWN_TARGET = "reference service"
"""Target of the runs that start it themselves, at another port each time."""
CODE = ("PROOFLOAD_CODE_VERSION", "GITHUB_SHA", "CI_COMMIT_SHA")
"""Where the environment names the version of the service's code."""
MUST_AGREE = ("profile", "spec")
"""Parts of the fingerprint without which figures mean different things."""
_STAMPED = re.compile(r"\d{8}T\d{6}Z-")

_Finite = Annotated[float, Field(allow_inf_nan=False)]


@dataclass(frozen=True, config={"extra": "forbid"})
class Entry:
    """A run in the history.

    ``time`` is when its window began, in Unix seconds; ``rate`` the requests/s offered, ``sent`` how many
    were sent. ``fingerprint`` names what the figures depend on and ``code`` the version under test;
    ``failed_checks`` are checks of the evidence that failed. ``regression`` tells that the run was one
    against the baseline of its policy; ``accepted`` that baselines begin anew with it all the same.
    """

    id: str
    time: _Finite
    verdict: Outcome
    profile: str
    rate: _Finite
    sent: int
    objectives: int
    fingerprint: dict[str, str]
    figures: dict[str, _Finite]
    code: str = ""
    failed_checks: tuple[str, ...] = ()
    regression: bool = False
    accepted: bool = False

    @property
    def sound(self) -> bool:
        """Tell whether the figures are of the load that was asked for."""
        return not self.failed_checks

    @property
    def exemplary(self) -> bool:
        """Tell whether a baseline may hold it; regressions only once accepted, lest a service creep."""
        good = self.verdict is Outcome.MET and self.sound and not self.fingerprint.get("faults")
        return good and (self.accepted or not self.regression)


_entries = TypeAdapter(list[Entry])


def entry_of(proof: Proof, record: RunRecord, target: str) -> Entry:
    """Make the entry of a run; ``target`` names the service under test."""
    profile = record.profile
    failed = tuple(one.name for one in proof.verdict.checks if one.status is CheckStatus.FAIL)
    given_up = ("interrupted",) * record.interrupted + ("aborted",) * bool(record.aborted)
    return Entry(
        id=record.id if _STAMPED.match(record.id) else f"{record.id}@{record.window.start:.3f}",
        time=record.window.start,
        verdict=proof.verdict.outcome,
        profile=str(profile.get("name", "")),
        rate=record.total.offered / record.window.seconds if record.window.seconds else 0.0,
        sent=record.total.sent,
        objectives=len(proof.verdict.objectives),
        fingerprint={
            "profile": _profile_digest(profile),
            "spec": _spec_digest(proof.spec),
            "target": target,
            "faults": proof.settings.get("faults", ""),
            "machine": f"{platform.machine()}, {os.cpu_count()} CPUs",
            "generator": f"{record.engine}, {max(1, len(record.processes))} processes",
            "versions": ", ".join(f"{name} {one}" for name, one in sorted(proof.versions.items())),
        },
        figures=dict(_figures(proof, record)),
        code=next((os.environ[name] for name in CODE if os.environ.get(name)), ""),
        failed_checks=failed + given_up,
    )


def _figures(proof: Proof, record: RunRecord) -> Iterator[tuple[str, float]]:
    """Give what was measured; what was not is left out, never a 0."""
    total = record.total
    for name, value in asdict(total.response_time).items():
        if value is not None:
            yield f"response_time_{name}", value
    if total.sent:
        yield "error_ratio", total.failed / total.sent
        yield "requests", float(total.sent)
    if record.window.seconds > 0:
        yield "throughput", total.completed / record.window.seconds
    for one in proof.verdict.objectives:
        name = f"{one.slo}/{one.objective}"
        if one.sli is not None:
            yield f"sli/{name}", one.sli
        if one.sli is not None and one.total:
            yield f"events/{name}", one.total
        if one.kind == "latency" and one.measured and one.measured.value is not None:
            yield f"measured/{name}", one.measured.value


def _profile_digest(profile: Mapping[str, object]) -> str:
    """Digest what is sent: neither where the Locust file lies nor the seed makes it another load."""
    kept = {name: value for name, value in profile.items() if name not in {"locustfile", "seed"}}
    path = profile.get("locustfile")
    if isinstance(path, str):
        try:
            kept["locustfile"] = hashlib.sha256(Path(path).read_bytes()).hexdigest()
        except OSError:
            kept["locustfile"] = Path(path).name
    return _digest(kept)


def _spec_digest(spec: Spec) -> str:
    """Digest what is judged: neither where it was written nor where Prometheus answers changes it."""
    bare = [replace(slo, source="", description="", data_source=None) for slo in spec.slos]
    return _digest([asdict(slo) for slo in bare])


def _digest(data: object) -> str:
    text = json.dumps(data, sort_keys=True, default=str)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:12]


# --- As JSON ------------------------------------------------------------------------------------


def to_json(entries: list[Entry]) -> dict[str, Any]:
    """Give entries as plain JSON data: ``figures.json``, and what ``compare --export`` writes."""
    return {"schema": SCHEMA, "runs": _entries.dump_python(entries, mode="json")}


def from_json(data: Any) -> list[Entry]:
    """Read what :func:`to_json` wrote.

    Raises:
        ValueError: it is something else; the message says what would be right.
    """
    if not isinstance(data, dict) or data.get("schema") != SCHEMA or "runs" not in data:
        raise ValueError(f'holds no figures of runs: {{"schema": {SCHEMA}, "runs": [...]}} was expected')
    try:
        return _entries.validate_python(data["runs"])
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, ("runs", *first["loc"])))
        raise ValueError(f"{place}: {first['msg']}") from None
