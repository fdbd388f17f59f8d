"""``proofload rules``: Prometheus rules of a spec, and their unit tests."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import click

from proofload.cli.cli_validation import read_or_exit, read_spec, write_or_exit
from proofload.cli.option_types import PathType
from proofload.cli.options import SPEC
from proofload.output import echo
from slo.model import Spec
from slo.rules import (
    describe_unreachable_alerts,
    format_prometheus_rule,
    format_promtool_tests,
    format_rules,
    validate_object_name,
)

RULES_FILE = "slo.rules.yaml"


def _validate_object_name(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    try:
        return value if value is None else validate_object_name(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command("rules")
@SPEC
@click.option(
    "--out",
    type=PathType(str),  # str: a Path drops the slash at the end
    help=f"File to write, or directory for {RULES_FILE}; by default the rules are printed.",
)
@click.option("--tests", type=PathType(), help="Also write unit tests for promtool to this file.")
@click.option(
    "--prometheus-rule",
    metavar="NAME",
    callback=_validate_object_name,
    help="Write a PrometheusRule of this name, for the Prometheus Operator.",
)
@click.option(
    "--times-faster",
    type=click.IntRange(1, 600),
    default=1,
    help="Divide every window by this number, to see alerts fire in a minute.",
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
        raise click.UsageError("--tests needs --out: the tests refer to the rules file")
    if tests and prometheus_rule:
        raise click.UsageError(
            "--tests can't be combined with --prometheus-rule: promtool does not read a PrometheusRule"
        )
    if times_faster > 1 and (tests or prometheus_rule):
        raise click.UsageError("--times-faster can't be combined with --tests or --prometheus-rule")
    target = _resolve_rules_file(out) if out else None
    if tests and target and tests.resolve() == target.resolve():
        raise click.UsageError("--tests and --out name the same file")
    spec, texts = read_or_exit(partial(_build_texts, specs, target, tests, prometheus_rule, times_faster))
    if target is None:
        click.echo(texts[None], nl=False)
    else:
        write_or_exit({path: text for path, text in texts.items() if path})
    for note in describe_unreachable_alerts(spec):
        echo(f"proofload: {note}", err=True)


def _resolve_rules_file(out: str) -> Path:
    """Return the path of the rules file; ``rules.d/`` is a directory although its name has a suffix."""
    path = Path(out)
    is_directory = out.endswith((os.sep, "/")) or path.is_dir() or not path.suffix
    return path / RULES_FILE if is_directory else path


def _build_texts(
    specs: tuple[Path, ...],
    out: Path | None,
    tests: Path | None,
    prometheus_rule: str | None,
    times_faster: int,
) -> tuple[Spec, Mapping[Path | None, str]]:
    """Return the spec and the text of each file, before anything is written.

    Raises:
        ProblemsError: all problems of the spec, or why it can't be converted to rules.
    """
    spec = read_spec(specs)
    if prometheus_rule:
        rules = format_prometheus_rule(spec, prometheus_rule)
    else:
        rules = format_rules(spec, times_faster)
    texts: dict[Path | None, str] = {out: rules}
    if tests and out:
        texts[tests] = format_promtool_tests(spec, os.path.relpath(out.resolve(), tests.resolve().parent))
    return spec, texts
