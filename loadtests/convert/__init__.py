"""Load profiles from OpenAPI documents, HAR files and access logs.

The functions take text or mappings and return mappings of a profile; they neither read nor write files.
"""

from loadtests.convert.access_log import declare_requests, list_arrivals, read_access_log
from loadtests.convert.har import NotHarError, count_origins, extract_traffic
from loadtests.convert.openapi import ALL_METHODS, DEFAULT_METHODS, NotOpenApiError, read_operations
from loadtests.convert.profile_writer import build_constant_profile, format_profile

__all__ = [
    "ALL_METHODS",
    "DEFAULT_METHODS",
    "NotHarError",
    "NotOpenApiError",
    "build_constant_profile",
    "count_origins",
    "declare_requests",
    "extract_traffic",
    "format_profile",
    "list_arrivals",
    "read_access_log",
    "read_operations",
]
