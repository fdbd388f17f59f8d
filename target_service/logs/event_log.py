"""Logging of one line per event to stdout, including uvicorn's: JSON, or colours on a terminal."""

import logging
import sys
from typing import Any, Literal, TextIO, cast

import structlog
from pydantic_core import to_json
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

LogFormat = Literal["json", "console", "auto"]

_LEVEL_NUMBERS = logging.getLevelNamesMapping()


def make_logger(log_format: LogFormat, level: str, stream: TextIO) -> FilteringBoundLogger:
    """Return a logger that writes to ``stream``, without global configuration.

    ``auto`` is ``console`` if ``stream`` is a terminal, else ``json``.
    """
    as_json = _is_json(log_format, stream)
    wrapped = structlog.BytesLogger(stream.buffer) if as_json else structlog.WriteLogger(stream)
    logger = structlog.wrap_logger(
        wrapped,
        processors=[
            *_build_processors(as_json),
            _render_json_bytes if as_json else structlog.dev.ConsoleRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVEL_NUMBERS[level.upper()]),
    )
    return cast(FilteringBoundLogger, logger.bind())


def build_uvicorn_config(log_format: LogFormat, level: str) -> dict[str, Any]:
    """Return a ``logging.config`` dictionary that writes uvicorn's events in the same format to stdout."""
    formatter = {"()": f"{__name__}.build_stdlib_formatter", "log_format": log_format}
    handler = {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "service"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"service": formatter},
        "handlers": {"stdout": handler},
        "root": {"handlers": ["stdout"], "level": level.upper()},
    }


def build_stdlib_formatter(log_format: LogFormat) -> logging.Formatter:
    """Return a formatter of standard-library log records."""
    as_json = _is_json(log_format, sys.stdout)
    foreign: list[Processor] = [structlog.stdlib.add_logger_name, *_build_processors(as_json)]
    last: Processor = _render_json_text if as_json else structlog.dev.ConsoleRenderer()
    return structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        foreign_pre_chain=foreign,
    )


def _is_json(log_format: LogFormat, stream: TextIO) -> bool:
    return log_format == "json" or (log_format == "auto" and not stream.isatty())


def _build_processors(as_json: bool) -> list[Processor]:
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    return [*shared, structlog.processors.format_exc_info] if as_json else shared


def _render_json_bytes(_: WrappedLogger, __: str, event: EventDict) -> bytes:
    """Render an event as JSON with the common fields first; pydantic's Rust encoder beats ``json.dumps``."""
    common = {"timestamp": event.pop("timestamp"), "level": event.pop("level"), "message": event.pop("event")}
    return to_json({**common, **event}, fallback=repr)


def _render_json_text(logger: WrappedLogger, name: str, event: EventDict) -> str:
    return _render_json_bytes(logger, name, event).decode()
