"""Writes the Grafana dashboards: ``python -m monitoring.build``; ``--check`` tells whether they are stale."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from monitoring.dashboards.frame import Frame, built
from monitoring.dashboards.load import load
from monitoring.dashboards.model import model
from monitoring.dashboards.service import service
from monitoring.dashboards.slos import slos
from slo.documents.yaml_source import ProblemsError
from slo.model import Spec
from slo.openslo.spec_reader import load_spec

ROOT = Path(__file__).resolve().parent.parent
SPEC = ROOT / "slo" / "objectives.yaml"
FOLDER = ROOT / "monitoring" / "grafana" / "dashboards"
COMMAND = "python -m monitoring.build"
STALE, BAD_INPUT = 1, 2


def frames(spec: Spec) -> tuple[Frame, ...]:
    """Give all dashboards of a spec."""
    return service(spec), model(spec), slos(spec), load()


def files(spec: Spec) -> dict[str, str]:
    """Give the files by name: JSON that is the same for the same spec, byte for byte."""
    encoder = JSONEncoder(indent=2, ensure_ascii=False, sort_keys=True)
    return {f"{frame.uid}.json": encoder.encode(built(frame)) + "\n" for frame in frames(spec)}


def stale(wanted: dict[str, str], folder: Path) -> list[str]:
    """List the files that are missing, differ, or stand for no dashboard."""
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    return sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--spec", "spec_path", type=click.Path(path_type=Path), default=SPEC, help="OpenSLO file or folder."
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=FOLDER, help="Folder to write to."
)
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when a file is stale.")
def main(spec_path: Path, out: Path, check: bool) -> None:
    """Write the Grafana dashboards of a spec."""
    try:
        wanted = files(load_spec([spec_path]))
    except ProblemsError as error:
        click.echo(str(error), err=True)
        sys.exit(BAD_INPUT)
    changed = stale(wanted, out)
    if check and changed:
        click.echo(f"stale: {', '.join(changed)}; renew with: {COMMAND}", err=True)
        sys.exit(STALE)
    if not check:
        for name in wanted.keys() & set(changed):
            _write(out / name, wanted[name])
    click.echo(f"{len(wanted)} dashboards, {len(changed)} changed: {out}")


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="utf-8", delete=False) as file:
        file.write(text)
    Path(file.name).chmod(0o644)
    Path(file.name).replace(path)


if __name__ == "__main__":
    main()
