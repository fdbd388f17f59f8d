from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_service.faults import CRASH_EXIT_CODE, FaultInjector, Faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.target_service.conftest import Harness, Serve

PREDICT: tuple[str, str, dict[str, Any]] = ("POST", "/predict", {"json": {"instances": [[1.0] * 30]}})


def set_faults(**faults: Any) -> tuple[str, str, dict[str, Any]]:
    return "POST", "/_faults", {"json": faults}


BAD: dict[str, dict[str, Any]] = {
    "negative latency": {"latency_seconds": -0.1},
    "more errors than requests": {"error_ratio": 1.1},
    "an endless stall": {"stall_seconds": 1e9},
    "a misspelt fault": {"latency": 1},
    "a crash in the past": {"crash_after_seconds": -1},
}


@pytest.mark.parametrize("faults", BAD.values(), ids=BAD)
def test_a_bad_fault_is_refused_by_name(faults: dict[str, Any], harness: Callable[..., Harness]) -> None:
    answer = harness(faults=True).ask(set_faults(**faults))[0]
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", *faults]


def test_faults_do_not_exist_unless_the_settings_allow_them(harness: Callable[..., Harness]) -> None:
    service = harness()
    answers = service.ask(set_faults(crash=True), ("GET", "/openapi.json", {}))
    assert answers[0].status_code == 404
    assert "/_faults" not in answers[1].json()["paths"]


@given(st.floats(0, 1), st.integers(0, 2000))
def test_the_error_ratio_is_kept_to_the_request(ratio: float, requests: int) -> None:
    async def fail() -> int:
        injector = FaultInjector()
        injector.set(Faults(error_ratio=ratio))
        return sum(injector.next_fails() for _ in range(requests))

    assert abs(asyncio.run(fail()) - ratio * requests) < 1


def test_every_fiftieth_request_fails_at_two_percent_and_is_counted(harness: Callable[..., Harness]) -> None:
    service = harness(faults=True)
    answers = service.ask(set_faults(error_ratio=0.02), *[PREDICT] * 100)[1:]
    failed = [number for number, answer in enumerate(answers, 1) if answer.status_code == 500]
    assert failed == [50, 100]
    assert service.count(handler="/predict", status="500") == 2
    assert service.count(handler="/predict", status="200") == 98
    assert sum(line["status"] == 500 for line in service.lines()) == 2


def test_added_latency_shows_in_the_service_s_own_histogram(harness: Callable[..., Harness]) -> None:
    service = harness(faults=True)
    service.ask(set_faults(latency_seconds=0.06), PREDICT, set_faults(), PREDICT)
    labels = {"handler": "/predict", "method": "POST", "status": "200", "le": "0.05"}
    within = service.registry.get_sample_value("http_request_duration_seconds_bucket", labels)
    total = service.registry.get_sample_value(
        "http_request_duration_seconds_bucket", {**labels, "le": "+Inf"}
    )
    assert (within, total) == (1, 2)


def test_drift_moves_the_inputs(harness: Callable[..., Harness], rows: list[list[float]]) -> None:
    service = harness(faults=True)
    benign: tuple[str, str, dict[str, Any]] = "POST", "/predict", {"json": {"instances": rows[19:20]}}
    answers = service.ask(benign, set_faults(drift=3), benign)
    classes = [answers[i].json()["predictions"][0]["class"] for i in (0, 2)]
    assert classes == ["benign", "malignant"]


def test_a_stall_holds_every_request_and_then_answers_it(serve: Serve) -> None:
    service = serve(TARGET_FAULTS="1")
    service.ask("POST", "/_faults", json={"stall_seconds": 1})
    with ThreadPoolExecutor() as pool:
        answers = [
            pool.submit(service.ask, *PREDICT[:2], **PREDICT[2]),
            *(pool.submit(service.ask, "GET", path) for path in ("/health", "/metrics")),
        ]
        assert [answer.result().status_code for answer in answers] == [200] * 3
    quick = service.metric("http_request_duration_seconds_bucket", handler="/predict", le="0.25")
    assert (quick, service.metric("http_requests_total", handler="/predict")) == (0, 1)


def test_clearing_the_faults_ends_a_stall_at_once(serve: Serve) -> None:
    service = serve(TARGET_FAULTS="1")
    service.ask("POST", "/_faults", json={"stall_seconds": 600})
    with ThreadPoolExecutor() as pool:
        held = pool.submit(service.ask, "GET", "/health")
        assert service.ask("POST", "/_faults", json={}).status_code == 200
        assert held.result(timeout=20).status_code == 200


CRASHES: dict[str, dict[str, Any]] = {
    "at once, without an answer": {"crash": True},
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


def test_a_crash_that_is_due_can_be_called_off() -> None:
    async def call_off() -> bool:
        injector = FaultInjector()
        injector.set(Faults(crash_after_seconds=3600))
        due = injector._crash
        injector.set(Faults())
        return due is not None and due.cancelled()

    assert asyncio.run(call_off())
