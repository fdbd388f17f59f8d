"""``python -m loadtests.fleet.profile_check PROFILE``: checks that the locustfile of a profile can be loaded.

It is a process of its own, because Locust patches the standard library for gevent. Exit codes: 0 it can, 2 it
can't; standard error has the problems.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
import locust  # noqa: F401 - patches the standard library for gevent, so it comes first

from loadtests.fleet.engine_choice import create_engine
from loadtests.profile import load_profile
from loadtests.session import add_parent_option, watch_parent
from slo.documents import ProblemsError


@click.command()
@click.argument("path", metavar="PROFILE", type=click.Path(path_type=Path))
@add_parent_option
def main(path: Path, parent: int | None) -> None:
    """Load a profile and its locustfile; nothing is sent."""
    watch_parent(parent)
    try:
        profile = load_profile(path)
        create_engine(profile, profile.seed)
    except ProblemsError as error:
        click.echo(str(error), err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
