"""What every kind of OpenSLO v1 has: camelCase in the file, ``metadata``, a header.

Source: the specification, https://github.com/OpenSLO/OpenSLO (README of v1).
"""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from slo.documents.yaml_source import StrictModel
from slo.openslo.fields import Key, Name


class Model(StrictModel):
    """Base of the models: snake_case here, camelCase in the file."""

    model_config = ConfigDict(alias_generator=to_camel)


class Metadata(Model):
    """``metadata`` of every kind."""

    name: Name
    display_name: str = ""
    labels: dict[Key, str | list[str]] = Field(default_factory=dict)
    annotations: dict[Key, str] = Field(default_factory=dict)


class Kind(Model):
    """An object as a document of its own."""

    api_version: Literal["openslo/v1"]
    metadata: Metadata
