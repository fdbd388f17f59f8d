from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import pytest

from target_service.card import ModelCard
from target_service.model import Model

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.target_service.conftest import Harness


def predict(rows: list[list[float]], **rest: Any) -> tuple[str, str, dict[str, Any]]:
    return "POST", "/predict", {"json": {"instances": rows}, **rest}


def test_predictions_have_the_order_of_the_rows_and_are_mostly_correct(
    harness: Callable[..., Harness], rows: list[list[float]], classes: list[str]
) -> None:
    response = harness(max_rows=1024).ask(predict(rows))[0]
    predictions = response.json()["predictions"]
    correct = [p["class"] == c for p, c in zip(predictions, classes, strict=True)]
    assert response.json()["model_version"] == Model.load().card.version
    assert sum(correct) / len(correct) > 0.95
    assert all(0.5 <= p["probability"] <= 1 for p in predictions)
    assert len({p["prediction_id"] for p in predictions}) == len(rows)


def test_feedback_reports_whether_the_prediction_was_correct_and_updates_the_accuracy(
    harness: Callable[..., Harness], rows: list[list[float]]
) -> None:
    service = harness(signing_key="a key of both workers")
    prediction = service.ask(predict(rows[:1]))[0].json()["predictions"][0]
    other_worker = harness(signing_key="a key of both workers")
    truths = ["malignant", "benign", "benign", "benign"]
    responses = other_worker.ask(
        *(
            ("POST", "/feedback", {"json": {"prediction_id": prediction["prediction_id"], "true_class": t}})
            for t in truths
        )
    )
    assert [response.json()["correct"] for response in responses] == [
        prediction["class"] == t for t in truths
    ]
    assert other_worker.registry.get_sample_value("model_accuracy_ratio") == 0.25
    assert other_worker.registry.get_sample_value("model_feedback_total", {"outcome": "wrong"}) == 3


def test_an_id_of_another_key_is_unknown(harness: Callable[..., Harness], rows: list[list[float]]) -> None:
    prediction = harness().ask(predict(rows[:1]))[0].json()["predictions"][0]
    sent = {"prediction_id": prediction["prediction_id"], "true_class": "benign"}
    assert harness().ask(("POST", "/feedback", {"json": sent}))[0].status_code == 404


def test_the_rolling_accuracy_excludes_feedback_older_than_its_window(
    harness: Callable[..., Harness], rows: list[list[float]]
) -> None:
    service = harness(feedback_window=2, signing_key="a key for two asks")
    prediction = service.ask(predict(rows[:1]))[0].json()["predictions"][0]
    sent = [
        ("POST", "/feedback", {"json": {"prediction_id": prediction["prediction_id"], "true_class": t}})
        for t in ("benign", "benign", "malignant", "malignant")
    ]
    second = harness(feedback_window=2, signing_key="a key for two asks")
    second.ask(*sent)
    assert second.registry.get_sample_value("model_accuracy_ratio") == 1


def test_the_model_is_described(harness: Callable[..., Harness]) -> None:
    info = harness().ask(("GET", "/model", {}))[0].json()
    card: ModelCard = Model.load().card
    assert info["version"] == card.version
    assert info["features"] == [feature.name for feature in card.features]
    assert info["metrics"]["accuracy"] > 0.95


BEFORE_START: dict[str, tuple[str, str, dict[str, Any], int]] = {
    "alive": ("GET", "/health", {}, 200),
    "not ready": ("GET", "/ready", {}, 503),
    "no model to describe": ("GET", "/model", {}, 503),
    "no model to predict with": ("POST", "/predict", {"json": {"instances": [[1.0] * 30]}}, 503),
}


@pytest.mark.parametrize(("method", "path", "rest", "status"), BEFORE_START.values(), ids=BEFORE_START)
def test_before_the_model_is_loaded_the_service_is_alive_but_not_ready(
    method: str, path: str, rest: dict[str, Any], status: int, harness: Callable[..., Harness]
) -> None:
    assert harness().ask((method, path, rest), started=False)[0].status_code == status


def test_the_examples_of_the_documentation_are_accepted(harness: Callable[..., Harness]) -> None:
    service = harness(faults=True)
    schemas = service.ask(("GET", "/openapi.json", {}))[0].json()["components"]["schemas"]
    responses = service.ask(
        *(("POST", "/predict", {"json": example}) for example in schemas["PredictRequest"]["examples"]),
        *(("POST", "/_faults", {"json": example}) for example in [*schemas["Faults"]["examples"], {}]),
    )
    assert [response.status_code for response in responses] == [200] * len(responses)
    assert service.ask(("GET", "/docs", {}))[0].status_code == 200


IDS: dict[str, tuple[str, bool]] = {
    "a UUID": ("7d5f1b0e-3a36-4a64-a1b5-3f3b9c7a1f10", True),
    "128 characters": ("a" * 128, True),
    "129 characters": ("a" * 129, False),
    "nothing": ("", False),
    "a space": ("a b", False),
    "a quote": ('a"b', False),
    "an escape": ("a\x1b[31m", False),
}


@pytest.mark.parametrize(("sent", "is_echoed"), IDS.values(), ids=IDS)
def test_a_request_id_is_echoed_and_logged_only_if_it_is_valid(
    sent: str, is_echoed: bool, harness: Callable[..., Harness]
) -> None:
    service = harness()
    response = service.ask(("GET", "/model", {"headers": {"X-Request-ID": sent}}))[0]
    echoed = response.headers["x-request-id"]
    assert echoed == sent if is_echoed else re.fullmatch("[0-9a-f]{32}", echoed)
    assert service.lines()[-1]["request_id"] == echoed


def test_an_unhandled_exception_gets_500_is_counted_once_and_logged_with_its_traceback(
    harness: Callable[..., Harness],
) -> None:
    service = harness()

    @service.app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("boom")

    response = service.ask(("GET", "/broken", {}))[0]
    assert (response.status_code, response.json()) == (500, {"detail": "Internal Server Error"})
    assert service.count(handler="/broken", status="500") == service.count() == 1
    (error,) = service.lines("unhandled error")
    assert "RuntimeError: boom" in error["exception"]
    assert error["request_id"] == response.headers["x-request-id"] == service.lines()[-1]["request_id"]
    assert service.lines()[-1]["status"] == 500


def test_a_failure_of_the_drift_detection_is_logged(
    harness: Callable[..., Harness], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("target_service.service.DriftReference", lambda _: 1 / 0)
    service = harness()

    @service.app.get("/turn")
    async def turn() -> None:
        await asyncio.sleep(0)

    service.ask(*[("GET", "/turn", {})] * 3)
    (error,) = service.lines("drift detection stopped")
    assert "ZeroDivisionError" in error["exception"]
