"""Logs on stdout: one line for each event, including uvicorn's, and one for each request.

It must not import prometheus_client, which reads the variable that ``target_service.__main__`` sets later.
"""

from target_service.logs.event_log import build_uvicorn_config, make_logger
from target_service.logs.request_log import RequestLogMiddleware

__all__ = ["RequestLogMiddleware", "build_uvicorn_config", "make_logger"]
