"""A Prometheus that answers the queries of dashboards."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import requests

from tests.support.dashboards import Query

SHOWN_SECONDS = 30
"""The time range of the dashboards: the load and some seconds before it."""
STEP_SECONDS = 1


@dataclass(frozen=True)
class LivePrometheus:
    """A Prometheus that scraped during a load, and the Unix time at which the load ended."""

    url: str
    end: float

    def get_api(self, path: str, **parameters: object) -> Any:
        response = requests.get(f"{self.url}/api/v1/{path}", params=dict(parameters), timeout=10)  # type: ignore[arg-type]
        assert response.ok, response.text
        return response.json()["data"]

    def count_series(self, query: Query) -> int:
        """Return the number of series with at least one finite value."""
        if query.instant:
            result = self.get_api("query", query=query.expr, time=self.end)["result"]
            values = [[series["value"]] for series in result]
        else:
            start = self.end - SHOWN_SECONDS
            times = {"start": start, "end": self.end, "step": STEP_SECONDS}
            result = self.get_api("query_range", query=query.expr, **times)["result"]
            values = [series["values"] for series in result]
        return sum(any(math.isfinite(float(value)) for _, value in samples) for samples in values)
