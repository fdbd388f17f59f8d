"""One line per event on stdout, uvicorn's too: JSON for machines, colours for a terminal."""

import logging
import sys
from typing import Any, Literal, TextIO, cast

import structlog
from pydantic_core import to_json
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

LogFormat = Literal["json", "console", "auto"]

_LEVELS = logging.getLevelNamesMapping()


def make_logger(log_format: LogFormat, level: str, stream: TextIO) -> FilteringBoundLogger:
    """Return a logger that writes to ``stream``; nothing global is configured.

    ``auto`` writes for people when ``stream`` is a terminal and JSON otherwise.
    """
    as_json = _as_json(log_format, stream)
    wrapped = structlog.BytesLogger(stream.buffer) if as_json else structlog.WriteLogger(stream)
    logger = structlog.wrap_logger(
        wrapped,
        processors=[*_processors(as_json), _json_line if as_json else structlog.dev.ConsoleRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level.upper()]),
    )
    return cast(FilteringBoundLogger, logger.bind())


def uvicorn_config(log_format: LogFormat, level: str) -> dict[str, Any]:
    """Return a ``logging.config`` dictionary that gives uvicorn's own events our form on stdout."""
    formatter = {"()": "target_service.logs.stdlib_formatter", "log_format": log_format}
    handler = {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "ours"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"ours": formatter},
        "handlers": {"stdout": handler},
        "root": {"handlers": ["stdout"], "level": level.upper()},
    }


def stdlib_formatter(log_format: LogFormat) -> logging.Formatter:
    """Return a formatter of standard-library records for stdout."""
    as_json = _as_json(log_format, sys.stdout)
    foreign: list[Processor] = [structlog.stdlib.add_logger_name, *_processors(as_json)]
    last: Processor = _json_text if as_json else structlog.dev.ConsoleRenderer()
    return structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        foreign_pre_chain=foreign,
    )


def _as_json(log_format: LogFormat, stream: TextIO) -> bool:
    return log_format == "json" or (log_format == "auto" and not stream.isatty())


def _processors(as_json: bool) -> list[Processor]:
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    return [*shared, structlog.processors.format_exc_info] if as_json else shared


def _json_line(_: WrappedLogger, __: str, event: EventDict) -> bytes:
    """Render as JSON, what everybody looks for first; in Rust, for ``json.dumps`` is slower."""
    head = {"timestamp": event.pop("timestamp"), "level": event.pop("level"), "message": event.pop("event")}
    return to_json({**head, **event}, fallback=repr)


def _json_text(logger: WrappedLogger, name: str, event: EventDict) -> str:
    return _json_line(logger, name, event).decode()
