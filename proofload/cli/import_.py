"""``proofload import``: SLOs of other tools as OpenSLO v1."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from proofload.cli.cli_validation import USAGE, fail, or_usage, read_spec
from proofload.runs.run_directory import write_text
from slo.documents.yaml_source import Document, Problem, ProblemsError, load_documents
from slo.importers import keptn, pyrra, slo_generator, sloth
from slo.importers.import_context import Draft
from slo.importers.openslo_writer import finished, openslo_text

FORMATS = ("sloth", "pyrra", "slo-generator", "keptn")
_Settings = Mapping[str, str]


def _pairs(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    for text in given:
        name, equals, _ = text.partition("=")
        if not (name and equals):
            raise click.BadParameter(f"{text!r} is not NAME=VALUE")
    return dict(text.split("=", 1) for text in given)


@click.command("import")
@click.argument("form", metavar="FORMAT", type=click.Choice(FORMATS))
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="File to write; otherwise it is printed.")
@click.option("--force", is_flag=True, help="Replace the file that --out names.")
@click.option("--service", metavar="NAME", help="The service, which Pyrra and Keptn don't name.")
@click.option(
    "--set",
    "variables",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_pairs,
    help="Value of $NAME in Keptn's queries.",
)
def import_command(
    form: str,
    files: tuple[Path, ...],
    out: Path | None,
    force: bool,
    service: str | None,
    variables: _Settings,
) -> None:
    """Convert another tool's SLOs to OpenSLO v1: sloth, pyrra, slo-generator or keptn.

    What OpenSLO has no place for is told on stderr and in comments of the file.
    """
    documents = [
        document
        for found in or_usage(*(partial(load_documents, path) for path in files))
        for document in found
    ]
    [(drafts, notes)] = or_usage(partial(_translated, form, documents, service, variables))
    made = finished(drafts)
    text = openslo_text(made, f"{form}: {', '.join(path.name for path in files)}", notes)
    _verify(text)
    _write(text, out, force=force)
    for note in dict.fromkeys([*notes, *(note for draft in made for note in draft.notes)]):
        click.echo(f"proofload: {note}", err=True)


def _translated(
    form: str, documents: Sequence[Document], service: str | None, variables: _Settings
) -> tuple[list[Draft], list[Problem]]:
    """Translate every document; the problems of all are raised at once.

    Raises:
        ProblemsError: what can't be translated.
    """
    if form == "keptn":
        return keptn.read(documents, service, variables)
    readers: Mapping[str, Callable[[Document], list[Draft]]] = {
        "sloth": sloth.read,
        "pyrra": partial(pyrra.read, service=service),
        "slo-generator": slo_generator.read,
    }
    drafts, problems = list[Draft](), list[Problem]()
    for document in documents:
        try:
            drafts += readers[form](document)
        except ProblemsError as error:
            problems += error.problems
    if problems:
        raise ProblemsError(problems)
    return drafts, []


def _verify(text: str) -> None:
    """Only what `lint` takes is written."""
    with TemporaryDirectory() as name:
        path = Path(name) / "openslo.yaml"
        path.write_text(text, encoding="utf-8", newline="")
        try:
            read_spec((path,))
        except ProblemsError as error:
            said = str(error).replace(f"{path}", "what was made of it")
            fail(f"this can't be written as OpenSLO:\n{said}", USAGE)


def _write(text: str, out: Path | None, *, force: bool) -> None:
    if out is None:
        click.echo(text, nl=False)
        return
    if out.exists() and not force:
        fail(f"{out}: is there already; --force replaces it", USAGE)
    try:
        write_text(out, text)
    except OSError as error:
        fail(f"{out}: can't be written: {error.strerror}", USAGE)
    click.echo(f"proofload: wrote {out}", err=True)
