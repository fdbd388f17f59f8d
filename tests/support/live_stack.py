"""A Prometheus that is asked what dashboards ask."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import requests

from tests.support.dashboards import Query

SHOWN_SECONDS = 30
"""What the dashboards would show: the load and what came before."""
STEP_SECONDS = 1


@dataclass(frozen=True)
class Live:
    """A Prometheus that has seen a load, and the time (Unix seconds) at which it ended."""

    url: str
    end: float

    def ask(self, path: str, **parameters: object) -> Any:
        answer = requests.get(f"{self.url}/api/v1/{path}", params=dict(parameters), timeout=10)  # type: ignore[arg-type]
        assert answer.ok, answer.text
        return answer.json()["data"]

    def series(self, query: Query) -> int:
        """Count the series with at least one finite value."""
        if query.instant:
            found = self.ask("query", query=query.expr, time=self.end)["result"]
            values = [[row["value"]] for row in found]
        else:
            start = self.end - SHOWN_SECONDS
            found = self.ask("query_range", query=query.expr, start=start, end=self.end, step=STEP_SECONDS)
            values = [row["values"] for row in found["result"]]
        return sum(any(math.isfinite(float(value)) for _, value in row) for row in values)
