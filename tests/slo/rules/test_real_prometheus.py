"""The rules in a real Prometheus that scrapes a page: what they record of a service that begins to fail."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from slo.model import Spec
from slo.rules import format_rules
from tests.slo.rules.rules_cases import FAILING
from tests.support.prometheus_server import ScrapedPrometheus, run_prometheus

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
SPEC = Spec((FAILING,))
DEADLINE_SECONDS = 30.0


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScrapedPrometheus]:
    rules = format_rules(SPEC)
    assert "interval: 1m\n" in rules
    with run_prometheus(
        tmp_path_factory.mktemp("rules"), rules.replace("interval: 1m\n", "interval: 1s\n")
    ) as server:
        yield server


def format_page(good: int, bad: int | None) -> str:
    failed = "" if bad is None else f'requests_total{{code="500"}} {bad}\n'
    return f'requests_total{{code="200"}} {good}\n{failed}'


def query_value(prometheus: ScrapedPrometheus, query: str) -> float | None:
    series = prometheus.client.query_instant(query, time.time()).series
    assert len(series) <= 1, series
    return series[0].values[-1] if series else None


def await_value(prometheus: ScrapedPrometheus, query: str, low: float, high: float) -> float:
    """Poll a query until its value lies between two values (inclusive)."""
    deadline, value = time.monotonic() + DEADLINE_SECONDS, None
    while time.monotonic() < deadline:
        value = query_value(prometheus, query)
        if value is not None and low <= value <= high:
            return value
        time.sleep(0.2)
    pytest.fail(f"{query} is {value}, not between {low} and {high}")


def test_recorded_series_of_a_service_that_begins_to_fail(prometheus: ScrapedPrometheus) -> None:
    # Old counters that are new to this Prometheus: what they counted before is not in the window.
    for _ in range(8):
        prometheus.publish(format_page(1_000_000, None), SPEC)
    await_value(prometheus, "slo:sli_total:events", 0, 0)
    assert query_value(prometheus, "slo:sli_bad:events") == 0
    assert query_value(prometheus, "slo:sli_error:ratio_rate5m") is None
    assert query_value(prometheus, "slo:current_burn_rate:ratio") is None

    # The 5xx series is new, with 10 errors among 100 requests: `rate` alone would return 0.
    prometheus.publish(format_page(1_000_090, 10), SPEC)
    await_value(prometheus, "slo:sli_bad:events", 10, 10)
    # increase() extrapolates the other series, so the ratio may be below 0.1.
    new_series_ratio = await_value(prometheus, "slo:sli_error:ratio_rate5m", 0.08, 0.1)
    burn_rate = await_value(prometheus, "slo:current_burn_rate:ratio", 8, 10)
    assert burn_rate == pytest.approx(new_series_ratio / 0.01, rel=0.2)

    # A burst: 50 of 100 more fail, 60 of 200 in total.
    prometheus.publish(format_page(1_000_140, 60), SPEC)
    await_value(prometheus, "slo:sli_error:ratio_rate5m", 0.27, 0.36)
    for window in ("30m", "3d", "4w"):
        await_value(prometheus, f"slo:sli_error:ratio_rate{window}", 0.1, 0.36)
    period_burn_rate = await_value(prometheus, "slo:period_burn_rate:ratio", 10, 36)
    remaining = await_value(prometheus, "slo:period_error_budget_remaining:ratio", -35, -9)
    assert remaining == pytest.approx(1 - period_burn_rate, rel=0.2)
    assert query_value(prometheus, "slo:error_budget:ratio") == 0.01
    assert query_value(prometheus, "sloth_slo_info") == 1
    firing = 'count(ALERTS{alertname="SLOErrorBudgetBurn",alertstate="firing",severity="page"})'
    await_value(prometheus, firing, 1, 1)
