"""One trivial endpoint with different monitoring, for the benchmark ``monitoring_cost``."""

import logging
import sys
import time
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from prometheus_client import CollectorRegistry
from prometheus_fastapi_instrumentator import Instrumentator
from starlette.middleware.body_limit import RequestBodyLimitMiddleware

from target_service.app import instrument
from target_service.logs import RequestLogMiddleware, make_logger
from target_service.settings import Settings


def create_bare() -> FastAPI:
    """Return the endpoint without any monitoring."""
    app = FastAPI()

    @app.get("/item")
    async def item() -> dict[str, str]:
        return {"status": "ok"}

    return app


def create_tutorial() -> FastAPI:
    """Return the endpoint with the monitoring that most tutorials show."""
    app = create_bare()
    logging.basicConfig(
        level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    logger = logging.getLogger("api")

    @app.middleware("http")
    async def log_requests(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        start = time.perf_counter()
        response = await call_next(request)
        duration = time.perf_counter() - start
        logger.info("%s %s %d %.4f s", request.method, request.url.path, response.status_code, duration)
        return response

    Instrumentator().instrument(app).expose(app)
    return app


def create_limited() -> FastAPI:
    """Return the endpoint with our body limit."""
    app = create_bare()
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=Settings().max_body_bytes)
    return app


def create_logged() -> FastAPI:
    """Return the endpoint with our body limit and request log."""
    app = create_limited()
    app.add_middleware(RequestLogMiddleware, log=make_logger("json", "info", sys.stdout))
    return app


def create_ours() -> FastAPI:
    """Return the endpoint with all our layers: body limit, request log, metrics."""
    app = create_logged()
    instrument(app, CollectorRegistry())
    return app
