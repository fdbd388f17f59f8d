"""A locustfile whose only task runs every case of a client and writes what it observed.

It runs in Proofload's generator and, as a main program, in unmodified Locust.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, cast

from locust import FastHttpUser, events, task
from locust.env import Environment

from tests.loadtests.locust import (
    client_fault_cases,
    client_outcome_cases,
    client_redirect_cases,
    client_request_cases,
    client_response_cases,
)
from tests.loadtests.locust.client_cases import CASES

_REGISTERED = (
    client_request_cases,
    client_response_cases,
    client_outcome_cases,
    client_redirect_cases,
    client_fault_cases,
)
OBSERVED: dict[str, Any] = {}
EVENTS: list[dict[str, Any]] = []


@events.request.add_listener  # type: ignore[untyped-decorator] # Locust has no types here
def store_event(**fields: Any) -> None:
    """Store the arguments of a request event."""
    EVENTS.append({
        "name": fields["name"],
        "method": fields["request_type"],
        "error": type(fields["exception"]).__name__,
        "bytes": fields["response_length"],
        "context": sorted(fields["context"]),
        "keys": sorted(fields),
    })  # fmt: skip


@events.request.add_listener  # type: ignore[untyped-decorator] # Locust has no types here
def raise_error(**_: Any) -> None:
    """Raise, as a faulty listener does."""
    raise KeyError("in a listener")


class Shop(FastHttpUser):
    """Runs every case once."""

    network_timeout = 0.3
    connection_timeout = 0.3
    max_redirects = 3
    default_headers = {"x-TEAM": "blue", "Accept-Language": "de"}  # noqa: RUF012 - as in Locust's manual
    host = None

    def context(self) -> dict[str, str]:
        """Return the context that listeners receive for the user."""
        return {"shop": "north"}

    @task
    def run_cases(self) -> None:
        """Run all cases, and write the observations to a file."""
        for sentence, function in CASES.items():
            self.client.cookiejar.clear()
            with self.client.rename_request(sentence):
                try:
                    OBSERVED[sentence] = function(self)
                except Exception as error:  # noqa: BLE001 - the exception is the observation
                    OBSERVED[sentence] = f"raised {type(error).__name__}: {error}"
        result = {"observed": OBSERVED, "events": EVENTS}
        Path(os.environ["TEST_OUT"]).write_text(json.dumps(result, default=str))


def main(host: str) -> None:
    """Run the cases in unmodified Locust."""
    environment = Environment(user_classes=[Shop], events=events, host=host)
    environment.create_local_runner()
    Shop.host = cast("Any", host)
    Shop(environment).run_cases()


if __name__ == "__main__":
    main(sys.argv[1])
