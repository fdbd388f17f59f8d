"""Which engine sends a profile."""

from __future__ import annotations

from loadtests.closed_loop import ClosedEngine
from loadtests.engine import Engine
from loadtests.open_loop import OpenEngine
from loadtests.profile import OpenProfile, Profile
from loadtests.wire.engine import WireEngine


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
