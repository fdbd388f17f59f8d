"""What servers that speak the Prometheus HTTP API want beyond it, so that answers are whole and fresh.

Sources, of the projects' repositories in August 2026: thanos-io/thanos ``docs/components/query.md`` and
``pkg/api/query/v1.go``; cortexproject/cortex ``docs/api/_index.md``; grafana/mimir
``pkg/util/version/info_handler.go`` and ``pkg/querier/api/consistency.go``; VictoriaMetrics's manual.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110, 5.6.2."""
_SCOPE = "X-Scope-OrgID"
"""Names the tenant for Mimir and Cortex (cortex ``docs/api/_index.md``, Authentication)."""
_THANOS_TENANT = "THANOS-TENANT"
"""Names the tenant for Thanos, unless ``--query.tenant-header`` differs (``pkg/tenancy/tenancy.go``)."""


@dataclass(frozen=True, slots=True)
class Backend:
    """What a server wants beyond the API.

    ``parameters`` go with each query and ``headers`` with each request; ``tenant_header`` names the tenant.
    A call of ``flush`` makes what was scraped a moment ago searchable; where that is refused, it is after
    ``settle_seconds``. ``source`` says where this is described.
    """

    parameters: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    flush: str | None = None
    settle_seconds: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)
    tenant_header: str = _SCOPE


BACKENDS: dict[str, Backend] = {
    "prometheus": Backend(),
    # New series became searchable 3 to 8 s after their scrape (measured with 1.145.0), at once after a flush.
    "victoriametrics": Backend(
        {"nocache": "1"},
        "VictoriaMetrics: -search.latencyOffset, query arg nocache; Forced flush",
        flush="/internal/force_flush",
        settle_seconds=15.0,
    ),
    # By itself it allows partial responses, and downsampled data under --query.auto-downsampling.
    "thanos": Backend(
        {"partial_response": "false", "max_source_resolution": "0s", "dedup": "true"},
        "Thanos: docs/components/query.md, Query API Overview",
        tenant_header=_THANOS_TENANT,
    ),
    # Where Kafka stands between distributors and ingesters, answers are otherwise only eventually up to date.
    "mimir": Backend(
        source="Mimir: pkg/querier/api/consistency.go; ingest storage architecture, Data freshness",
        headers={"X-Read-Consistency": "strong"},
    ),
    "cortex": Backend(source="Cortex: docs/api/_index.md, Authentication"),
}

_OF_MAJOR = {"0": "thanos", "1": "cortex"}
"""Whose version has which first number."""


def tenant_headers(backend: str | None) -> tuple[str, ...]:
    """Name the headers that tell a tenant; all of them as long as it is unknown who is asked."""
    chosen = BACKENDS.values() if backend is None else [BACKENDS[backend]]
    return tuple(dict.fromkeys(one.tenant_header for one in chosen))


def learnt(headers: Mapping[str, str], buildinfo: object) -> str:
    """Tell the backend from the answer to ``/api/v1/status/buildinfo``.

    VictoriaMetrics sends ``X-Server-Hostname`` with each answer; Mimir names itself as ``application``.
    Thanos (``pkg/api/api.go``) and Cortex (``pkg/api/handlers.go``; only with ``-api.build-info-enabled``)
    have the fields of Prometheus and a version of their own: that of Thanos is 0.x, that of Cortex 1.x (their
    ``VERSION``), and that of a Prometheus which has this API at least 2.x. What says nothing of the kind is
    taken for Prometheus.
    """
    told = buildinfo if isinstance(buildinfo, dict) else {}
    if "mimir" in str(told.get("application", "")).lower():
        return "mimir"
    if "X-Server-Hostname" in headers:
        return "victoriametrics"
    return _OF_MAJOR.get(str(told.get("version", "")).removeprefix("v").partition(".")[0], "prometheus")
