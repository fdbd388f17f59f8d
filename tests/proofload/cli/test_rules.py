from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from ruamel.yaml import YAML

from proofload.cli.main import cli
from slo.openslo import load_spec
from slo.rules import format_prometheus_rule, format_promtool_tests, format_rules
from tests.support.specs import EVENTS_SPEC, replace_in_text


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "spec" / "shop.yaml"
    path.parent.mkdir()
    path.write_text(EVENTS_SPEC)
    return path


def proofload(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["rules", *map(str, arguments)])


def test_rules_are_printed(spec: Path) -> None:
    done = proofload("--spec", spec)
    assert (done.exit_code, done.stdout) == (0, format_rules(load_spec([spec])))


@pytest.mark.parametrize("out", ["made/by/the/command", "made/slo.rules.yaml", "made/rules.d/"])
def test_rules_and_tests_are_written(spec: Path, tmp_path: Path, out: str) -> None:
    done = proofload("--spec", spec, "--out", f"{tmp_path}/{out}", "--tests", tmp_path / "tests" / "t.yaml")
    assert done.exit_code == 0, done.output
    rules = tmp_path / out if out.endswith(".yaml") else tmp_path / out / "slo.rules.yaml"
    loaded = load_spec([spec])
    assert rules.read_text() == format_rules(loaded)
    beside = f"../{rules.relative_to(tmp_path)}"
    assert (tmp_path / "tests" / "t.yaml").read_text() == format_promtool_tests(loaded, beside)
    assert not list(tmp_path.rglob(".*"))


def test_a_prometheus_rule_contains_the_rules(spec: Path) -> None:
    done = proofload("--spec", spec, "--prometheus-rule", "shop-slo")
    assert (done.exit_code, done.stdout) == (0, format_prometheus_rule(load_spec([spec]), "shop-slo"))
    manifest, rules = (
        YAML(typ="safe").load(done.stdout),
        YAML(typ="safe").load(format_rules(load_spec([spec]))),
    )
    assert (manifest["kind"], manifest["metadata"]["name"]) == ("PrometheusRule", "shop-slo")
    assert manifest["spec"] == rules


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--prometheus-rule", "Shop_SLO"], "can't be an object's name"),
        (
            ["--prometheus-rule", "shop", "--out", "o", "--tests", "t.yaml"],
            "can't be combined with --prometheus-rule",
        ),
    ],
)
def test_options_that_the_operator_does_not_support_are_rejected(
    spec: Path, arguments: list[str], message: str
) -> None:
    done = proofload("--spec", spec, *arguments)
    assert done.exit_code == 2
    assert message in " ".join(done.stderr.split())


def test_unreachable_alerts_are_reported(spec: Path) -> None:
    spec.write_text(replace_in_text(EVENTS_SPEC, ("0.99", "0.5")))
    assert "no page over 1h" in proofload("--spec", spec).stderr


INVALID = {
    "a window without alerts": (
        ("28d", "6d"),
        (),
        "shop.yaml:4: SLO checkout, timeWindow: 6 days have no alert",
    ),
    "an invalid spec": (("0.99", "99"), (), "did you mean targetPercent"),
    "tests without a rules file": (("", ""), ("--tests", "t.yaml"), "--tests needs --out"),
    "one file for rules and tests": (
        ("", ""),
        ("--out", "t.yaml", "--tests", "t.yaml"),
        "name the same file",
    ),
    "a file instead of a directory": (("", ""), ("--out", "spec/shop.yaml/r.yaml"), "can't write"),
}


@pytest.mark.parametrize(("change", "options", "message"), INVALID.values(), ids=INVALID.keys())
def test_invalid_usage_is_reported_and_nothing_is_written(
    spec: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: tuple[str, str],
    options: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(spec.parent.parent)
    spec.write_text(replace_in_text(EVENTS_SPEC, change))
    done = proofload("--spec", spec, *(options or ("--out", "rules")))
    assert done.exit_code == 2
    assert message in done.output
    assert [path for path in Path().rglob("*") if path.is_file()] == [Path("spec/shop.yaml")]


def test_times_faster_divides_all_durations(spec: Path) -> None:
    """An hour becomes a minute in ranges, offsets, intervals and ``for``; names are unchanged."""
    done = proofload("--spec", spec, "--times-faster", "60")
    assert done.exit_code == 0, done.output
    fast, slow = (
        YAML(typ="safe").load(done.stdout),
        YAML(typ="safe").load(proofload("--spec", spec).stdout),
    )
    rules = [rule for group in fast["groups"] for rule in group["rules"]]
    assert {group["interval"] for group in fast["groups"]} == {"1s"}
    assert {rule["for"] for rule in rules if "for" in rule} == {"10s"}
    durations = {text for rule in rules for text in re.findall(r"(?:\[|offset )(\w+)", rule["expr"])}
    assert {"5s", "60s", "360s", "4320s"} <= durations
    assert not {text for text in durations if not text.endswith("s")}
    names = [[rule.get("record") for rule in group["rules"]] for group in slow["groups"]]
    assert [[rule.get("record") for rule in group["rules"]] for group in fast["groups"]] == names


@pytest.mark.parametrize("other", [("--tests", "t.yaml", "--out", "r.yaml"), ("--prometheus-rule", "slo")])
def test_times_faster_is_only_for_rule_files(spec: Path, other: tuple[str, ...]) -> None:
    done = proofload("--spec", spec, "--times-faster", "60", *other)
    assert done.exit_code == 2
    assert "--times-faster can't be combined with" in done.output
