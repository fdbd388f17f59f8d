"""The rules in a real Prometheus that scrapes a page: what they record of a service that begins to fail."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from slo.model import Spec
from slo.rules.rule_files import rules_text
from tests.slo.rules.rules_cases import FAILING
from tests.support.prometheus_server import Scraped, scraped

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
SPEC = Spec((FAILING,))
DEADLINE_SECONDS = 30.0


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraped]:
    rules = rules_text(SPEC)
    assert "interval: 1m\n" in rules
    with scraped(
        tmp_path_factory.mktemp("rules"), rules.replace("interval: 1m\n", "interval: 1s\n")
    ) as server:
        yield server


def page(good: int, bad: int | None) -> str:
    failed = "" if bad is None else f'requests_total{{code="500"}} {bad}\n'
    return f'requests_total{{code="200"}} {good}\n{failed}'


def recorded(prometheus: Scraped, name: str) -> float | None:
    series = prometheus.api.value(name, time.time()).series
    assert len(series) <= 1, series
    return series[0].values[-1] if series else None


def awaited(prometheus: Scraped, name: str, low: float, high: float) -> float:
    """Poll a recorded series until it lies between two values."""
    deadline, value = time.monotonic() + DEADLINE_SECONDS, None
    while time.monotonic() < deadline:
        value = recorded(prometheus, name)
        if value is not None and low <= value <= high:
            return value
        time.sleep(0.2)
    pytest.fail(f"{name} is {value}, not within {low} and {high}")


def test_what_is_recorded_of_a_service_that_begins_to_fail(prometheus: Scraped) -> None:
    # Long-lived counters that are new to this Prometheus: their past is no traffic of now.
    for _ in range(8):
        prometheus.show(page(1_000_000, None), SPEC)
    awaited(prometheus, "slo:sli_total:events", 0, 0)
    assert recorded(prometheus, "slo:sli_bad:events") == 0
    assert recorded(prometheus, "slo:sli_error:ratio_rate5m") is None
    assert recorded(prometheus, "slo:current_burn_rate:ratio") is None

    # The 5xx series is born with 10 errors among 100 requests: `rate` alone would say 0.
    prometheus.show(page(1_000_090, 10), SPEC)
    awaited(prometheus, "slo:sli_bad:events", 10, 10)
    newborn = awaited(
        prometheus, "slo:sli_error:ratio_rate5m", 0.08, 0.1
    )  # increase() of the rest extrapolates
    burning = awaited(prometheus, "slo:current_burn_rate:ratio", 8, 10)
    assert burning == pytest.approx(newborn / 0.01, rel=0.2)

    # A burst: 50 of 100 more fail, 60 of 200 in all.
    prometheus.show(page(1_000_140, 60), SPEC)
    awaited(prometheus, "slo:sli_error:ratio_rate5m", 0.27, 0.36)
    for window in ("30m", "3d", "4w"):
        awaited(prometheus, f"slo:sli_error:ratio_rate{window}", 0.1, 0.36)
    period = awaited(prometheus, "slo:period_burn_rate:ratio", 10, 36)
    assert awaited(prometheus, "slo:period_error_budget_remaining:ratio", -35, -9) == pytest.approx(
        1 - period, rel=0.2
    )
    assert recorded(prometheus, "slo:error_budget:ratio") == 0.01
    assert recorded(prometheus, "sloth_slo_info") == 1
    firing = 'count(ALERTS{alertname="SLOErrorBudgetBurn",alertstate="firing",severity="page"})'
    awaited(prometheus, firing, 1, 1)
