"""Settings of all tests."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes says more of the machine than of the code; pytest-timeout ends what hangs.
settings.register_profile("proofload", deadline=None)
settings.load_profile("proofload")
