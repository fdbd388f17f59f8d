from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.reference_service import Harness

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
