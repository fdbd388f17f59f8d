from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from target_service.ml import Model, ModelCard

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.reference_service import Harness


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


def test_a_failure_of_the_drift_detection_is_logged(
    harness: Callable[..., Harness], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("target_service.api.service.DriftReference", lambda _: 1 / 0)
    service = harness()

    @service.app.get("/turn")
    async def turn() -> None:
        await asyncio.sleep(0)

    service.ask(*[("GET", "/turn", {})] * 3)
    (error,) = service.lines("drift detection stopped")
    assert "ZeroDivisionError" in error["exception"]
