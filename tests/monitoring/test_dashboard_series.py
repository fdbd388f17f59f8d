"""The dashboards query series that exist: those of the recording rules and of the load generator."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from ruamel.yaml import YAML

from loadtests.recording import Recorder
from loadtests.session.exporter import LoadCollector
from monitoring.build import SPEC_FILE, encode_dashboards
from slo.model import SLO, BudgetingMethod, EventsSLI, Objective, PromQL, Spec, name_objectives
from slo.openslo import load_spec
from slo.promql import Selector, find_selectors
from slo.rules import format_rules
from tests.support.dashboards import list_dashboard_queries

SLI = EventsSLI(total=PromQL("asked_total"), good=PromQL('asked_total{ok="1"}'))
CHECKOUT = SLO(
    "checkout", "shop", SLI, BudgetingMethod.OCCURRENCES, 28 * 86_400, (Objective("Fast enough", 0.99),)
)
SEVERAL = replace(CHECKOUT, objectives=(*CHECKOUT.objectives, Objective("99.9%", 0.999)))
SPECS = {
    "the reference spec": load_spec([SPEC_FILE]),
    "several objectives": Spec((SEVERAL,)),
    "two objectives with the same name": Spec((replace(CHECKOUT, objectives=CHECKOUT.objectives * 2),)),
    "an objective without a name": Spec(
        (replace(CHECKOUT, objectives=(Objective("", 0.9), *CHECKOUT.objectives)),)
    ),
    "a composite, and an SLO with the name of one of its parts": Spec(
        (
            replace(CHECKOUT, weight=1.0),
            replace(SEVERAL, weight=2.0),
            replace(CHECKOUT, name="checkout-fast-enough"),
        )
    ),
    "the same name in two services": Spec((CHECKOUT, replace(CHECKOUT, service="office"))),
}
every_spec = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS.keys())


def list_selectors(dashboard: str, spec: Spec) -> Iterator[Selector]:
    content = json.loads(encode_dashboards(spec)[f"{dashboard}.json"])
    for query in list_dashboard_queries(dashboard, content):
        yield from find_selectors(query.expr)


def selects(selector: Selector, series: Mapping[str, str]) -> bool:
    """Whether a selector matches a series, if all of its patterns match any value."""
    labels = {matcher.label: matcher.value for matcher in selector.matchers if matcher.op == "="}
    return selector.metric == series["__name__"] and labels.items() <= series.items()


def list_recorded_series(spec: Spec) -> list[dict[str, str]]:
    groups: Any = YAML(typ="safe").load(format_rules(spec))["groups"]
    rules = [rule for group in groups for rule in group["rules"] if "record" in rule]
    return [{"__name__": rule["record"], **rule["labels"]} for rule in rules]


@every_spec
def test_every_selector_of_the_slo_dashboard_matches_a_recorded_series(spec: Spec) -> None:
    recorded = list_recorded_series(spec)
    selectors = set(list_selectors("proofload-slo", spec))
    unmatched = [
        str(selector) for selector in selectors if not any(selects(selector, series) for series in recorded)
    ]
    assert selectors
    assert not unmatched


@every_spec
def test_a_row_of_the_slo_dashboard_shows_its_own_objective_only(spec: Spec) -> None:
    recorded = list_recorded_series(spec)
    selectors = [
        selector
        for selector in list_selectors("proofload-slo", spec)
        if any(matcher.op == "=" for matcher in selector.matchers)
    ]
    ids = {
        matcher.value
        for selector in selectors
        for matcher in selector.matchers
        if matcher.label == "sloth_id"
    }
    assert ids == {objective.sloth_id for objective in name_objectives(spec)}
    assert {sum(selects(selector, series) for series in recorded) for selector in selectors} == {1}


NAMES = {
    "the reference spec": [
        "availability", "predict-latency", "predict-latency-p99", "data-drift", "model-decay",
    ],
    "several objectives": ["checkout-fast-enough", "checkout-99-9"],
    "two objectives with the same name": ["checkout-fast-enough", "checkout-fast-enough-2"],
    "an objective without a name": ["checkout-objective", "checkout-fast-enough"],
    "a composite, and an SLO with the name of one of its parts": [
        "checkout-fast-enough-2", "checkout-fast-enough-3", "checkout-99-9", "checkout-fast-enough",
    ],
    "the same name in two services": ["checkout", "checkout"],
}  # fmt: skip


@pytest.mark.parametrize("case", SPECS)
def test_the_names_of_objectives(case: str) -> None:
    assert [objective.name for objective in name_objectives(SPECS[case])] == NAMES[case]


def test_the_load_generator_exposes_every_metric_of_the_load_dashboard() -> None:
    collector = LoadCollector(
        Recorder, lambda: 0, lambda: ["order"], {"engine": "", "profile": "", "run": ""}
    )
    exposed = {sample.name for metric in collector.collect() for sample in metric.samples}
    queried = {selector.metric for selector in list_selectors("proofload-load", SPECS["the reference spec"])}
    assert queried - exposed == {"http_request_duration_seconds_bucket"}, "the service exposes this one"
    assert len(queried) > 1
