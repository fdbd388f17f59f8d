"""``run.json``: the record of a run as JSON and back. Imports neither Locust nor gevent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pydantic
from pydantic import TypeAdapter

from slo.model import SCHEMA, RunRecord

SCHEMA_FILE = Path(__file__).parent / "run.schema.json"
_record = TypeAdapter(RunRecord)


def to_json(record: RunRecord) -> dict[str, Any]:
    """Give a record as plain JSON data, with the share of the offered requests that was sent."""
    data = {"schema": SCHEMA, **_record.dump_python(record, mode="json")}
    data["total"]["achieved_ratio"] = record.total.achieved_ratio
    for name, counts in record.requests.items():
        data["requests"][name]["achieved_ratio"] = counts.achieved_ratio
    return data


def from_json(data: Mapping[str, Any]) -> RunRecord:
    """Read what :func:`to_json` wrote.

    Raises:
        ValueError: the data is of another schema, or no record of a run.
    """
    if data.get("schema") != SCHEMA:
        raise ValueError(f"run of schema {data.get('schema')!r}, expected {SCHEMA}")
    try:
        return _record.validate_python({name: value for name, value in data.items() if name != "schema"})
    except pydantic.ValidationError as error:
        raise ValueError(f"no record of a run: {error}") from None


def run_schema() -> dict[str, Any]:
    """Describe the file as a JSON Schema."""
    schema = _record.json_schema(mode="serialization")
    schema["properties"] = {"schema": {"const": SCHEMA}, **schema["properties"]}
    schema["required"] = ["schema", *schema["required"]]
    schema["$defs"]["RequestCounts"]["properties"]["achieved_ratio"] = {
        "type": ["number", "null"],
        "description": "sent / offered; not given of the warm-up",
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "run.json of Proofload",
    }


if __name__ == "__main__":
    SCHEMA_FILE.write_text(json.dumps(run_schema(), indent=2) + "\n", encoding="utf-8")
