"""A locustfile whose one task tries everything that a task may ask of its client, and writes what it saw.

It runs in Proofload's generator, and (started by itself) in Locust as it comes.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, cast

from locust import FastHttpUser, events, task
from locust.env import Environment

from tests.loadtests.http import client_asks, client_decides, client_faults, client_sees, client_ways
from tests.loadtests.http.client_cases import CASES

_ADDED = (client_asks, client_sees, client_decides, client_ways, client_faults)
SEEN: dict[str, Any] = {}
HEARD: list[dict[str, Any]] = []


@events.request.add_listener  # type: ignore[untyped-decorator] # Locust has no types here
def hear(**fields: Any) -> None:
    """Write down what is told of a request."""
    HEARD.append({
        "name": fields["name"],
        "method": fields["request_type"],
        "error": type(fields["exception"]).__name__,
        "bytes": fields["response_length"],
        "context": sorted(fields["context"]),
        "keys": sorted(fields),
    })  # fmt: skip


@events.request.add_listener  # type: ignore[untyped-decorator] # Locust has no types here
def stumble(**_: Any) -> None:
    """Raise, as listeners may."""
    raise KeyError("in a listener")


class Shop(FastHttpUser):
    """Tries every case once."""

    network_timeout = 0.3
    connection_timeout = 0.3
    max_redirects = 3
    default_headers = {"x-TEAM": "blue", "Accept-Language": "de"}  # noqa: RUF012 - as in Locust's manual
    host = None

    def context(self) -> dict[str, str]:
        """Give what listeners hear of the user."""
        return {"shop": "north"}

    @task
    def everything(self) -> None:
        """Try them all."""
        for sentence, function in CASES.items():
            self.client.cookiejar.clear()
            with self.client.rename_request(sentence):
                try:
                    SEEN[sentence] = function(self)
                except Exception as error:  # noqa: BLE001 - it is what was seen
                    SEEN[sentence] = f"raised {type(error).__name__}: {error}"
        Path(os.environ["TEST_OUT"]).write_text(json.dumps({"seen": SEEN, "heard": HEARD}, default=str))


def main(host: str) -> None:
    """Run it in Locust as it comes."""
    environment = Environment(user_classes=[Shop], events=events, host=host)
    environment.create_local_runner()
    Shop.host = cast("Any", host)
    Shop(environment).everything()


if __name__ == "__main__":
    main(sys.argv[1])
