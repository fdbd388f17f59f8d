"""Reading of OpenSLO documents into a validated spec, with data sources, alert policies and older versions.

:func:`load_spec` is the entry point; it reports all problems of all files at once.
"""

from slo.openslo.data_sources import find_data_source, find_prometheus_url
from slo.openslo.fields import Key
from slo.openslo.kinds import API_VERSION
from slo.openslo.spec_reader import load_spec
from slo.openslo.spec_warnings import find_spec_warnings

__all__ = [
    "API_VERSION",
    "Key",
    "find_data_source",
    "find_prometheus_url",
    "find_spec_warnings",
    "load_spec",
]
