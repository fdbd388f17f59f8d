"""``proofload import``: what is written, what is told, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from proofload.cli.main import cli
from tests.support.import_cases import BAD, GOOD, KEPTN, PYRRA, SLOTH

GOLD = Path(__file__).parents[2] / "gold" / "imports"


def proofload(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [*map(str, arguments)])


def put(folder: Path, text: str) -> Path:
    path = folder / "given.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(("name", "form", "text"), [(name, *case) for name, case in GOOD.items()], ids=GOOD)
def test_is_written_as_the_golden_file(tmp_path: Path, name: str, form: str, text: str) -> None:
    out = tmp_path / "openslo.yaml"
    done = proofload("import", form, put(tmp_path, text), "--service", "shop", "--out", out)
    assert done.exit_code == 0, done.output
    assert out.read_text() == (GOLD / f"{name}.yaml").read_text()
    assert proofload("lint", "--spec", out).exit_code == 0
    told = [line[2:] for line in out.read_text().splitlines()[1:] if line.startswith("# ")]
    assert told
    assert all(line in done.stderr for line in told)


@pytest.mark.parametrize(("form", "text", "said"), BAD.values(), ids=BAD)
def test_is_refused_by_name(tmp_path: Path, form: str, text: str, said: str) -> None:
    out = tmp_path / "openslo.yaml"
    done = proofload("import", form, put(tmp_path, text), "--service", "shop", "--out", out)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert not out.exists()


def test_is_printed_without_out(tmp_path: Path) -> None:
    done = proofload("import", "sloth", put(tmp_path, SLOTH))
    assert done.stdout == (GOLD / "sloth.yaml").read_text()


def test_a_file_is_not_replaced_unasked(tmp_path: Path) -> None:
    given = put(tmp_path, SLOTH)
    assert proofload("import", "sloth", given, "--out", given).exit_code == 2
    assert given.read_text() == SLOTH
    assert proofload("import", "sloth", given, "--out", given, "--force").exit_code == 0


def test_names_that_meet_are_told_apart(tmp_path: Path) -> None:
    done = proofload("import", "pyrra", put(tmp_path, PYRRA.replace("shop-up", "Shop_Native")))
    assert "  name: shop-native-2\n" in done.stdout
    assert "name: 'Shop_Native' is written as shop-native-2" in done.stderr


def test_values_of_variables_are_set(tmp_path: Path) -> None:
    text = KEPTN.replace("$zone", "$PLACE")
    done = proofload("import", "keptn", put(tmp_path, text), "--set", "PLACE=eu-1", "--set", "SERVICE=shop")
    assert done.exit_code == 0, done.stderr
    assert 'zone="eu-1"' in done.stdout


def test_a_setting_needs_a_value(tmp_path: Path) -> None:
    done = proofload("import", "keptn", put(tmp_path, KEPTN), "--set", "PLACE")
    assert (done.exit_code, "'PLACE' is not NAME=VALUE" in done.stderr) == (2, True)
