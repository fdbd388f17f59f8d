"""Load profiles from OpenAPI documents, HAR files and access logs.

The functions take text or mappings and return mappings of a profile; they neither read nor write files.
"""

from loadtests.convert.access_log import (
    LogTooLargeError,
    declare_requests,
    list_arrivals,
    read_access_log,
)
from loadtests.convert.har import NotHarError, count_origins, extract_traffic, find_origin
from loadtests.convert.omissions import Omissions
from loadtests.convert.openapi import (
    ALL_METHODS,
    DEFAULT_METHODS,
    ApiOperations,
    NotOpenApiError,
    read_operations,
)
from loadtests.convert.profile_writer import build_constant_profile, format_profile, select_requests

__all__ = [
    "ALL_METHODS",
    "DEFAULT_METHODS",
    "ApiOperations",
    "LogTooLargeError",
    "NotHarError",
    "NotOpenApiError",
    "Omissions",
    "build_constant_profile",
    "count_origins",
    "declare_requests",
    "extract_traffic",
    "find_origin",
    "format_profile",
    "list_arrivals",
    "read_access_log",
    "read_operations",
    "select_requests",
]
