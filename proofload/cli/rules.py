"""``proofload rules``: Prometheus rules from a spec, and their unit tests."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import click

from proofload.cli.cli_validation import USAGE, fail, or_usage, read_spec
from proofload.cli.options import SPEC
from slo.model import Spec
from slo.rules.prometheus_rule import object_name, prometheus_rule_text
from slo.rules.promtool_tests import promtool_text
from slo.rules.rule_files import rules_text
from slo.rules.rule_objectives import unreachable

RULES_FILE = "slo.rules.yaml"


def _named(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    try:
        return value if value is None else object_name(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command("rules")
@SPEC
@click.option(
    "--out",
    type=click.Path(),  # a text: a path forgets the slash at its end
    help=f"File to write, or folder for {RULES_FILE}; otherwise it is printed.",
)
@click.option(
    "--tests", type=click.Path(path_type=Path), help="File of unit tests for promtool to write as well."
)
@click.option(
    "--prometheus-rule",
    metavar="NAME",
    callback=_named,
    help="Write a PrometheusRule of this name, for the Prometheus Operator.",
)
@click.option(
    "--times-faster",
    type=click.IntRange(1, 600),
    default=1,
    help="Make every window so many times shorter, to see alerts fire in a minute.",
)
def rules_command(
    specs: tuple[Path, ...],
    out: str | None,
    tests: Path | None,
    prometheus_rule: str | None,
    times_faster: int,
) -> None:
    """Write Prometheus recording and alerting rules from a spec, and unit tests for them."""
    if tests and not out:
        raise click.UsageError("--tests needs --out: the tests name the file of the rules")
    if tests and prometheus_rule:
        raise click.UsageError("--tests goes without --prometheus-rule, which promtool does not read")
    if times_faster > 1 and (tests or prometheus_rule):
        raise click.UsageError("--times-faster goes without --tests and --prometheus-rule")
    target = _file(out) if out else None
    if tests and target and tests.resolve() == target.resolve():
        raise click.UsageError("--tests and --out name the same file")
    [(spec, texts)] = or_usage(partial(_texts, specs, target, tests, prometheus_rule, times_faster))
    if target is None:
        click.echo(texts[None], nl=False)
    else:
        _write({path: text for path, text in texts.items() if path})
    for note in unreachable(spec):
        click.echo(f"proofload: {note}", err=True)


def _file(out: str) -> Path:
    """Name the file of rules; ``rules.d/`` is a folder, though its name has a suffix."""
    path = Path(out)
    folder = out.endswith((os.sep, "/")) or path.is_dir() or not path.suffix
    return path / RULES_FILE if folder else path


def _texts(
    specs: tuple[Path, ...],
    out: Path | None,
    tests: Path | None,
    prometheus_rule: str | None,
    times_faster: int,
) -> tuple[Spec, Mapping[Path | None, str]]:
    """Make everything before anything is written.

    Raises:
        ProblemsError: the spec is wrong, or can't be turned into rules.
    """
    spec = read_spec(specs)
    rules = prometheus_rule_text(spec, prometheus_rule) if prometheus_rule else rules_text(spec, times_faster)
    texts: dict[Path | None, str] = {out: rules}
    if tests and out:
        texts[tests] = promtool_text(spec, os.path.relpath(out.resolve(), tests.resolve().parent))
    return spec, texts


def _write(texts: Mapping[Path, str]) -> None:
    """Write all files beside their places first, then put them there: whole or not at all."""
    waiting: list[tuple[Path, Path]] = []
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
            waiting.append((Path(name), path))
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).chmod(0o644)
        for made, path in waiting:
            made.replace(path)
    except OSError as error:
        fail(f"can't write {error.filename2 or error.filename}: {error.strerror}", USAGE)
    finally:
        for made, _ in waiting:
            made.unlink(missing_ok=True)
