"""The ASGI application of the service: ``create_app(settings, registry)``."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_fastapi_instrumentator import Instrumentator
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from structlog.typing import FilteringBoundLogger

from target_service.api import UNMEASURED_PATHS, Api, Service, add_error_handlers
from target_service.faults import FaultMiddleware
from target_service.logs import RequestLogMiddleware, make_logger
from target_service.metrics import HttpMetrics, ModelMetrics, is_shared, register_worker, unregister_worker
from target_service.ml import Model
from target_service.settings import Settings


def create_app(
    settings: Settings, registry: CollectorRegistry, log: FilteringBoundLogger | None = None
) -> FastAPI:
    """Return the service as an ASGI application; metrics go to ``registry``, the log to ``log`` or stdout.

    The model is loaded when the server starts the application (ASGI lifespan).
    """
    log = log or make_logger(settings.log_format, settings.log_level, sys.stdout)
    service = Service(settings, ModelMetrics(registry, settings.feedback_window), log)
    # Without redirects every path is either a route or counted under the handler "none".
    app = FastAPI(
        title="Tumour classifier",
        description="Proofload's reference service: a monitored machine-learning API.",
        version="1",
        lifespan=lambda _: _run_lifespan(service),
        redirect_slashes=False,
    )
    Api(service).add_routes(app)
    add_error_handlers(app)
    _add_middleware(app, service, registry)
    return app


def create_app_from_env() -> FastAPI:
    """Return the service with the settings of the environment; uvicorn calls this in each worker."""
    registry = CollectorRegistry()
    if is_shared():
        register_worker(registry)
    else:
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=registry)
    return create_app(Settings.from_env(os.environ), registry)


def _add_middleware(app: FastAPI, service: Service, registry: CollectorRegistry) -> None:
    """Add the middleware from the inside out, as Starlette requires: body limit, faults, log, metrics."""
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=service.settings.max_body_bytes)
    if service.settings.faults:
        app.add_middleware(FaultMiddleware, injector=service.faults)
    app.add_middleware(RequestLogMiddleware, log=service.log, quiet=UNMEASURED_PATHS)
    instrument(app, registry)


def instrument(app: FastAPI, registry: CollectorRegistry) -> None:
    """Count the requests of ``app`` in ``registry`` and expose them at ``/metrics``."""
    instrumentator = Instrumentator(
        should_group_status_codes=False,
        excluded_handlers=[f"^{path}$" for path in sorted(UNMEASURED_PATHS)],
        registry=registry,
    )
    instrumentator.add(HttpMetrics(registry)).instrument(app).expose(app, include_in_schema=False)


@asynccontextmanager
async def _run_lifespan(service: Service) -> AsyncIterator[None]:
    model = Model.load()
    service.start(model)
    if service.settings.faults:
        service.log.warning("fault injection is enabled: TARGET_FAULTS is set")
    watch = asyncio.create_task(service.watch_drift(model))
    watch.add_done_callback(lambda task: _log_task_end(task, service.log))
    yield
    service.model = None
    watch.cancel()
    await asyncio.wait([watch])
    if is_shared():
        unregister_worker()


def _log_task_end(task: asyncio.Task[None], log: FilteringBoundLogger) -> None:
    if not task.cancelled():
        log.error("drift detection stopped", exc_info=task.exception())
