"""``run.json``: a run record to JSON data and back, and its JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pydantic
from pydantic import TypeAdapter

from slo.documents import mask_body, mask_parameters, mask_text, mask_values, remove_user_info
from slo.model import SCHEMA_VERSION, RunRecord

RUN_SCHEMA_FILE = Path(__file__).parent / "run.schema.json"
_RECORD_ADAPTER = TypeAdapter(RunRecord)


def run_to_json(record: RunRecord) -> dict[str, Any]:
    """Return a record as JSON data, with the ratio of offered requests that were sent; secrets are masked."""
    masked = _mask_record(_RECORD_ADAPTER.dump_python(record, mode="json"))
    data = {"schema": SCHEMA_VERSION, **masked}
    data["total"]["achieved_ratio"] = record.total.achieved_ratio
    for name, counts in record.requests.items():
        data["requests"][name]["achieved_ratio"] = counts.achieved_ratio
    return data


def run_from_json(data: Mapping[str, Any]) -> RunRecord:
    """Return the record of JSON data that :func:`run_to_json` wrote.

    Secrets that an earlier version did not mask are masked.

    Raises:
        ValueError: the data has another schema number, or is not a run record.
    """
    if data.get("schema") != SCHEMA_VERSION:
        raise ValueError(f"run of schema {data.get('schema')!r}, expected {SCHEMA_VERSION}")
    try:
        return _RECORD_ADAPTER.validate_python(
            _mask_record({name: value for name, value in data.items() if name != "schema"})
        )
    except pydantic.ValidationError as error:
        raise ValueError(f"not a run record: {error}") from None


def _mask_record(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of a record with secrets of its target and profile masked."""
    masked = dict(data)
    if isinstance(data.get("target"), str):
        masked["target"] = mask_parameters(remove_user_info(data["target"]))
    if isinstance(data.get("profile"), Mapping):
        masked["profile"] = _mask_profile(data["profile"])
    if isinstance(data.get("aborted"), str):
        masked["aborted"] = mask_text(data["aborted"])
    return masked


def _mask_profile(profile: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plain data of a load profile with secret headers, parameters and body fields masked."""
    masked: dict[str, Any] = mask_values(profile)
    declared = profile.get("requests")
    if not isinstance(declared, list):
        return masked
    for request, shown in zip(declared, masked["requests"], strict=True):
        if isinstance(request, Mapping) and isinstance(request.get("body"), str):
            shown["body"] = mask_body(request["body"])
    return masked


def build_run_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``run.json``."""
    schema = _RECORD_ADAPTER.json_schema(mode="serialization")
    schema["properties"] = {"schema": {"const": SCHEMA_VERSION}, **schema["properties"]}
    schema["required"] = ["schema", *schema["required"]]
    schema["$defs"]["RequestCounts"]["properties"]["achieved_ratio"] = {
        "type": ["number", "null"],
        "description": "sent / offered; absent for the warm-up",
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "run.json of Proofload",
    }


if __name__ == "__main__":
    RUN_SCHEMA_FILE.write_text(json.dumps(build_run_schema(), indent=2) + "\n", encoding="utf-8")
