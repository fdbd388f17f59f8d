"""What dashboards ask for is what others give: the generated rules, and the load generator's exporter."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from ruamel.yaml import YAML

from loadtests.recording.recorder import Books
from loadtests.session.exporter import LoadCollector
from monitoring.build import SPEC, files
from slo.model import SLO, Budgeting, EventsSLI, Objective, PromQL, Spec
from slo.model.slo_ids import named
from slo.openslo.spec_reader import load_spec
from slo.promql.syntax import Selector, selectors_in
from slo.rules.rule_files import rules_text
from tests.support.dashboards import queries_of

SLI = EventsSLI(total=PromQL("asked_total"), good=PromQL('asked_total{ok="1"}'))
ONE = SLO("checkout", "shop", SLI, Budgeting.OCCURRENCES, 28 * 86_400, (Objective("Fast enough", 0.99),))
SEVERAL = replace(ONE, objectives=(*ONE.objectives, Objective("99.9%", 0.999)))
SPECS = {
    "the reference spec": load_spec([SPEC]),
    "several objectives": Spec((SEVERAL,)),
    "two objectives of one name": Spec((replace(ONE, objectives=ONE.objectives * 2),)),
    "an objective without a name": Spec((replace(ONE, objectives=(Objective("", 0.9), *ONE.objectives)),)),
    "a composite and an SLO whose name a part would have": Spec(
        (replace(ONE, weight=1.0), replace(SEVERAL, weight=2.0), replace(ONE, name="checkout-fast-enough"))
    ),
    "one name in two services": Spec((ONE, replace(ONE, service="office"))),
}
every_spec = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS.keys())


def selectors(board: str, spec: Spec) -> Iterator[Selector]:
    content = json.loads(files(spec)[f"{board}.json"])
    for query in queries_of(board, content):
        yield from selectors_in(query.expr)


def selects(selector: Selector, series: Mapping[str, str]) -> bool:
    """Tell whether a selector, all of whose patterns take anything, finds a series."""
    wanted = {matcher.label: matcher.value for matcher in selector.matchers if matcher.op == "="}
    return selector.metric == series["__name__"] and wanted.items() <= series.items()


def recorded(spec: Spec) -> list[dict[str, str]]:
    groups: Any = YAML(typ="safe").load(rules_text(spec))["groups"]
    rules = [rule for group in groups for rule in group["rules"] if "record" in rule]
    return [{"__name__": rule["record"], **rule["labels"]} for rule in rules]


@every_spec
def test_every_query_of_the_slo_dashboard_finds_what_the_rules_record(spec: Spec) -> None:
    series = recorded(spec)
    asked = set(selectors("proofload-slo", spec))
    lost = [str(one) for one in asked if not any(selects(one, each) for each in series)]
    assert asked
    assert not lost


@every_spec
def test_a_row_of_the_slo_dashboard_shows_its_own_objective_alone(spec: Spec) -> None:
    series = recorded(spec)
    own = [one for one in selectors("proofload-slo", spec) if any(m.op == "=" for m in one.matchers)]
    assert {m.value for one in own for m in one.matchers if m.label == "sloth_id"} == {
        one.id for one in named(spec)
    }
    assert {sum(selects(one, each) for each in series) for one in own} == {1}


NAMES = {
    "the reference spec": [
        "availability", "predict-latency", "predict-latency-p99", "data-drift", "model-decay",
    ],
    "several objectives": ["checkout-fast-enough", "checkout-99-9"],
    "two objectives of one name": ["checkout-fast-enough", "checkout-fast-enough-2"],
    "an objective without a name": ["checkout-objective", "checkout-fast-enough"],
    "a composite and an SLO whose name a part would have": [
        "checkout-fast-enough-2", "checkout-fast-enough-3", "checkout-99-9", "checkout-fast-enough",
    ],
    "one name in two services": ["checkout", "checkout"],
}  # fmt: skip


@pytest.mark.parametrize("case", SPECS)
def test_the_names_of_objectives(case: str) -> None:
    assert [one.name for one in named(SPECS[case])] == NAMES[case]


def test_every_metric_of_the_load_dashboard_is_one_that_the_load_generator_exposes() -> None:
    collector = LoadCollector(Books, lambda: 0, lambda: ["order"], {"engine": "", "profile": "", "run": ""})
    exposed = {sample.name for metric in collector.collect() for sample in metric.samples}
    asked = {one.metric for one in selectors("proofload-load", SPECS["the reference spec"])}
    assert asked - exposed == {"http_request_duration_seconds_bucket"}, "the service's"
    assert len(asked) > 1
