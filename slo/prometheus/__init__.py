"""Client of the Prometheus HTTP API and its backends, and gathering of evidence with it.

Queries over long ranges are split into chunks; native histograms are converted to cumulative buckets.
"""

from slo.prometheus.backends import HEADER_NAME, list_tenant_headers
from slo.prometheus.client import PrometheusClient, PrometheusError, QueryError
from slo.prometheus.connection import BearerAuth, ConnectionSettings, read_connection_settings
from slo.prometheus.evidence_gathering import LOOKBACK_SECONDS, gather_evidence
from slo.prometheus.evidence_json import decode_evidence, encode_evidence

__all__ = [
    "HEADER_NAME",
    "LOOKBACK_SECONDS",
    "BearerAuth",
    "ConnectionSettings",
    "PrometheusClient",
    "PrometheusError",
    "QueryError",
    "decode_evidence",
    "encode_evidence",
    "gather_evidence",
    "list_tenant_headers",
    "read_connection_settings",
]
