"""Write the Grafana dashboards: ``python -m monitoring.build``; ``--check`` reports stale files."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from monitoring.dashboards import (
    DashboardDefinition,
    define_load_dashboard,
    define_model_dashboard,
    define_service_dashboard,
    define_slo_dashboard,
    render_dashboard,
)
from slo.documents import ProblemsError, write_atomically
from slo.model import Spec
from slo.openslo import load_spec

ROOT = Path(__file__).resolve().parent.parent
SPEC_FILE = ROOT / "slo" / "objectives.yaml"
DASHBOARD_FOLDER = ROOT / "monitoring" / "grafana" / "dashboards"
BUILD_COMMAND = "python -m monitoring.build"
EXIT_STALE, EXIT_BAD_INPUT = 1, 2


def define_dashboards(spec: Spec) -> tuple[DashboardDefinition, ...]:
    """Return all dashboards of a spec."""
    return (
        define_service_dashboard(spec),
        define_model_dashboard(spec),
        define_slo_dashboard(spec),
        define_load_dashboard(),
    )


def encode_dashboards(spec: Spec) -> dict[str, str]:
    """Return the JSON files by name; the same spec gives the same bytes."""
    encoder = JSONEncoder(indent=2, ensure_ascii=False, sort_keys=True)
    return {
        f"{definition.uid}.json": encoder.encode(render_dashboard(definition)) + "\n"
        for definition in define_dashboards(spec)
    }


def find_stale_files(expected: dict[str, str], folder: Path) -> list[str]:
    """Return the names of files that are missing, that differ, or that are not a dashboard of the spec."""
    existing = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    names = expected.keys() | existing.keys()
    return sorted(name for name in names if expected.get(name) != existing.get(name))


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--spec", "spec_path", type=click.Path(path_type=Path), default=SPEC_FILE, help="OpenSLO file or folder."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=DASHBOARD_FOLDER,
    help="Folder to write to.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit with status 1 if a file is stale.")
def main(spec_path: Path, out: Path, check: bool) -> None:
    """Write the Grafana dashboards of a spec."""
    try:
        files = encode_dashboards(load_spec([spec_path]))
    except ProblemsError as error:
        click.echo(str(error), err=True)
        sys.exit(EXIT_BAD_INPUT)
    changed = find_stale_files(files, out)
    if check and changed:
        click.echo(f"stale: {', '.join(changed)}; regenerate with: {BUILD_COMMAND}", err=True)
        sys.exit(EXIT_STALE)
    if not check:
        out.mkdir(parents=True, exist_ok=True)
        for name in files.keys() & set(changed):
            write_atomically(out / name, files[name].encode())
    click.echo(f"{len(files)} dashboards, {len(changed)} changed: {out}")


if __name__ == "__main__":
    main()
