"""Models of OpenSLO v1's ``DataSource``: type of backend, URL, tenant and headers, but no secrets.

The specification allows anything in ``connectionDetails``, also access keys; these models allow only what may
be committed to a repository.

Source: the specification, https://github.com/OpenSLO/OpenSLO (README of v1, DataSource).
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from slo.documents import format_value
from slo.openslo.fields import CamelCaseModel, Description, KindDocument, Text, Url
from slo.prometheus import HEADER_NAME, list_tenant_headers

DATA_SOURCE_TYPES = ("Prometheus", "VictoriaMetrics", "Thanos", "Mimir", "Cortex")
"""Types of data sources, as their projects write them; upper and lower case are the same."""

_SECRET_SETTINGS = (
    (
        re.compile(r"cert|ca.?file|tls|client.?key", re.IGNORECASE),
        ("CA_FILE", "CLIENT_CERTIFICATE", "CLIENT_KEY"),
    ),
    (re.compile(r"user|pass|basic|login", re.IGNORECASE), ("USERNAME", "PASSWORD")),
    (re.compile(r"token|bearer|authori|oauth", re.IGNORECASE), ("BEARER_TOKEN",)),
    (re.compile(r"secret|key|credential|cookie|session|auth", re.IGNORECASE), ("HEADERS",)),
)
"""Names of secrets, which documents must not contain, and their settings (``PROOFLOAD_PROMETHEUS_*``)."""


def _parse_type(text: str) -> str:
    for known_type in DATA_SOURCE_TYPES:
        if text.lower() == known_type.lower():
            return known_type
    raise ValueError(
        f"{format_value(text)} is not supported; the types of data sources are {', '.join(DATA_SOURCE_TYPES)}"
    )


def _describe_secret_setting(name: str) -> str | None:
    """Return the settings to use for a secret of this name; ``None`` if the name is not that of a secret."""
    for pattern, settings in _SECRET_SETTINGS:
        if pattern.search(name):
            variables = " and ".join(f"PROOFLOAD_PROMETHEUS_{setting}" for setting in settings)
            return f"is not read from a document; set {variables} in the environment instead"
    return None


def _check_header_name(name: str) -> str:
    if HEADER_NAME.fullmatch(name) is None:
        raise ValueError(f"{format_value(name)} is not a header name such as X-Team")
    if message := _describe_secret_setting(name):
        raise ValueError(message)
    return name


def _check_header_value(value: Any) -> Any:
    """Return a valid header value unchanged; errors do not show it, because it may be a secret."""
    if not isinstance(value, str):
        raise ValueError("is not a string; put it in quotes")  # noqa: TRY004 - pydantic's
    if not (value.isascii() and value.isprintable() and value == value.strip()):
        raise ValueError("contains a line break, a leading or trailing space or a non-ASCII character")
    return value


SourceType = Annotated[str, AfterValidator(_parse_type)]
_HeaderName = Annotated[str, AfterValidator(_check_header_name)]
_HeaderValue = Annotated[str, BeforeValidator(_check_header_value)]


class ConnectionDetails(CamelCaseModel):
    """``connectionDetails``: URL, tenant, and headers that are not secret."""

    url: Url | None = None
    tenant: Annotated[Text, BeforeValidator(_check_header_value)] | None = None
    headers: dict[_HeaderName, _HeaderValue] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check_duplicates(self) -> ConnectionDetails:
        names = [name.lower() for name in self.headers]
        if len(set(names)) < len(names):
            raise ValueError("names a header twice; header names are case-insensitive")
        tenant_headers = [header for header in list_tenant_headers(None) if header.lower() in names]
        if self.tenant and tenant_headers:
            raise ValueError(
                f"names the tenant twice: as tenant and as the header {tenant_headers[0]}; leave one out"
            )
        return self

    @classmethod
    def describe_unknown_field(cls, name: str) -> str:
        """Return the message for an unknown field; for a secret, the settings to use instead."""
        return _describe_secret_setting(name) or super().describe_unknown_field(name)


class DataSourceSpec(CamelCaseModel):
    """``spec`` of a DataSource."""

    description: Description = ""
    type: SourceType
    connection_details: ConnectionDetails = ConnectionDetails()


class DataSource(KindDocument):
    """A server that metrics are read from."""

    kind: Literal["DataSource"]
    spec: DataSourceSpec
