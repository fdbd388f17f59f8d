"""``python -m target_service``: serve until SIGTERM or Ctrl-C.

This module must not import prometheus_client, which checks at import whether workers share metrics.
"""

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Sequence

import uvicorn

from target_service.logs import build_uvicorn_config
from target_service.ml import Model, ModelError
from target_service.settings import ENV_PREFIX, Settings, SettingsError

METRICS_DIRECTORY_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
SHUTDOWN_SECONDS = 5
"""Time that requests in flight may take after the service was told to stop."""
STARTUP_FAILURE = 3
"""Exit code of uvicorn for a failed startup (``uvicorn/main.py``)."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve with the settings of the options, and of the TARGET_* variables where an option is missing."""
    try:
        settings = _read_settings(arguments)
    except SettingsError as error:
        sys.exit(_print_problems(error))
    try:
        Model.load()  # a worker that can't load it would be replaced without end
    except ModelError as error:
        sys.exit(_print_problems(error, STARTUP_FAILURE))
    # uvicorn stops gracefully on SIGTERM and then sends it again: not a failure, exit status 0.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    os.environ.pop(METRICS_DIRECTORY_VARIABLE, None)
    if settings.workers == 1:
        _serve(settings)
        return
    with tempfile.TemporaryDirectory(prefix="target-metrics-") as folder:
        os.environ[METRICS_DIRECTORY_VARIABLE] = folder
        _serve(settings)


def _print_problems(error: Exception, exit_code: int = 2) -> int:
    for line in str(error).splitlines():
        print(f"target_service: {line}", file=sys.stderr)  # noqa: T201 - command-line output
    return exit_code


def _read_settings(arguments: Sequence[str] | None) -> Settings:
    """Read options and variables (options first), and pass the result to the workers in the environment."""
    for name, value in vars(_build_parser().parse_args(arguments)).items():
        if value is not None:
            os.environ[ENV_PREFIX + name.upper()] = value
    settings = Settings.from_env(os.environ)
    os.environ[f"{ENV_PREFIX}SIGNING_KEY"] = settings.signing_key.get_secret_value()
    return settings


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m target_service",
        description="Serve Proofload's reference service.",
        epilog=f"Variables: {', '.join(ENV_PREFIX + name.upper() for name in Settings.model_fields)}.",
    )
    parser.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", help="port to listen on (default 8000)")
    parser.add_argument("--workers", help="number of processes (default 1)")
    parser.add_argument("--log-format", help="json, console, or auto (default): console on a terminal")
    return parser


def _serve(settings: Settings) -> None:
    uvicorn.run(
        "target_service.app:create_app_from_env",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        log_config=build_uvicorn_config(settings.log_format, settings.log_level),
        access_log=False,  # RequestLogMiddleware logs each request
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


if __name__ == "__main__":
    main()
