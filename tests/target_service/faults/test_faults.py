from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_service.faults.fault_injection import CRASH_EXIT_CODE, FaultInjector, Faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.reference_service import Harness, Serve

PREDICT: tuple[str, str, dict[str, Any]] = ("POST", "/predict", {"json": {"instances": [[1.0] * 30]}})


def set_faults(**faults: Any) -> tuple[str, str, dict[str, Any]]:
    return "POST", "/_faults", {"json": faults}


BAD: dict[str, dict[str, Any]] = {
    "negative latency": {"latency_seconds": -0.1},
    "more errors than requests": {"error_ratio": 1.1},
    "a stall that is too long": {"stall_seconds": 1e9},
    "a misspelt fault": {"latency": 1},
    "a crash at a negative time": {"crash_after_seconds": -1},
}


@pytest.mark.parametrize("faults", BAD.values(), ids=BAD)
def test_an_invalid_fault_is_refused_by_name(faults: dict[str, Any], harness: Callable[..., Harness]) -> None:
    response = harness(faults=True).ask(set_faults(**faults))[0]
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["body", *faults]


def test_the_faults_endpoint_exists_only_if_the_settings_allow_it(harness: Callable[..., Harness]) -> None:
    service = harness()
    responses = service.ask(set_faults(crash=True), ("GET", "/openapi.json", {}))
    assert responses[0].status_code == 404
    assert "/_faults" not in responses[1].json()["paths"]


@given(st.floats(0, 1), st.integers(0, 2000))
def test_the_error_ratio_is_exact_to_one_request(ratio: float, requests: int) -> None:
    async def fail() -> int:
        injector = FaultInjector()
        injector.set_faults(Faults(error_ratio=ratio))
        return sum(injector.should_fail_next() for _ in range(requests))

    assert abs(asyncio.run(fail()) - ratio * requests) < 1


def test_every_fiftieth_request_fails_at_two_percent_and_is_counted(harness: Callable[..., Harness]) -> None:
    service = harness(faults=True)
    responses = service.ask(set_faults(error_ratio=0.02), *[PREDICT] * 100)[1:]
    failed = [number for number, response in enumerate(responses, 1) if response.status_code == 500]
    assert failed == [50, 100]
    assert service.count(handler="/predict", status="500") == 2
    assert service.count(handler="/predict", status="200") == 98
    assert sum(line["status"] == 500 for line in service.lines()) == 2


def test_added_latency_is_in_the_histogram_of_the_service(harness: Callable[..., Harness]) -> None:
    service = harness(faults=True)
    service.ask(set_faults(latency_seconds=0.06), PREDICT, set_faults(), PREDICT)
    labels = {"handler": "/predict", "method": "POST", "status": "200", "le": "0.05"}
    at_most_50_ms = service.registry.get_sample_value("http_request_duration_seconds_bucket", labels)
    total = service.registry.get_sample_value(
        "http_request_duration_seconds_bucket", {**labels, "le": "+Inf"}
    )
    assert (at_most_50_ms, total) == (1, 2)


def test_drift_shifts_the_inputs(harness: Callable[..., Harness], rows: list[list[float]]) -> None:
    service = harness(faults=True)
    benign: tuple[str, str, dict[str, Any]] = "POST", "/predict", {"json": {"instances": rows[19:20]}}
    responses = service.ask(benign, set_faults(drift=3), benign)
    classes = [responses[i].json()["predictions"][0]["class"] for i in (0, 2)]
    assert classes == ["benign", "malignant"]


def test_a_stall_delays_every_request_and_response(serve: Serve) -> None:
    service = serve(TARGET_FAULTS="1")
    service.ask("POST", "/_faults", json={"stall_seconds": 1})
    with ThreadPoolExecutor() as pool:
        futures = [
            pool.submit(service.ask, *PREDICT[:2], **PREDICT[2]),
            *(pool.submit(service.ask, "GET", path) for path in ("/health", "/metrics")),
        ]
        assert [future.result().status_code for future in futures] == [200] * 3
    at_most_250_ms = service.metric("http_request_duration_seconds_bucket", handler="/predict", le="0.25")
    assert (at_most_250_ms, service.metric("http_requests_total", handler="/predict")) == (0, 1)


def test_clearing_the_faults_ends_a_stall_at_once(serve: Serve) -> None:
    service = serve(TARGET_FAULTS="1")
    service.ask("POST", "/_faults", json={"stall_seconds": 600})
    with ThreadPoolExecutor() as pool:
        stalled = pool.submit(service.ask, "GET", "/health")
        assert service.ask("POST", "/_faults", json={}).status_code == 200
        assert stalled.result(timeout=20).status_code == 200


CRASHES: dict[str, dict[str, Any]] = {
    "at once, without a response": {"crash": True},
    "a little later": {"crash_after_seconds": 0.05},
}


@pytest.mark.parametrize("faults", CRASHES.values(), ids=CRASHES)
def test_a_crash_ends_the_process(faults: dict[str, Any], serve: Serve) -> None:
    service = serve(TARGET_FAULTS="1")
    if "crash" in faults:
        with pytest.raises(httpx.TransportError):
            service.ask("POST", "/_faults", json=faults)
    else:
        assert service.ask("POST", "/_faults", json=faults).status_code == 200
    assert service.process.wait(30) == CRASH_EXIT_CODE


def test_a_scheduled_crash_can_be_cancelled() -> None:
    async def cancel() -> bool:
        injector = FaultInjector()
        injector.set_faults(Faults(crash_after_seconds=3600))
        timer = injector._crash_timer
        injector.set_faults(Faults())
        return timer is not None and timer.cancelled()

    assert asyncio.run(cancel())
