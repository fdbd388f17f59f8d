"""The command line, with its exit codes: those of the verdicts, of bad input, internal errors and interrupts.

Commands are imported when they are called: ``--help`` and ``--version`` load neither numpy, pandas, scipy,
matplotlib nor Locust.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from io import StringIO

import click

from proofload.process import (
    INTERRUPTED_EXIT_CODE,
    crash_reporter,
    exit_at_once_when_interrupted,
    find_address_space_problem,
    protect_standard_streams,
    raise_when_interrupted,
    use_one_blas_thread,
)

OUTPUT_LOST_EXIT_CODE = 2
UNUSABLE_ENVIRONMENT_EXIT_CODE = 2
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class _Command:
    """Where a command is defined, and the summary that ``--help`` lists."""

    module: str
    attribute: str
    summary: str


COMMANDS = {
    "run": _Command("proofload.cli.run", "run_command", "Put a service under load and evaluate its SLOs."),
    "load": _Command(
        "proofload.cli.load",
        "load_command",
        "Send load to a service and report what was sent; nothing is evaluated.",
    ),
    "worker": _Command(
        "proofload.cli.load",
        "worker_command",
        "Send a share of the load for the `run` or `load` that listens at HOST:PORT.",
    ),
    "ui": _Command(
        "proofload.cli.ui", "ui_command", "Start the stack with Locust's web UI and wait until interrupted."
    ),
    "check": _Command(
        "proofload.cli.check",
        "check_command",
        "Evaluate SLOs for a past window, whatever generated its load.",
    ),
    "lint": _Command(
        "proofload.cli.lint",
        "lint_command",
        "Check a spec, also against live data (--prometheus) or a planned load (--profile).",
    ),
    "rules": _Command(
        "proofload.cli.rules",
        "rules_command",
        "Write Prometheus recording and alerting rules from a spec, and unit tests for them.",
    ),
    "import": _Command(
        "proofload.cli.import_",
        "import_command",
        "Convert another tool's SLOs to OpenSLO v1: sloth, pyrra, slo-generator or keptn.",
    ),
    "compare": _Command(
        "proofload.cli.compare",
        "compare_command",
        "Compare runs with a baseline: improvement, regression, no difference shown, or can't tell.",
    ),
    "history": _Command(
        "proofload.cli.compare", "history_command", "List the runs, newest first; plot them."
    ),
    "profile": _Command(
        "proofload.cli.profile",
        "profile_group",
        "Make a load profile from an OpenAPI document, a HAR file or an access log.",
    ),
}
"""The summary is the first sentence of the command's docstring."""


class _LazyGroup(click.Group):
    """A group of commands that imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command, or return ``None`` where there is none of that name."""
        del ctx
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = getattr(import_module(entry.module), entry.attribute)
        raise_when_interrupted()
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with their summaries, without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


def _installed_version() -> str:
    try:
        return version("proofload")
    except PackageNotFoundError:
        return "(not installed)"


@click.group(
    cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(_installed_version(), prog_name="proofload")
def cli() -> None:
    """Put a service under a known load; prove from its Prometheus metrics whether it meets its SLOs.

    Exit codes: 0 MET, 1 MISSED, 2 bad usage or input, 3 UNDECIDED, 70 internal error, 130 interrupted.
    """


def _bypass_proxy_for_loopback() -> None:
    """Exclude loopback from the proxies of the environment, also for child processes."""
    for name in ("no_proxy", "NO_PROXY"):
        hosts = os.environ.get(name)
        os.environ[name] = ",".join([*([hosts] if hosts else []), *LOOPBACK_HOSTS])


def _show_error(error: click.ClickException) -> None:
    """Print a usage error, whose text may repeat arguments, so that it is safe for terminals and CI logs."""
    from proofload.output import echo  # noqa: PLC0415 - only errors pay for the import

    text = StringIO()
    error.show(text)
    echo(text.getvalue(), err=True, newline=False)


def main() -> None:
    """Run the command line; the process ends with one of the documented exit codes, whatever happens."""
    exit_at_once_when_interrupted()
    output = protect_standard_streams()
    if problem := find_address_space_problem():
        click.echo(f"proofload: {problem}", err=True)
        sys.exit(UNUSABLE_ENVIRONMENT_EXIT_CODE)
    use_one_blas_thread()
    _bypass_proxy_for_loopback()
    has_verdict, code = _run_command()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    if output.error and code == 0 and not has_verdict:
        click.echo(f"proofload: can't write to standard output: {output.error.strerror}", err=True)
        code = OUTPUT_LOST_EXIT_CODE
    sys.exit(code)


def _run_command() -> tuple[bool, int]:
    """Run a command; return whether it chose its exit code itself, as with a verdict, and the code."""
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        _show_error(error)
        return True, error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return True, INTERRUPTED_EXIT_CODE
    except SystemExit as error:
        return True, error.code if isinstance(error.code, int) else int(error.code is not None)
    except Exception as error:  # noqa: BLE001 - the only place that handles errors of Proofload itself
        return True, crash_reporter.report(error)
    return False, code if isinstance(code, int) else 0
