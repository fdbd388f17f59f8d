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


def test_predictions_come_in_the_order_of_the_rows_and_are_mostly_right(
    harness: Callable[..., Harness], rows: list[list[float]], classes: list[str]
) -> None:
    answer = harness(max_rows=1024).ask(predict(rows))[0]
    predictions = answer.json()["predictions"]
    right = [p["class"] == c for p, c in zip(predictions, classes, strict=True)]
    assert answer.json()["model_version"] == Model.load().card.version
    assert sum(right) / len(right) > 0.95
    assert all(0.5 <= p["probability"] <= 1 for p in predictions)
    assert len({p["prediction_id"] for p in predictions}) == len(rows)


def test_feedback_says_whether_the_prediction_was_right_and_moves_the_accuracy(
    harness: Callable[..., Harness], rows: list[list[float]]
) -> None:
    service = harness(signing_key="a key that both share")
    prediction = service.ask(predict(rows[:1]))[0].json()["predictions"][0]
    other_worker = harness(signing_key="a key that both share")
    truths = ["malignant", "benign", "benign", "benign"]
    answers = other_worker.ask(
        *(
            ("POST", "/feedback", {"json": {"prediction_id": prediction["prediction_id"], "true_class": t}})
            for t in truths
        )
    )
    assert [a.json()["correct"] for a in answers] == [prediction["class"] == t for t in truths]
    assert other_worker.registry.get_sample_value("model_accuracy_ratio") == 0.25
    assert other_worker.registry.get_sample_value("model_feedback_total", {"outcome": "wrong"}) == 3


def test_an_id_of_another_key_is_unknown(harness: Callable[..., Harness], rows: list[list[float]]) -> None:
    prediction = harness().ask(predict(rows[:1]))[0].json()["predictions"][0]
    sent = {"prediction_id": prediction["prediction_id"], "true_class": "benign"}
    assert harness().ask(("POST", "/feedback", {"json": sent}))[0].status_code == 404


def test_the_rolling_accuracy_forgets_what_is_older_than_its_window(
    harness: Callable[..., Harness], rows: list[list[float]]
) -> None:
    service = harness(feedback_window=2, signing_key="a key for two asks")
    prediction = service.ask(predict(rows[:1]))[0].json()["predictions"][0]
    sent = [
        ("POST", "/feedback", {"json": {"prediction_id": prediction["prediction_id"], "true_class": t}})
        for t in ("benign", "benign", "malignant", "malignant")
    ]
    again = harness(feedback_window=2, signing_key="a key for two asks")
    again.ask(*sent)
    assert again.registry.get_sample_value("model_accuracy_ratio") == 1


def test_the_model_is_described(harness: Callable[..., Harness]) -> None:
    answer = harness().ask(("GET", "/model", {}))[0].json()
    card: ModelCard = Model.load().card
    assert answer["version"] == card.version
    assert answer["features"] == [feature.name for feature in card.features]
    assert answer["metrics"]["accuracy"] > 0.95


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
    answers = service.ask(
        *(("POST", "/predict", {"json": example}) for example in schemas["PredictRequest"]["examples"]),
        *(("POST", "/_faults", {"json": example}) for example in [*schemas["Faults"]["examples"], {}]),
    )
    assert [answer.status_code for answer in answers] == [200] * len(answers)
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


@pytest.mark.parametrize(("sent", "kept"), IDS.values(), ids=IDS)
def test_a_request_id_is_echoed_and_logged_only_when_it_is_harmless(
    sent: str, kept: bool, harness: Callable[..., Harness]
) -> None:
    service = harness()
    answer = service.ask(("GET", "/model", {"headers": {"X-Request-ID": sent}}))[0]
    echoed = answer.headers["x-request-id"]
    assert echoed == sent if kept else re.fullmatch("[0-9a-f]{32}", echoed)
    assert service.lines()[-1]["request_id"] == echoed


def test_what_nobody_caught_is_answered_500_counted_once_and_logged_with_its_traceback(
    harness: Callable[..., Harness],
) -> None:
    service = harness()

    @service.app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("boom")

    answer = service.ask(("GET", "/broken", {}))[0]
    assert (answer.status_code, answer.json()) == (500, {"detail": "Internal Server Error"})
    assert service.count(handler="/broken", status="500") == service.count() == 1
    (error,) = service.lines("unhandled error")
    assert "RuntimeError: boom" in error["exception"]
    assert error["request_id"] == answer.headers["x-request-id"] == service.lines()[-1]["request_id"]
    assert service.lines()[-1]["status"] == 500


def test_the_end_of_the_drift_watch_is_logged(
    harness: Callable[..., Harness], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("target_service.service.DriftReference", lambda _: 1 / 0)
    service = harness()

    @service.app.get("/turn")
    async def turn() -> None:
        await asyncio.sleep(0)

    service.ask(*[("GET", "/turn", {})] * 3)
    (error,) = service.lines("drift is no longer watched")
    assert "ZeroDivisionError" in error["exception"]
