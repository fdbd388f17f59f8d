"""Which engine sends a profile in this process."""

from __future__ import annotations

from loadtests.http import HttpEngine
from loadtests.locust import ClosedLoopEngine, OpenLoopEngine
from loadtests.profile import OpenProfile, Profile
from loadtests.schedule import Engine


def create_engine(profile: Profile, seed: int) -> Engine:
    """Return the HTTP engine for declared requests, otherwise one of Locust's engines.

    Raises:
        ProblemsError: the locustfile can't be loaded, or contains something that this kind of load can't run.
    """
    if profile.requests is not None:
        return HttpEngine(profile, seed)
    if isinstance(profile, OpenProfile):
        return OpenLoopEngine(profile, seed)
    return ClosedLoopEngine(profile, seed)
