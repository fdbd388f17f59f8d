"""``proofload check``: judge a window that is already past, or the evidence that a run left behind."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NoReturn

import click

from proofload.cli.cli_validation import connection, or_usage, read_spec, run_folder, versions
from proofload.cli.exit_status import conclude
from proofload.cli.options import PROMETHEUS, SPEC, Time
from proofload.output import terminal
from proofload.pipeline import Appendix, check, replay
from proofload.runs.policy_file import policy_options
from proofload.runs.run_artifacts import Kept, kept
from proofload.stack.scrape_wait import await_closing_scrape
from slo.model import Policy, Spec, Window
from slo.model.budget import SECONDS_PER_DAY
from slo.prometheus.client import Prometheus

CLOSING_SCRAPE_SECONDS = 65.0
"""How long ``check`` waits for the scrape that closes a window which ends now."""

MOST_WINDOW_DAYS = 400
"""Longest window to judge: a year and what surrounds it. Longer ones are slips, such as ``--start 0``, and
would be asked for in so many pieces that ``check`` seemed to hang."""


@click.command("check")
@SPEC
@PROMETHEUS
@policy_options
@click.option("--start", type=Time(), help="Unix seconds, RFC 3339, or -10m.")
@click.option("--end", type=Time(), help="Likewise; now by default.")
@click.option(
    "--replay",
    type=click.Path(path_type=Path),
    help="Folder of a run: judge its evidence again, and ask nobody.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder for the reports; none are written without."
)
def check_command(
    specs: tuple[Path, ...],
    prometheus: str | None,
    policy: Policy | None,
    start: float | None,
    end: float | None,
    replay: Path | None,
    out: Path | None,
) -> None:
    """Judge a past window, whatever generated its load."""
    if policy and policy.baseline:
        terminal.say("policy.baseline is left out: only a run has figures to hold against a baseline")
        policy = replace(policy, baseline=None)
    if replay is not None:
        if prometheus or start is not None or end is not None:
            raise click.UsageError("--replay goes without --prometheus, --start and --end")
        _replay(specs, replay, policy, out)
    if start is None:
        raise click.UsageError("Missing option '--start'")
    end = time.time() if end is None else end
    if end <= start:
        raise click.UsageError(f"--end ({end:.3f}) is not after --start ({start:.3f})")
    if end > time.time() + 1:
        raise click.UsageError("--end lies in the future")
    if end - start > MOST_WINDOW_DAYS * SECONDS_PER_DAY:
        days = (end - start) / SECONDS_PER_DAY
        raise click.UsageError(f"the window is {days:,.0f} days long; at most {MOST_WINDOW_DAYS} are judged")
    [spec] = or_usage(partial(read_spec, specs))
    asked = connection(prometheus, spec)
    folder = run_folder(out) if out else None
    window = Window(start, end)
    shown = {"spec": ", ".join(map(str, specs)), "window": f"{start:.3f} to {end:.3f} (Unix seconds)"}
    with Prometheus(asked) as server:
        await_closing_scrape(server, spec, end, CLOSING_SCRAPE_SECONDS, terminal.say)
        proof = check(spec, server, window, policy or Policy(), folder, Appendix(versions(), shown))
    conclude(proof, folder)


def _replay(specs: tuple[Path, ...], run: Path, policy: Policy | None, out: Path | None) -> NoReturn:
    """Judge the evidence that lies in the folder of a run, and end with the verdict's exit code.

    By the policy of that run, unless another is asked for.
    """
    read: list[Spec] = []
    found: list[Kept] = []
    or_usage(lambda: read.append(read_spec(specs)), lambda: found.append(kept(run)))
    folder = run_folder(out) if out else None
    shown = {"spec": ", ".join(map(str, specs)), "replay of": str(run)}
    proof = replay(read[0], found[0], policy or found[0].policy, folder, Appendix(versions(), shown))
    conclude(proof, folder)
