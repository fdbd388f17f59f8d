"""Names with dots on real servers: the server's own parser, verdicts, rules, and the message of Prometheus 2.

``.ci/backends FOLDER`` installs Prometheus 3; ``PROOFLOAD_BACKENDS=FOLDER`` includes it in the test.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, assume, given, settings

from benchmarks.servers import VICTORIA_METRICS, find_servers, start_server
from slo.evaluation import evaluate
from slo.model import (
    EventsSLI,
    HistogramQuantile,
    Objective,
    Op,
    Outcome,
    PromQL,
    Reason,
    Spec,
    ThresholdSLI,
    Verdict,
    Window,
)
from slo.prometheus import ConnectionSettings, PrometheusClient
from slo.prometheus.evidence_gathering import gather_evidence
from slo.prometheus.evidence_json import decode_evidence, encode_evidence
from slo.promql import Matcher, PromQLError, Selector, parse_selector
from slo.rules import format_promtool_tests, format_rules
from slo.rules.event_queries import build_increase_query
from tests.support.evidence import slo_of
from tests.support.prometheus_server import ScrapedPrometheus, serve_page
from tests.support.promql_names import SELECTORS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
TOTAL, BAD = '{"http.server.requests_total"}', '{"http.server.requests_total","http.status"="500"}'
HISTOGRAM = '{"http.server.duration"}'
EVENTS = slo_of(EventsSLI(PromQL(TOTAL), bad=PromQL(BAD)), Objective("events", 0.98))
LATENCY = slo_of(ThresholdSLI(HistogramQuantile(HISTOGRAM, 0.9)), Objective("p90", 0.9, Op.LTE, 0.25))
BY_NAME = slo_of(
    EventsSLI(
        PromQL('{__name__="http.server.duration_count"}'),
        good=PromQL('{"http.server.duration_bucket",le="0.25"}'),
    ),
    Objective("by name", 0.9),
)
COMPUTED = slo_of(
    ThresholdSLI(PromQL(f'max(sum by ("http.status") (increase({BAD}[$window])))')),
    Objective("computed", 0.9, Op.LTE, 50),
)
SPEC = Spec((EVENTS, LATENCY, BY_NAME, COMPUTED))
UP = Spec((slo_of(ThresholdSLI(PromQL('up{job="shop"}')), Objective("up", 0.9, Op.GTE, 1)),))


def format_page(good: int, bad: int) -> str:
    total = good + bad
    return f"""\
# TYPE "http.server.requests_total" counter
{{"http.server.requests_total","http.status"="200"}} {good}
{{"http.server.requests_total","http.status"="500"}} {bad}
# TYPE "http.server.duration" histogram
{{"http.server.duration_bucket",le="0.25"}} {total - bad}
{{"http.server.duration_bucket",le="+Inf"}} {total}
{{"http.server.duration_sum"}} 1
{{"http.server.duration_count"}} {total}
"""


@pytest.fixture(scope="module")
def prometheus_3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScrapedPrometheus]:
    with ExitStack() as running:
        page = running.enter_context(serve_page())
        for name, binary in find_servers().items():
            if binary.name == VICTORIA_METRICS:
                continue
            address = f"127.0.0.1:{page.server_address[1]}"
            one_server = running.enter_context(ExitStack())
            url = start_server(one_server, binary, tmp_path_factory.mktemp(name), {"shop": address})
            client = running.enter_context(PrometheusClient(ConnectionSettings(url)))
            if client.fetch_version().startswith("3."):
                yield ScrapedPrometheus(client, page)
                return
            one_server.close()
        pytest.skip("no Prometheus 3: set PROOFLOAD_BACKENDS")


def parse_on_server(server: ScrapedPrometheus, query: str) -> Any:
    url = f"{server.client.connection.url}/api/v1/parse_query"
    response = requests.post(url, data={"query": query}, timeout=10).json()
    assert response["status"] == "success", (query, response)
    return response["data"]


def find_server_selectors(node: object) -> Iterator[set[tuple[str, str, str]]]:
    """Yield the matchers of each selector of a query, as the server parsed it."""
    if isinstance(node, list):
        for item in node:
            yield from find_server_selectors(item)
    elif isinstance(node, dict):
        if "matchers" in node:
            yield {(matcher["name"], matcher["type"], matcher["value"]) for matcher in node["matchers"]}
        for value in node.values():
            yield from find_server_selectors(value)


def list_matchers(selector: Selector) -> set[tuple[str, str, str]]:
    all_matchers = (Matcher("__name__", "=", selector.metric), *selector.matchers)
    return {(matcher.label, matcher.op, matcher.value) for matcher in all_matchers}


def quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\ufffd", "\\ufffd")


MANY = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@MANY
@given(SELECTORS)
def test_the_server_reads_what_was_written(prometheus_3: ScrapedPrometheus, selector: Selector) -> None:
    assert list(find_server_selectors(parse_on_server(prometheus_3, str(selector)))) == [
        list_matchers(selector)
    ]


@MANY
@given(SELECTORS)
def test_what_the_author_wrote_means_the_same_when_written_again(
    prometheus_3: ScrapedPrometheus, selector: Selector
) -> None:
    matchers = [f"{quote(m.label)}{m.op}{quote(m.value)}" for m in selector.matchers]
    text = f"{{{', '.join([quote(selector.metric), *matchers])}}}"
    try:
        written = str(parse_selector(text))
    except PromQLError as error:
        assume("template variable" not in str(error))
        raise
    expected = list(find_server_selectors(parse_on_server(prometheus_3, text)))
    assert list(find_server_selectors(parse_on_server(prometheus_3, written))) == expected


@settings(MANY, max_examples=50)
@given(SELECTORS)
def test_queries_of_rules_select_the_same(prometheus_3: ScrapedPrometheus, selector: Selector) -> None:
    assume(all(matcher.label not in {"job", "up"} for matcher in selector.matchers))
    query = parse_on_server(prometheus_3, build_increase_query(selector, "5m"))
    found = [item for item in find_server_selectors(query) if ("__name__", "=", "up") not in item]
    assert found == [list_matchers(selector)] * 4


def _judge(server: ScrapedPrometheus, spec: Spec = SPEC) -> Verdict:
    first = server.publish(format_page(1_000, 100), UP)
    server.publish(format_page(1_990, 110), UP)
    last = server.publish(format_page(1_990, 110), UP)
    # The counters' samples lie in the window; the last scrape closes it.
    window = Window(first + 0.01, last - 0.01)
    evidence = gather_evidence(server.client, spec, window, now=last + 1, margin_seconds=1)
    verdict = evaluate(spec, evidence)
    replayed = evaluate(spec, decode_evidence(encode_evidence(evidence)))
    assert [o.outcome for o in replayed.objectives] == [o.outcome for o in verdict.objectives]
    return verdict


def test_counts_of_series_with_dots(prometheus_3: ScrapedPrometheus) -> None:
    verdict = _judge(prometheus_3)
    events, latency, by_name, computed = verdict.objectives
    assert [(o.good, o.total) for o in (events, latency, by_name)] == [(990, 1_000)] * 3, verdict
    assert events.outcome is Outcome.MET
    assert computed.outcome is Outcome.MET


GHOSTS = {
    "a metric that never was": ("sum(rate(ghost_total[1m])) or vector(0)", "ghost_total"),
    "one of two metrics": (f"(sum(rate(ghost_total[1m])) or vector(0)) + 0 * count({TOTAL})", "ghost_total"),
    "in a subquery": ("max_over_time((sum(rate(ghost_total[1m])) or vector(0))[10s:1s])", "ghost_total"),
    "no name matches": ('count({__name__=~"ghost.+"}) or vector(0)', '{__name__=~"ghost.+"}'),
    "only of another job": (f'count({TOTAL[:-1]},job="x"}}) or vector(0)', 'job="x"'),
    "only before the window": ("sum(rate(early_total[1m])) or vector(0)", "early_total"),
}


@pytest.mark.parametrize(("query", "name"), GHOSTS.values(), ids=GHOSTS.keys())
def test_a_query_of_a_missing_metric_is_undecided(
    prometheus_3: ScrapedPrometheus, query: str, name: str
) -> None:
    prometheus_3.publish("early_total 1\n", UP)
    prometheus_3.publish(format_page(1_000, 100), UP)
    slo = slo_of(ThresholdSLI(PromQL(query)), Objective("ghost", 0.9, Op.LTE, 1))
    (objective,) = _judge(prometheus_3, Spec((slo,))).objectives
    assert (objective.outcome, objective.reason) == (Outcome.UNDECIDED, Reason.NO_DATA)
    assert name in str(objective.detail)


def test_prometheus_2_names_what_it_can_not_read(tmp_path: Path) -> None:
    binaries = [path for path in find_servers().values() if path.name != VICTORIA_METRICS]
    with ExitStack() as running:
        for n, binary in enumerate(binaries):
            (tmp_path / str(n)).mkdir()
            url = start_server(running, binary, tmp_path / str(n), {"shop": "127.0.0.1:1"})
            client = running.enter_context(PrometheusClient(ConnectionSettings(url)))
            if client.fetch_version().startswith("2."):
                evidence = gather_evidence(client, SPEC, Window(1000, 1060), now=1100, margin_seconds=5)
                for objective in evaluate(SPEC, evidence).objectives:
                    assert objective.outcome is Outcome.UNDECIDED
                    assert "need Prometheus 3" in str(objective.detail)
                return
    pytest.skip("no Prometheus 2")


def test_promtool_3_accepts_the_rules_and_their_tests(tmp_path: Path) -> None:
    folder = Path(os.environ.get("PROOFLOAD_BACKENDS", "/nonexistent"))
    promtool = next(iter(folder.glob("sid-promtool/usr/bin/promtool")), None)
    if promtool is None:
        pytest.skip("no promtool of Prometheus 3: set PROOFLOAD_BACKENDS")
    spec = Spec((EVENTS, LATENCY, BY_NAME))
    (tmp_path / "rules.yaml").write_text(format_rules(spec))
    (tmp_path / "tests.yaml").write_text(format_promtool_tests(spec, "rules.yaml"))
    assert "http.server.duration_bucket" in (tmp_path / "tests.yaml").read_text()
    for command in (["check", "rules", "rules.yaml"], ["test", "rules", "tests.yaml"]):
        done = subprocess.run(
            [promtool, *command], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
