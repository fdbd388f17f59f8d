from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.support.reference_service import Harness

JSON = {"content-type": "application/json"}


def body(row: str, times: int = 1) -> bytes:
    return f'{{"instances": [{",".join([row] * times)}]}}'.encode()


def row(value: str) -> str:
    return f"[{','.join([value, *['1.5'] * 29])}]"


REFUSED: dict[str, tuple[bytes, list[str | int], str]] = {
    "no body": (b"", ["body"], "missing"),
    "invalid JSON": (b"[", ["body", 1], "json_invalid"),
    "invalid UTF-8": (b"\xff\xfe{", ["body"], "json_invalid"),
    "brackets nested too deeply": (b"[" * 200_000, ["body"], "json_invalid"),
    "a JSON list instead of an object": (b"[]", ["body"], "model_attributes_type"),
    "no instances": (b"{}", ["body", "instances"], "missing"),
    "an empty batch": (b'{"instances": []}', ["body", "instances"], "too_short"),
    "instances that are not a list": (b'{"instances": 1}', ["body", "instances"], "list_type"),
    "an unknown field": (body(row("1"))[:-1] + b', "x": 1}', ["body", "x"], "extra_forbidden"),
    "a row of 29": (body(f"[{','.join(['1'] * 29)}]"), ["body", "instances", 0], "too_short"),
    "a row of 31": (body(f"[{','.join(['1'] * 31)}]"), ["body", "instances", 0], "too_long"),
    "a row that is a number": (body("1"), ["body", "instances", 0], "list_type"),
    "more rows than the settings allow": (body(row("1"), 9), ["body", "instances"], "too_long"),
    "more rows than any settings allow": (body(row("1"), 1025), ["body", "instances"], "too_long"),
    "the literal NaN": (body(row("NaN")), ["body", "instances", 0, 0], "finite_number"),
    "the literal Infinity": (body(row("Infinity")), ["body", "instances", 0, 0], "finite_number"),
    "the literal -Infinity": (body(row("-Infinity")), ["body", "instances", 0, 0], "finite_number"),
    "a number beyond double precision": (body(row("1e999")), ["body", "instances", 0, 0], "finite_number"),
    "a number beyond single precision": (body(row("1e39")), ["body", "instances", 0, 0], "less_than_equal"),
    "an integer of 400 digits": (body(row("1" * 400)), ["body", "instances", 0, 0], "float_type"),
    "an integer of 5000 digits": (body(row("1" * 5000)), ["body"], "json_invalid"),
    "a number as text": (body(row('"1.5"')), ["body", "instances", 0, 0], "float_type"),
    "a boolean": (body(row("true")), ["body", "instances", 0, 0], "float_type"),
    "null": (body(row("null")), ["body", "instances", 0, 0], "float_type"),
}


@pytest.mark.parametrize(("sent", "loc", "kind"), REFUSED.values(), ids=REFUSED)
def test_an_invalid_prediction_request_gets_422_and_the_name_of_the_field(
    sent: bytes, loc: list[str | int], kind: str, harness: Callable[..., Harness]
) -> None:
    service = harness(max_rows=8)
    response = service.ask(("POST", "/predict", {"content": sent, "headers": JSON}))[0]
    assert response.status_code == 422
    first = response.json()["detail"][0]
    assert (first["loc"], first["type"]) == (loc, kind)
    assert set(first) == {"loc", "msg", "type"}
    assert service.count(handler="/predict", method="POST", status="422") == service.count() == 1


def test_a_request_without_content_type_is_refused(harness: Callable[..., Harness]) -> None:
    response = harness().ask(("POST", "/predict", {"content": body(row("1"))}))[0]
    assert response.status_code == 422


def test_a_response_lists_at_most_twenty_problems(harness: Callable[..., Harness]) -> None:
    sent = {"instances": [["x"] * 30] * 8}
    response = harness().ask(("POST", "/predict", {"json": sent}))[0]
    assert len(response.json()["detail"]) == 20


async def _chunks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size):
        yield b" " * 1000


TOO_LARGE: dict[str, Callable[[], dict[str, Any]]] = {
    "a declared length": lambda: {"content": b" " * 20_000},
    "chunks without a length": lambda: {"content": _chunks(20)},
}


@pytest.mark.parametrize("rest", TOO_LARGE.values(), ids=TOO_LARGE)
def test_a_body_over_the_limit_gets_413_and_is_counted(
    rest: Callable[[], dict[str, Any]], harness: Callable[..., Harness]
) -> None:
    service = harness(max_body_bytes=10_000)
    response = service.ask(("POST", "/predict", {"headers": JSON, **rest()}))[0]
    assert (response.status_code, response.text) == (413, "Content Too Large")
    assert service.count(handler="/predict", status="413") == service.count() == 1


FEEDBACK: dict[str, tuple[dict[str, Any], int]] = {
    "an id that is not base64": ({"prediction_id": "é", "true_class": "benign"}, 404),
    "an id that is too short for a signature": ({"prediction_id": "AAAA", "true_class": "benign"}, 404),
    "a forged id": ({"prediction_id": "A" * 28, "true_class": "benign"}, 404),
    "an empty id": ({"prediction_id": "", "true_class": "benign"}, 422),
    "an id that is too long": ({"prediction_id": "A" * 65, "true_class": "benign"}, 422),
    "an unknown class": ({"prediction_id": "A" * 28, "true_class": "unsure"}, 422),
    "no class": ({"prediction_id": "A" * 28}, 422),
}


@pytest.mark.parametrize(("sent", "status"), FEEDBACK.values(), ids=FEEDBACK)
def test_invalid_feedback_is_refused_and_not_counted_as_feedback(
    sent: dict[str, Any], status: int, harness: Callable[..., Harness]
) -> None:
    service = harness()
    assert service.ask(("POST", "/feedback", {"json": sent}))[0].status_code == status
    assert service.registry.get_sample_value("model_feedback_total", {"outcome": "wrong"}) == 0
    assert service.registry.get_sample_value("model_feedback_total", {"outcome": "correct"}) == 0
    assert service.registry.get_sample_value("model_accuracy_ratio") is None
