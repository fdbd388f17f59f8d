"""``proofload import``: the results, the notes, and the problems."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from proofload.cli.main import cli
from tests.support.import_cases import BAD, GOOD, KEPTN, PYRRA, SLOTH

GOLD = Path(__file__).parents[2] / "gold" / "imports"


def proofload(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [*map(str, arguments)])


def write(directory: Path, text: str) -> Path:
    path = directory / "given.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(("name", "form", "text"), [(name, *case) for name, case in GOOD.items()], ids=GOOD)
def test_the_result_equals_the_golden_file(tmp_path: Path, name: str, form: str, text: str) -> None:
    out = tmp_path / "openslo.yaml"
    done = proofload("import", form, write(tmp_path, text), "--service", "shop", "--out", out)
    assert done.exit_code == 0, done.output
    assert out.read_text() == (GOLD / f"{name}.yaml").read_text()
    assert proofload("lint", "--spec", out).exit_code == 0
    notes = [line[2:] for line in out.read_text().splitlines()[1:] if line.startswith("# ")]
    assert notes
    assert all(note in done.stderr for note in notes)


@pytest.mark.parametrize(("form", "text", "message"), BAD.values(), ids=BAD)
def test_problems_are_reported(tmp_path: Path, form: str, text: str, message: str) -> None:
    out = tmp_path / "openslo.yaml"
    done = proofload("import", form, write(tmp_path, text), "--service", "shop", "--out", out)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr
    assert not out.exists()


def test_the_result_is_printed_without_out(tmp_path: Path) -> None:
    done = proofload("import", "sloth", write(tmp_path, SLOTH))
    assert done.stdout == (GOLD / "sloth.yaml").read_text()


def test_a_file_is_replaced_only_with_force(tmp_path: Path) -> None:
    path = write(tmp_path, SLOTH)
    assert proofload("import", "sloth", path, "--out", path).exit_code == 2
    assert path.read_text() == SLOTH
    assert proofload("import", "sloth", path, "--out", path, "--force").exit_code == 0


def test_equal_names_get_a_suffix(tmp_path: Path) -> None:
    done = proofload("import", "pyrra", write(tmp_path, PYRRA.replace("shop-up", "Shop_Native")))
    assert "  name: shop-native-2\n" in done.stdout
    assert "name: 'Shop_Native' is written as shop-native-2" in done.stderr


def test_variables_are_replaced_with_their_values(tmp_path: Path) -> None:
    text = KEPTN.replace("$zone", "$PLACE")
    done = proofload("import", "keptn", write(tmp_path, text), "--set", "PLACE=eu-1", "--set", "SERVICE=shop")
    assert done.exit_code == 0, done.stderr
    assert 'zone="eu-1"' in done.stdout


def test_a_variable_needs_a_value(tmp_path: Path) -> None:
    done = proofload("import", "keptn", write(tmp_path, KEPTN), "--set", "PLACE")
    assert (done.exit_code, "'PLACE' is not NAME=VALUE" in done.stderr) == (2, True)
