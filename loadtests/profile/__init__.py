"""Load profiles: which requests to send, at which rate and for how long, and the files that profiles name.

The package imports neither Locust nor gevent.
"""

from loadtests.profile.data_rows import Row, fill_request, find_columns, read_rows
from loadtests.profile.declared_requests import DeclaredRequest, Expectation
from loadtests.profile.durations import parse_duration
from loadtests.profile.profile_models import (
    AbortCondition,
    ClosedProfile,
    OpenProfile,
    Profile,
    ScheduledProfile,
    Stage,
    TraceProfile,
    TraceStage,
    UserStage,
    compute_load_seconds,
)
from loadtests.profile.profile_reader import load_profile
from loadtests.profile.request_encoding import encode_request_target
from loadtests.profile.target_url import (
    TargetUrl,
    parse_address,
    parse_port_address,
    parse_target_url,
    remove_credentials,
    validate_target_url,
)

__all__ = [
    "AbortCondition",
    "ClosedProfile",
    "DeclaredRequest",
    "Expectation",
    "OpenProfile",
    "Profile",
    "Row",
    "ScheduledProfile",
    "Stage",
    "TargetUrl",
    "TraceProfile",
    "TraceStage",
    "UserStage",
    "compute_load_seconds",
    "encode_request_target",
    "fill_request",
    "find_columns",
    "load_profile",
    "parse_address",
    "parse_duration",
    "parse_port_address",
    "parse_target_url",
    "read_rows",
    "remove_credentials",
    "validate_target_url",
]
