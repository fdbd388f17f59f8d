"""Which engine sends a profile."""

from __future__ import annotations

from loadtests.http.engine import WireEngine
from loadtests.locust.closed_loop import ClosedEngine
from loadtests.locust.open_loop import OpenEngine
from loadtests.profile.profile_models import OpenProfile, Profile
from loadtests.schedule.engine import Engine


def engine_for(profile: Profile, seed: int) -> Engine:
    """Give the engine of this process.

    Raises:
        ProblemsError: the profile's locustfile can't be loaded, or holds what can't be sent in that way.
    """
    if profile.requests is not None:
        return WireEngine(profile, seed)
    if isinstance(profile, OpenProfile):
        return OpenEngine(profile, seed)
    return ClosedEngine(profile, seed)
