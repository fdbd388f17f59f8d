"""``python -m target_service``: serve until SIGTERM or Ctrl-C.

Nothing here may import prometheus_client: it decides at import whether metrics are shared between workers.
"""

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Sequence

import uvicorn

from target_service.logs import uvicorn_config
from target_service.settings import PREFIX, Settings, SettingsError

SHARED_METRICS = "PROMETHEUS_MULTIPROC_DIR"
GRACE_SECONDS = 5
"""How long answers under way may take once the service has been told to stop."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve as the options say, and the TARGET_* variables where an option is not given."""
    try:
        settings = _settings(arguments)
    except SettingsError as error:
        sys.exit(_fail(error))
    # uvicorn stops gracefully on SIGTERM and then raises it again for us: no failure, exit code 0.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    os.environ.pop(SHARED_METRICS, None)
    if settings.workers == 1:
        _serve(settings)
        return
    with tempfile.TemporaryDirectory(prefix="target-metrics-") as folder:
        os.environ[SHARED_METRICS] = folder
        _serve(settings)


def _fail(error: SettingsError) -> int:
    for line in str(error).splitlines():
        print(f"target_service: {line}", file=sys.stderr)  # noqa: T201 - said to who started it
    return 2


def _settings(arguments: Sequence[str] | None) -> Settings:
    """Read options over variables, and hand the result on to the workers by the environment."""
    for name, value in vars(_parser().parse_args(arguments)).items():
        if value is not None:
            os.environ[PREFIX + name.upper()] = value
    settings = Settings.from_env(os.environ)
    os.environ[f"{PREFIX}SIGNING_KEY"] = settings.signing_key.get_secret_value()
    return settings


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m target_service",
        description="Serve Proofload's reference service.",
        epilog=f"Variables: {', '.join(PREFIX + name.upper() for name in Settings.model_fields)}.",
    )
    parser.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", help="port to listen on (default 8000)")
    parser.add_argument("--workers", help="processes to serve with (default 1)")
    parser.add_argument("--log-format", help="json, console, or auto (default): console on a terminal")
    return parser


def _serve(settings: Settings) -> None:
    uvicorn.run(
        "target_service.app:from_env",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        log_config=uvicorn_config(settings.log_format, settings.log_level),
        access_log=False,  # each request has its line already
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


if __name__ == "__main__":
    main()
