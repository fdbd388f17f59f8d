"""What each backend is asked with, and what its warnings mean."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from slo.counting.evidence_reader import Counted
from slo.evaluation.checks import MOST_SKEW_SECONDS, check_evidence
from slo.evaluation.evaluate import evaluate
from slo.model import CheckStatus, Outcome, Reason, Spec, Window
from slo.model.evidence import IS_PARTIAL, partial
from slo.prometheus.backends import BACKENDS, learnt
from slo.prometheus.client import Prometheus
from slo.prometheus.connection import Connection, connection_from
from slo.prometheus.evidence_gathering import gather
from tests.slo.evaluation.check_cases import SPEC, STEADY
from tests.support.evidence import ALL, FAULTY, OK, evidence
from tests.support.http_faults import envelope, serving, text
from tests.support.specs import CHECKOUT

_BUILT = {"revision": "a", "branch": "HEAD", "buildUser": "b", "buildDate": "c", "goVersion": "go1.25.0"}
"""What Prometheus, Thanos and Cortex tell beside their version (their handlers of build information)."""
SAID = {
    "VictoriaMetrics": ({"X-Server-Hostname": "a"}, {"version": "2.24.0"}, "victoriametrics"),
    "VictoriaMetrics, should it tell a version of its own": (
        {"X-Server-Hostname": "a"},
        {"version": "1.145.0"},
        "victoriametrics",
    ),
    "Mimir": ({}, {"application": "Grafana Mimir", "version": "2.14", "goVersion": "go1.23"}, "mimir"),
    "Mimir of a weekly build": ({}, {"application": "Grafana Mimir", "version": "r411-926f316c"}, "mimir"),
    "Thanos": ({}, {"version": "0.41.0", **_BUILT}, "thanos"),
    "Thanos between releases": ({}, {"version": "0.43.0-dev", **_BUILT}, "thanos"),
    "Cortex": ({}, {"version": "1.21.1", **_BUILT}, "cortex"),
    "Cortex, whose tests write a v": ({}, {"version": "v1.21.1", **_BUILT}, "cortex"),
    "Prometheus": ({}, {"version": "3.5.0", **_BUILT}, "prometheus"),
    "Prometheus of two digits": ({}, {"version": "10.0.0"}, "prometheus"),
    "a version that is none": ({}, {"version": None}, "prometheus"),
    "no version": ({}, {}, "prometheus"),
    "a page of another kind": ({}, ["a"], "prometheus"),
}


@pytest.mark.parametrize(("headers", "data", "expected"), SAID.values(), ids=SAID.keys())
def test_the_backend_is_learnt(headers: dict[str, str], data: object, expected: str) -> None:
    assert learnt(headers, data) == expected


@pytest.mark.parametrize("name", BACKENDS)
def test_each_query_carries_what_its_backend_wants(name: str) -> None:
    samples = envelope({"resultType": "vector", "result": []})
    with serving(samples) as server, Prometheus(Connection(server.url, backend=name)) as api:
        api.value("up", 1)
        (asked,) = server.asked
    assert dict(asked.parameters) == {"query": "up", "time": "1.000"} | dict(BACKENDS[name].parameters)
    assert dict(BACKENDS[name].headers).items() <= dict(asked.headers).items()


def test_mimir_is_asked_for_what_was_written_before_unless_the_user_says_otherwise() -> None:
    samples = envelope({"resultType": "vector", "result": []})
    with serving(samples) as server:
        for given in ({}, {"x-read-consistency": "eventual"}):
            with Prometheus(Connection(server.url, headers=given, backend="mimir")) as api:
                api.value("up", 1)
        said = [{k.lower(): v for k, v in one.headers.items()}["x-read-consistency"] for one in server.asked]
    assert said == ["strong", "eventual"]


def test_what_the_server_says_of_itself_is_used_at_once() -> None:
    build = text('{"status":"success","data":{"version":"2.24.0"}}', X_Server_Hostname="vm")
    with serving(build, envelope({"resultType": "vector", "result": []})) as server:
        with Prometheus(Connection(server.url)) as api:
            api.version()
            api.value("up", 1)
        assert server.asked[-1].parameters["nocache"] == "1"


TENANTS = {
    "mimir": {"X-Scope-OrgID"},
    "cortex": {"X-Scope-OrgID"},
    "prometheus": {"X-Scope-OrgID"},
    "thanos": {"THANOS-TENANT"},
    "": {"X-Scope-OrgID", "THANOS-TENANT"},
}


@pytest.mark.parametrize(("backend", "names"), TENANTS.items())
def test_a_tenant_is_told_in_the_header_that_its_backend_reads(backend: str, names: set[str]) -> None:
    given = {"PROOFLOAD_PROMETHEUS_TENANT": "team", "PROOFLOAD_PROMETHEUS_BACKEND": backend}
    connection = connection_from(given, "http://localhost:1")
    assert (connection.headers, connection.backend) == (dict.fromkeys(names, "team"), backend or None)


WRONG = {
    "an unknown backend": ({"BACKEND": "influx"}, "PROOFLOAD_PROMETHEUS_BACKEND is 'influx'; there are"),
    "two tenants": ({"TENANT": "a", "HEADERS": "x-scope-orgid: b"}, "X-Scope-OrgID in .* are both set"),
    "two tenants of Thanos": (
        {"TENANT": "a", "HEADERS": "thanos-tenant: b", "BACKEND": "thanos"},
        "THANOS-TENANT in .* are both set",
    ),
}


@pytest.mark.parametrize(("given", "says"), WRONG.values(), ids=WRONG.keys())
def test_wrong_settings_are_told(given: dict[str, str], says: str) -> None:
    environment = {f"PROOFLOAD_PROMETHEUS_{name}": value for name, value in given.items()}
    with pytest.raises(ValueError, match=says):
        connection_from(environment, "http://localhost:1")


WARNINGS = {
    # Prometheus: web/api/v1, storage/remote (by storage/secondary.go an error becomes a warning)
    "results truncated due to limit": True,
    "remote_read: remote server http://a/read returned http status 500 Internal Server Error: b": True,
    "3 more warning annotations omitted": True,
    # Thanos: pkg/store/proxy.go, proxy_merge.go and recover.go, pkg/query/remote_engine.go
    "No StoreAPIs matched for this query": True,
    "fetch series for {} Addr: a:10901 LabelSets: {}: rpc error: code = Unavailable desc = b": True,
    "receive series from Addr: a:10901 LabelSets: {}: rpc error: code = Aborted desc = b": True,
    "failed to receive any data in 5s from Addr: a:10901 LabelSets: {}: context canceled": True,
    "unknown error while processing Series: b": True,
    "runtime error: index out of range [1] with length 1": True,
    "remote query warning (a:10901): receive series from b: rpc error: code = Unavailable": True,
    "remote query warning (a:10901): PromQL info: metric might not be a counter": False,
    # Cortex, from its packages partialdata and tenantfederation below pkg/querier
    "query result may contain partial data": True,
    "failed to query tenant __tenant_id__ a (partial data returned): b": True,
    "warning querying tenant_id a: query result may contain partial data": True,
    "warning querying tenant_id a: PromQL warning: ratio value should be between -1 and 1": False,
    # VictoriaMetrics, in our words
    IS_PARTIAL: True,
    # Prometheus, and all that took over its engine: util/annotations/annotations.go
    "PromQL info: metric might not be a counter, name does not end in _total: partial_orders": False,
    "PromQL warning: bucket label le is missing": False,
    "2 more info annotations omitted": False,
}


@pytest.mark.parametrize(("warning", "missing"), WARNINGS.items())
def test_a_warning_of_missing_data_decides_nothing(warning: str, missing: bool) -> None:
    assert (partial([warning]) is not None) is missing
    seen = evidence(SPEC, STEADY)
    told = {ALL: replace(seen.results[ALL], warnings=(warning,))}
    verdict = evaluate(SPEC, replace(seen, results={**seen.results, **told}))
    reasons = {one.reason for one in verdict.objectives}
    assert (Reason.PARTIAL_DATA in reasons) is missing


def test_what_lies_before_the_longest_look_back_is_missed() -> None:
    """Mimir and Cortex leave it out of counters and ``up`` alike, without a warning."""
    cut = {"up": "_ _ _ 1x4", OK: "_ _ _ 30+10x4", FAULTY: "_ _ _ 3+1x4"}
    seen = evaluate(SPEC, evidence(SPEC, cut))
    assert seen.outcome is Outcome.UNDECIDED
    assert {one.reason for one in seen.objectives} == {Reason.SCRAPE_GAP}


def test_an_answer_that_calls_itself_partial_is_kept_as_such() -> None:
    answer = envelope({"resultType": "matrix", "result": []}, isPartial=True)
    with serving(answer) as server, Prometheus(Connection(server.url)) as api:
        assert api.raw("up", 0, 1).warnings == (IS_PARTIAL,)


SKEWS = {
    "none": (0.0, 0.0, None),
    "as much as may be": (MOST_SKEW_SECONDS, 0.0, None),
    "more than may be, ahead": (2.1, 0.0, Reason.CLOCK_SKEW),
    "more than may be, behind": (-2.1, 0.0, Reason.CLOCK_SKEW),
    "more, but the answer took so long that it may be less": (2.1, 1.0, None),
}


@pytest.mark.parametrize(("skew", "round_trip", "reason"), SKEWS.values(), ids=SKEWS.keys())
def test_clocks_that_differ_decide_nothing(skew: float, round_trip: float, reason: Reason | None) -> None:
    seen = replace(evidence(SPEC, STEADY), clock_skew_seconds=skew, round_trip_seconds=round_trip)
    clock = next(one for one in check_evidence(SPEC, Counted(seen), None) if one.name == "clock")
    assert clock.reason is reason
    assert clock.status is (CheckStatus.FAIL if reason else CheckStatus.PASS)
    assert clock.numbers == {"clock_skew_seconds": skew, "round_trip_seconds": round_trip}
    if reason:
        assert evaluate(SPEC, seen).outcome is not Outcome.MET


def test_the_skew_is_the_servers_time_less_ours() -> None:
    build, ahead = envelope({"version": "3.5.0"}), time.time() + 100
    clock = envelope({"resultType": "scalar", "result": [ahead, str(ahead)]})
    nothing = envelope({"resultType": "matrix", "result": []})
    with serving(build, clock, nothing) as server, Prometheus(Connection(server.url)) as api:
        seen = gather(api, Spec((CHECKOUT,)), Window(0, 10), now=11, margin=1)
    assert seen.clock_skew_seconds == pytest.approx(100, abs=2)
    assert seen.round_trip_seconds is not None
