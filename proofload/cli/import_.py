"""``proofload import``: SLOs of other tools, converted to OpenSLO v1."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from proofload.cli.cli_validation import (
    USAGE_EXIT_CODE,
    exit_with_error,
    read_all_or_exit,
    read_or_exit,
    read_spec,
    write_or_exit,
)
from proofload.cli.option_types import PathType
from proofload.output import echo
from slo.documents import Document, Problem, ProblemsError, load_documents
from slo.importers import (
    SLODraft,
    format_openslo,
    prepare_drafts,
    read_keptn,
    read_pyrra,
    read_slo_generator,
    read_sloth,
)

FORMATS = ("sloth", "pyrra", "slo-generator", "keptn")
_Variables = Mapping[str, str]


def _parse_variables(
    _context: click.Context, _option: click.Parameter, assignments: tuple[str, ...]
) -> dict[str, str]:
    for text in assignments:
        name, equals, _ = text.partition("=")
        if not (name and equals):
            raise click.BadParameter(f"{text!r} is not NAME=VALUE")
    return dict(text.split("=", 1) for text in assignments)


@click.command("import")
@click.argument("form", metavar="FORMAT", type=click.Choice(FORMATS))
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=PathType())
@click.option("--out", type=PathType(), help="File to write; by default the result is printed.")
@click.option("--force", is_flag=True, help="Replace an existing file --out.")
@click.option("--service", metavar="NAME", help="Name of the service: Pyrra and Keptn don't state it.")
@click.option(
    "--set",
    "variables",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_parse_variables,
    help="Value of $NAME in Keptn's queries.",
)
def import_command(
    form: str,
    files: tuple[Path, ...],
    out: Path | None,
    force: bool,
    service: str | None,
    variables: _Variables,
) -> None:
    """Convert another tool's SLOs to OpenSLO v1: sloth, pyrra, slo-generator or keptn.

    Fields that OpenSLO does not have are listed on standard error and in comments of the file.
    """
    documents = list(chain.from_iterable(read_all_or_exit(partial(load_documents, path) for path in files)))
    drafts, notes = read_or_exit(partial(_translate_documents, form, documents, service, variables))
    prepared = prepare_drafts(drafts)
    text = format_openslo(prepared, f"{form}: {', '.join(path.name for path in files)}", notes)
    _verify_openslo(text)
    _write_output(text, out, force=force)
    for note in dict.fromkeys([*notes, *(note for draft in prepared for note in draft.notes)]):
        echo(f"proofload: {note}", err=True)


def _translate_documents(
    form: str, documents: Sequence[Document], service: str | None, variables: _Variables
) -> tuple[list[SLODraft], list[Problem]]:
    """Translate every document into drafts and notes.

    Raises:
        ProblemsError: the problems of all documents.
    """
    if form == "keptn":
        return read_keptn(documents, service, variables)
    readers: Mapping[str, Callable[[Document], list[SLODraft]]] = {
        "sloth": read_sloth,
        "pyrra": partial(read_pyrra, service=service),
        "slo-generator": read_slo_generator,
    }
    drafts, problems = list[SLODraft](), list[Problem]()
    for document in documents:
        try:
            drafts += readers[form](document)
        except ProblemsError as error:
            problems += error.problems
    if problems:
        raise ProblemsError(problems)
    return drafts, []


def _verify_openslo(text: str) -> None:
    """Check that the result is a valid spec; otherwise exit with code 2."""
    with TemporaryDirectory() as name:
        path = Path(name) / "openslo.yaml"
        path.write_text(text, encoding="utf-8", newline="")
        try:
            read_spec((path,))
        except ProblemsError as error:
            problems = str(error).replace(f"{path}", "result")
            exit_with_error(f"the result is not valid OpenSLO:\n{problems}", USAGE_EXIT_CODE)


def _write_output(text: str, out: Path | None, *, force: bool) -> None:
    if out is None:
        click.echo(text, nl=False)
        return
    if out.exists() and not force:
        exit_with_error(f"{out}: exists already; --force replaces it", USAGE_EXIT_CODE)
    write_or_exit({out: text}, create_directories=False)
    echo(f"proofload: wrote {out}", err=True)
