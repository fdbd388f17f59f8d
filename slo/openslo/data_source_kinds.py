"""OpenSLO v1's ``DataSource``: which backend answers, where, and for whom. Secrets are never read from it.

The specification lets ``connectionDetails`` hold anything, access keys and the like among it; here it
holds what may stand in a repository.

Source: the specification, https://github.com/OpenSLO/OpenSLO (README of v1, DataSource).
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from slo.documents.yaml_source import shown
from slo.openslo.fields import Description, Text, Url
from slo.openslo.kind_base import Kind, Model
from slo.prometheus.backends import HEADER_NAME, tenant_headers

TYPES = ("Prometheus", "VictoriaMetrics", "Thanos", "Mimir", "Cortex")
"""What may answer, as their makers spell them; read in any case."""

_TELLS_SECRETS = (
    (
        re.compile(r"cert|ca.?file|tls|client.?key", re.IGNORECASE),
        ("CA_FILE", "CLIENT_CERTIFICATE", "CLIENT_KEY"),
    ),
    (re.compile(r"user|pass|basic|login", re.IGNORECASE), ("USERNAME", "PASSWORD")),
    (re.compile(r"token|bearer|authori|oauth", re.IGNORECASE), ("BEARER_TOKEN",)),
    (re.compile(r"secret|key|credential|cookie|session|auth", re.IGNORECASE), ("HEADERS",)),
)
"""Names of what must not stand in a document, and the settings that take it (``PROOFLOAD_PROMETHEUS_*``)."""


def _type(text: str) -> str:
    for known in TYPES:
        if text.lower() == known.lower():
            return known
    raise ValueError(f"{shown(text)} is not supported; the types of data sources are {', '.join(TYPES)}")


def _elsewhere(name: str) -> str | None:
    """Say where a secret of this name comes from; ``None`` for what is none by its name."""
    for pattern, settings in _TELLS_SECRETS:
        if pattern.search(name):
            given = " and ".join(f"PROOFLOAD_PROMETHEUS_{setting}" for setting in settings)
            return f"is not read from a document; set {given} in the environment instead"
    return None


def _header_name(name: str) -> str:
    if HEADER_NAME.fullmatch(name) is None:
        raise ValueError(f"{shown(name)} is not the name of a header, such as X-Team")
    if said := _elsewhere(name):
        raise ValueError(said)
    return name


def _sendable(value: Any) -> Any:
    """Give a header's value back where it can be sent; errors do not show it, for it may be a secret."""
    if not isinstance(value, str):
        raise ValueError("is not text; put it in quotes")  # noqa: TRY004 - pydantic's
    if not (value.isascii() and value.isprintable() and value == value.strip()):
        raise ValueError("holds a line break, an outer space or a character beyond ASCII")
    return value


SourceType = Annotated[str, AfterValidator(_type)]
_Header = Annotated[str, AfterValidator(_header_name)]
_Value = Annotated[str, BeforeValidator(_sendable)]


class ConnectionDetails(Model):
    """``connectionDetails``: where the server answers, for which tenant, and headers that are no secrets."""

    url: Url | None = None
    tenant: Annotated[Text, BeforeValidator(_sendable)] | None = None
    headers: dict[_Header, _Value] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _once(self) -> ConnectionDetails:
        names = [name.lower() for name in self.headers]
        if len(set(names)) < len(names):
            raise ValueError("names a header twice; upper and lower case are the same there")
        if self.tenant and (twice := [one for one in tenant_headers(None) if one.lower() in names]):
            raise ValueError(f"tells the tenant twice: as tenant, and as the header {twice[0]}; give one")
        return self

    @classmethod
    def unknown(cls, name: str) -> str:
        """Say of a secret where else it comes from."""
        return _elsewhere(name) or super().unknown(name)


class DataSourceSpec(Model):
    """``spec`` of a DataSource."""

    description: Description = ""
    type: SourceType
    connection_details: ConnectionDetails = ConnectionDetails()


class DataSource(Kind):
    """Where metrics are read from."""

    kind: Literal["DataSource"]
    spec: DataSourceSpec
