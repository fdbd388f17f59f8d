"""What servers that speak the Prometheus HTTP API want beyond it, so that answers are whole and fresh."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

TENANT_HEADER = "X-Scope-OrgID"
"""Names the tenant for Mimir and Cortex (Mimir: *About authentication and authorization*)."""
IS_PARTIAL = "the server says that its answer is partial (isPartial)"
"""VictoriaMetrics in cluster mode (*Cluster version*, Cluster availability)."""


@dataclass(frozen=True, slots=True)
class Backend:
    """What a server wants beyond the API.

    ``parameters`` go with each query. A call of ``flush`` makes what was scraped a moment ago searchable;
    where that is refused, it is after ``settle_seconds``. ``source`` says where this is described.
    """

    parameters: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    flush: str | None = None
    settle_seconds: float = 0.0


BACKENDS: dict[str, Backend] = {
    "prometheus": Backend(),
    # New series became searchable 3 to 8 s after their scrape (measured with 1.145.0), at once after a flush.
    "victoriametrics": Backend(
        {"nocache": "1"},
        "VictoriaMetrics: -search.latencyOffset, query arg nocache; Forced flush",
        flush="/internal/force_flush",
        settle_seconds=15.0,
    ),
    "thanos": Backend(
        {"partial_response": "false", "max_source_resolution": "0s", "dedup": "true"},
        "Thanos: components/query.md, Query API overview",
    ),
    "mimir": Backend(),
    "cortex": Backend(),
}

_PARTIAL = re.compile(r"partial|truncated|store.*(unavailable|failed)|no store matched", re.IGNORECASE)
"""Words of warnings that tell of missing data: Thanos's partial response, Prometheus's ``limit``
("results truncated due to limit"), VictoriaMetrics's ``isPartial``."""


def learnt(headers: Mapping[str, str], buildinfo: object) -> str:
    """Tell the backend from the answer to ``/api/v1/status/buildinfo``.

    VictoriaMetrics sends ``X-Server-Hostname`` with each answer; Mimir names itself as ``application``. What
    says nothing of the kind is taken for Prometheus.
    """
    application = str(buildinfo.get("application", "")) if isinstance(buildinfo, dict) else ""
    if "mimir" in application.lower():
        return "mimir"
    return "victoriametrics" if "X-Server-Hostname" in headers else "prometheus"


def partial(warnings: Iterable[str]) -> str | None:
    """Give the first warning that tells of missing data; remarks on the query itself are none."""
    told = (one for one in warnings if not one.startswith("PromQL ") and _PARTIAL.search(one))
    return next(told, None)
