"""The entry of a run in the history: its figures and the fingerprint of what they depend on."""

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
from pydantic import AfterValidator, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from loadtests.profile import remove_credentials
from slo.model import SCHEMA_VERSION, CheckStatus, Outcome, Proof, RunRecord, Spec

FIGURES_FILE = "figures.json"
"""The entry of a run, in its directory."""
REFERENCE_TARGET = "reference service"
"""Target of runs that start the reference service, whose port differs each time."""
CODE_VERSION_VARIABLES = ("PROOFLOAD_CODE_VERSION", "GITHUB_SHA", "CI_COMMIT_SHA")
"""Environment variables with the code version of the service under test."""
COMPARABILITY_PARTS = ("profile", "spec")
"""Parts of the fingerprint that must be equal for figures to be comparable."""
_TIMESTAMPED_ID = re.compile(r"\d{8}T\d{6}Z-")

_FiniteFloat = Annotated[float, Field(allow_inf_nan=False)]


def _mask_target(fingerprint: dict[str, str]) -> dict[str, str]:
    """Return a fingerprint whose target, a URL, contains no secret; earlier versions stored it as given."""
    if "target" not in fingerprint:
        return fingerprint
    return {**fingerprint, "target": remove_credentials(fingerprint["target"])}


@dataclass(frozen=True, config={"extra": "forbid"})
class RunEntry:
    """A run in the history.

    ``time`` is the start of its window in Unix seconds, ``rate`` the offered requests per second, ``sent``
    the number of requests sent. ``fingerprint`` states what the figures depend on, ``code`` the version of
    the service under test. ``failed_checks`` are the names of failed checks. ``regression``: the run was a
    regression against the baseline of its policy; ``accepted``: baselines start with this run nevertheless.
    """

    id: str
    time: _FiniteFloat
    verdict: Outcome
    profile: str
    rate: _FiniteFloat
    sent: int
    objectives: int
    fingerprint: Annotated[dict[str, str], AfterValidator(_mask_target)]
    figures: dict[str, _FiniteFloat]
    code: str = ""
    failed_checks: tuple[str, ...] = ()
    regression: bool = False
    accepted: bool = False

    @property
    def is_sound(self) -> bool:
        """Whether all checks passed, so that the figures are those of the planned load."""
        return not self.failed_checks

    @property
    def can_be_baseline(self) -> bool:
        """Whether a baseline can include the run.

        A regression must be accepted first; otherwise a service could degrade step by step.
        """
        is_good = self.verdict is Outcome.MET and self.is_sound and not self.fingerprint.get("faults")
        return is_good and (self.accepted or not self.regression)


_ENTRIES_ADAPTER = TypeAdapter(list[RunEntry])


def create_entry(proof: Proof, record: RunRecord, target: str) -> RunEntry:
    """Create the entry of a run; ``target`` names the service under test."""
    profile = record.profile
    failed = tuple(check.name for check in proof.verdict.checks if check.status is CheckStatus.FAIL)
    incomplete = ("interrupted",) * record.interrupted + ("aborted",) * bool(record.aborted)
    return RunEntry(
        id=record.id if _TIMESTAMPED_ID.match(record.id) else f"{record.id}@{record.window.start:.3f}",
        time=record.window.start,
        verdict=proof.verdict.outcome,
        profile=str(profile.get("name", "")),
        rate=record.total.offered / record.window.seconds if record.window.seconds else 0.0,
        sent=record.total.sent,
        objectives=len(proof.verdict.objectives),
        fingerprint={
            "profile": _digest_profile(profile),
            "spec": _digest_spec(proof.spec),
            "target": target,
            "faults": proof.settings.get("faults", ""),
            "machine": f"{platform.machine()}, {os.cpu_count()} CPUs",
            "generator": f"{record.engine}, {max(1, len(record.processes))} processes",
            "versions": ", ".join(f"{name} {version}" for name, version in sorted(proof.versions.items())),
        },
        figures=dict(_collect_figures(proof, record)),
        code=next((os.environ[name] for name in CODE_VERSION_VARIABLES if os.environ.get(name)), ""),
        failed_checks=failed + incomplete,
    )


def _collect_figures(proof: Proof, record: RunRecord) -> Iterator[tuple[str, float]]:
    """Yield name and value of each measured figure; figures that were not measured are left out."""
    total = record.total
    for name, value in asdict(total.response_time).items():
        if value is not None:
            yield f"response_time_{name}", value
    if total.sent:
        yield "error_ratio", total.failed / total.sent
        yield "requests", float(total.sent)
    if record.window.seconds > 0:
        yield "throughput", total.completed / record.window.seconds
    for objective in proof.verdict.objectives:
        name, measured = f"{objective.slo}/{objective.objective}", objective.measured
        if objective.sli is not None:
            yield f"sli/{name}", objective.sli
        if objective.sli is not None and objective.total:
            yield f"events/{name}", objective.total
        if objective.kind == "latency" and measured and measured.value is not None:
            yield f"measured/{name}", measured.value


def _digest_profile(profile: Mapping[str, object]) -> str:
    """Return a digest of the load; the path of the locustfile and the seed do not change it."""
    relevant = {name: value for name, value in profile.items() if name not in {"locustfile", "seed"}}
    path = profile.get("locustfile")
    if isinstance(path, str):
        try:
            relevant["locustfile"] = hashlib.sha256(Path(path).read_bytes()).hexdigest()
        except OSError:
            relevant["locustfile"] = Path(path).name
    return _digest_data(relevant)


def _digest_spec(spec: Spec) -> str:
    """Return a digest of the objectives; file names, descriptions and data sources do not change it."""
    relevant = [replace(slo, source="", description="", data_source=None) for slo in spec.slos]
    return _digest_data([asdict(slo) for slo in relevant])


def _digest_data(data: object) -> str:
    text = json.dumps(data, sort_keys=True, default=str)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:12]


# --- As JSON ------------------------------------------------------------------------------------


def entries_to_json(entries: list[RunEntry]) -> dict[str, Any]:
    """Return entries as plain JSON data, for ``figures.json`` and ``compare --export``."""
    return {"schema": SCHEMA_VERSION, "runs": _ENTRIES_ADAPTER.dump_python(entries, mode="json")}


def entries_from_json(data: Any) -> list[RunEntry]:
    """Parse the data of :func:`entries_to_json`.

    Raises:
        ValueError: the data is something else; the message states what is expected.
    """
    if not isinstance(data, dict) or data.get("schema") != SCHEMA_VERSION or "runs" not in data:
        raise ValueError(
            f'contains no figures of runs: expected {{"schema": {SCHEMA_VERSION}, "runs": [...]}}'
        )
    try:
        return _ENTRIES_ADAPTER.validate_python(data["runs"])
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, ("runs", *first["loc"])))
        raise ValueError(f"{place}: {first['msg']}") from None
