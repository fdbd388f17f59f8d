"""Backends with the Prometheus HTTP API: what each needs beyond it for complete, up-to-date results.

Sources, from the projects' repositories in August 2026: thanos-io/thanos ``docs/components/query.md`` and
``pkg/api/query/v1.go``; cortexproject/cortex ``docs/api/_index.md``; grafana/mimir
``pkg/util/version/info_handler.go`` and ``pkg/querier/api/consistency.go``; VictoriaMetrics's manual.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110, 5.6.2."""
_SCOPE_HEADER = "X-Scope-OrgID"
"""Tenant header of Mimir and Cortex (cortex ``docs/api/_index.md``, Authentication)."""
_THANOS_TENANT_HEADER = "THANOS-TENANT"
"""Tenant header of Thanos, unless ``--query.tenant-header`` names another (``pkg/tenancy/tenancy.go``)."""


@dataclass(frozen=True, slots=True)
class Backend:
    """What a server needs beyond the API.

    ``parameters`` are sent with each query, ``headers`` with each request; ``tenant_header`` carries the
    tenant. A request to ``flush_path`` makes new samples visible to queries; if it is refused, they are
    visible after ``settle_seconds``. ``source`` is the documentation of these rules.
    """

    parameters: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    flush_path: str | None = None
    settle_seconds: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)
    tenant_header: str = _SCOPE_HEADER


BACKENDS: dict[str, Backend] = {
    "prometheus": Backend(),
    # New series were visible 3 to 8 s after their scrape (measured with 1.145.0), after a flush immediately.
    "victoriametrics": Backend(
        {"nocache": "1"},
        "VictoriaMetrics: -search.latencyOffset, query arg nocache; Forced flush",
        flush_path="/internal/force_flush",
        settle_seconds=15.0,
    ),
    # The defaults allow partial responses, and with --query.auto-downsampling downsampled data.
    "thanos": Backend(
        {"partial_response": "false", "max_source_resolution": "0s", "dedup": "true"},
        "Thanos: docs/components/query.md, Query API Overview",
        tenant_header=_THANOS_TENANT_HEADER,
    ),
    # With Kafka between distributors and ingesters, reads are only eventually consistent by default.
    "mimir": Backend(
        source="Mimir: pkg/querier/api/consistency.go; ingest storage architecture, Data freshness",
        headers={"X-Read-Consistency": "strong"},
    ),
    "cortex": Backend(source="Cortex: docs/api/_index.md, Authentication"),
}

_BACKEND_OF_MAJOR_VERSION = {"0": "thanos", "1": "cortex"}
"""Backends by the major version that they report."""


def list_tenant_headers(backend: str | None) -> tuple[str, ...]:
    """Return the tenant headers of a backend, or of all backends when it is not known yet."""
    backends = list(BACKENDS.values()) if backend is None else [BACKENDS[backend]]
    return tuple(dict.fromkeys(candidate.tenant_header for candidate in backends))


def detect_backend(headers: Mapping[str, str], build_info: object) -> str:
    """Return the backend's key in ``BACKENDS``, from the response to ``/api/v1/status/buildinfo``.

    VictoriaMetrics sends the header ``X-Server-Hostname``; Mimir names itself in ``application``. Thanos
    (``pkg/api/api.go``) and Cortex (``pkg/api/handlers.go``; only with ``-api.build-info-enabled``) use
    Prometheus's fields with their own version: Thanos 0.x, Cortex 1.x (their ``VERSION`` files), whereas a
    Prometheus with this API is at least 2.x. Anything else is treated as Prometheus.
    """
    fields = build_info if isinstance(build_info, dict) else {}
    if "mimir" in str(fields.get("application", "")).lower():
        return "mimir"
    if "X-Server-Hostname" in headers:
        return "victoriametrics"
    major_version = str(fields.get("version", "")).removeprefix("v").partition(".")[0]
    return _BACKEND_OF_MAJOR_VERSION.get(major_version, "prometheus")
