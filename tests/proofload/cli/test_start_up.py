"""``--help`` and ``--version`` import little, so that they answer at once."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from proofload.cli.main import COMMANDS, cli

HEAVY = ("numpy", "pandas", "scipy", "matplotlib", "locust", "gevent", "pydantic", "requests")
PROBE = """
import atexit, json, sys
heavy = {heavy!r}
atexit.register(lambda: print(json.dumps([name for name in heavy if name in sys.modules]), file=sys.stderr))
from proofload.cli.main import main
sys.argv = ["proofload", {option!r}]
main()
"""


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_nothing_heavy_is_imported(option: str) -> None:
    command = [sys.executable, "-c", PROBE.format(heavy=HEAVY, option=option)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "proofload" in done.stdout.lower()
    assert json.loads(done.stderr) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summary_of_a_command_is_the_first_sentence_of_its_help(name: str) -> None:
    command = cli.get_command(None, name)  # type: ignore[arg-type] # not looked at
    assert command is not None
    assert command.name == name
    assert (command.help or "").startswith(COMMANDS[name].summary)
