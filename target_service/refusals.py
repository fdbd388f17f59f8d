"""Answers 422 that name the field, whatever was sent.

FastAPI's own handler echoes the input, which fails with 500 where the input holds NaN; and what
``json.loads`` refuses with anything but ``JSONDecodeError`` (bytes that are no UTF-8, an integer of 5000
digits, brackets nested too deep) it answers 400 without saying where.
"""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response

SHOWN = 20
"""Most things wrong that one answer lists; a batch may hold thousands."""


def refusal(loc: tuple[str | int, ...], kind: str, message: str) -> RequestValidationError:
    """Return the exception for one thing wrong at ``loc``, e.g. ``("body", "instances")``."""
    return RequestValidationError([{"loc": loc, "type": kind, "msg": message}])


def handle(app: FastAPI) -> None:
    """Make ``app`` answer every bad body as 422 in one form."""
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _unparsable)


def _answer(errors: Sequence[Any]) -> Response:
    detail = [{"loc": list(e["loc"]), "msg": e["msg"], "type": e["type"]} for e in errors[:SHOWN]]
    return JSONResponse({"detail": detail}, 422)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - it is registered for no other
    return _answer(error.errors())


async def _unparsable(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for no other
    if error.status_code == 400 and isinstance(error.__cause__, ValueError | RecursionError):  # noqa: PLR2004 - FastAPI's answer to them
        return _answer(
            [{"loc": ["body"], "type": "json_invalid", "msg": "The body is no JSON that can be read"}]
        )
    if error.status_code == 413:  # noqa: PLR2004 - as Starlette's body limit says it where the length is declared
        return PlainTextResponse("Content Too Large", 413)
    return await http_exception_handler(request, error)
