from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from ruamel.yaml import YAML

from proofload.cli.main import cli
from slo.openslo.spec_reader import load_spec
from slo.rules.prometheus_rule import prometheus_rule_text
from slo.rules.promtool_tests import promtool_text
from slo.rules.rule_files import rules_text
from tests.support.specs import EVENTS, changed


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "spec" / "shop.yaml"
    path.parent.mkdir()
    path.write_text(EVENTS)
    return path


def proofload(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["rules", *map(str, arguments)])


def test_rules_are_printed(spec: Path) -> None:
    done = proofload("--spec", spec)
    assert (done.exit_code, done.stdout) == (0, rules_text(load_spec([spec])))


@pytest.mark.parametrize("out", ["made/by/the/command", "made/slo.rules.yaml", "made/rules.d/"])
def test_rules_and_tests_are_written(spec: Path, tmp_path: Path, out: str) -> None:
    done = proofload("--spec", spec, "--out", f"{tmp_path}/{out}", "--tests", tmp_path / "tests" / "t.yaml")
    assert done.exit_code == 0, done.output
    rules = tmp_path / out if out.endswith(".yaml") else tmp_path / out / "slo.rules.yaml"
    loaded = load_spec([spec])
    assert rules.read_text() == rules_text(loaded)
    beside = f"../{rules.relative_to(tmp_path)}"
    assert (tmp_path / "tests" / "t.yaml").read_text() == promtool_text(loaded, beside)
    assert not list(tmp_path.rglob(".*"))


def test_rules_are_wrapped_for_the_operator(spec: Path) -> None:
    done = proofload("--spec", spec, "--prometheus-rule", "shop-slo")
    assert (done.exit_code, done.stdout) == (0, prometheus_rule_text(load_spec([spec]), "shop-slo"))
    wrapped, plain = YAML(typ="safe").load(done.stdout), YAML(typ="safe").load(rules_text(load_spec([spec])))
    assert (wrapped["kind"], wrapped["metadata"]["name"]) == ("PrometheusRule", "shop-slo")
    assert wrapped["spec"] == plain


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--prometheus-rule", "Shop_SLO"], "can't be an object's name"),
        (["--prometheus-rule", "shop", "--out", "o", "--tests", "t.yaml"], "goes without --prometheus-rule"),
    ],
)
def test_what_the_operator_would_not_take_is_usage(spec: Path, arguments: list[str], words: str) -> None:
    done = proofload("--spec", spec, *arguments)
    assert done.exit_code == 2
    assert words in " ".join(done.stderr.split())


def test_what_is_left_out_is_said(spec: Path) -> None:
    spec.write_text(changed(EVENTS, ("0.99", "0.5")))
    assert "no page over 1h" in proofload("--spec", spec).stderr


WRONG = {
    "a window without alerts": (
        ("28d", "6d"),
        (),
        "shop.yaml:4: SLO checkout, timeWindow: 6 days have no alert",
    ),
    "a faulty spec": (("0.99", "99"), (), "did you mean targetPercent"),
    "tests without a file of rules": (("", ""), ("--tests", "t.yaml"), "--tests needs --out"),
    "one file for both": (("", ""), ("--out", "t.yaml", "--tests", "t.yaml"), "name the same file"),
    "a file where a folder should be": (("", ""), ("--out", "spec/shop.yaml/r.yaml"), "can't write"),
}


@pytest.mark.parametrize(("change", "options", "message"), WRONG.values(), ids=WRONG.keys())
def test_bad_usage_is_one_clear_error_and_writes_nothing(
    spec: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: tuple[str, str],
    options: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(spec.parent.parent)
    spec.write_text(changed(EVENTS, change))
    done = proofload("--spec", spec, *(options or ("--out", "rules")))
    assert done.exit_code == 2
    assert message in done.output
    assert [path for path in Path().rglob("*") if path.is_file()] == [Path("spec/shop.yaml")]


def test_time_runs_faster_for_who_wants_to_see_an_alert_fire(spec: Path) -> None:
    """An hour becomes a minute, in ranges, offsets, intervals and ``for``; names stay."""
    done = proofload("--spec", spec, "--times-faster", "60")
    assert done.exit_code == 0, done.output
    written, slow = (
        YAML(typ="safe").load(done.stdout),
        YAML(typ="safe").load(proofload("--spec", spec).stdout),
    )
    rules = [rule for group in written["groups"] for rule in group["rules"]]
    assert {group["interval"] for group in written["groups"]} == {"1s"}
    assert {rule["for"] for rule in rules if "for" in rule} == {"10s"}
    spans = {text for rule in rules for text in re.findall(r"(?:\[|offset )(\w+)", rule["expr"])}
    assert {"5s", "60s", "360s", "4320s"} <= spans
    assert not {text for text in spans if not text.endswith("s")}
    names = [[rule.get("record") for rule in group["rules"]] for group in slow["groups"]]
    assert [[rule.get("record") for rule in group["rules"]] for group in written["groups"]] == names


@pytest.mark.parametrize("other", [("--tests", "t.yaml", "--out", "r.yaml"), ("--prometheus-rule", "slo")])
def test_a_faster_time_is_for_rule_files_alone(spec: Path, other: tuple[str, ...]) -> None:
    done = proofload("--spec", spec, "--times-faster", "60", *other)
    assert done.exit_code == 2
    assert "--times-faster goes without" in done.output
