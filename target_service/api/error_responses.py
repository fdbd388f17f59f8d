"""Error responses with status 422 that name the invalid field, for any body.

FastAPI's own handler repeats the input, which fails with status 500 if the input contains NaN. It responds
with status 400 and no location if ``json.loads`` raises another exception than ``JSONDecodeError`` (invalid
UTF-8, an integer of 5000 digits, brackets nested too deeply).
"""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response

MAX_PROBLEMS = 20
"""A batch may have thousands of problems."""


def create_validation_error(loc: tuple[str | int, ...], kind: str, message: str) -> RequestValidationError:
    """Return the exception for one problem at ``loc``, e.g. ``("body", "instances")``."""
    return RequestValidationError([{"loc": loc, "type": kind, "msg": message}])


def add_error_handlers(app: FastAPI) -> None:
    """Make ``app`` respond to every invalid body with status 422 in the same format."""
    app.add_exception_handler(RequestValidationError, _handle_invalid_body)
    app.add_exception_handler(HTTPException, _handle_http_error)


def _build_response(errors: Sequence[Any]) -> Response:
    detail = [{"loc": list(e["loc"]), "msg": e["msg"], "type": e["type"]} for e in errors[:MAX_PROBLEMS]]
    return JSONResponse({"detail": detail}, 422)


async def _handle_invalid_body(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type only
    return _build_response(error.errors())


async def _handle_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type only
    if error.status_code == 400 and isinstance(error.__cause__, ValueError | RecursionError):  # noqa: PLR2004 - FastAPI's status for them
        return _build_response(
            [{"loc": ["body"], "type": "json_invalid", "msg": "The body is not valid JSON"}]
        )
    if error.status_code == 413:  # noqa: PLR2004 - same body as Starlette's for a declared length
        return PlainTextResponse("Content Too Large", 413)
    return await http_exception_handler(request, error)
