"""Backends: detection, parameters and headers of their queries, and their warnings."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from slo.counting import EvidenceReader
from slo.evaluation import evaluate
from slo.evaluation.checks import MAX_CLOCK_SKEW_SECONDS, check_evidence
from slo.model import (
    PARTIAL_RESPONSE_WARNING,
    CheckStatus,
    Outcome,
    Reason,
    Spec,
    Window,
    find_partial_data_warning,
    make_samples_key,
)
from slo.prometheus.backends import BACKENDS, detect_backend
from slo.prometheus.client import PrometheusClient
from slo.prometheus.connection import ConnectionSettings, read_connection_settings
from slo.prometheus.evidence_gathering import gather_evidence
from tests.support.evidence import ALL, FAULTY, OK, SPEC, STEADY, make_evidence
from tests.support.http_faults import respond_success, respond_text, run_server
from tests.support.specs import CHECKOUT_SLO

_BUILD_FIELDS = {
    "revision": "a",
    "branch": "HEAD",
    "buildUser": "b",
    "buildDate": "c",
    "goVersion": "go1.25.0",
}
"""Further fields that Prometheus, Thanos and Cortex return (in their build information handlers)."""
BUILD_INFO = {
    "VictoriaMetrics": ({"X-Server-Hostname": "a"}, {"version": "2.24.0"}, "victoriametrics"),
    "VictoriaMetrics with a version of its own": (
        {"X-Server-Hostname": "a"},
        {"version": "1.145.0"},
        "victoriametrics",
    ),
    "Mimir": ({}, {"application": "Grafana Mimir", "version": "2.14", "goVersion": "go1.23"}, "mimir"),
    "Mimir of a weekly build": ({}, {"application": "Grafana Mimir", "version": "r411-926f316c"}, "mimir"),
    "Thanos": ({}, {"version": "0.41.0", **_BUILD_FIELDS}, "thanos"),
    "Thanos between releases": ({}, {"version": "0.43.0-dev", **_BUILD_FIELDS}, "thanos"),
    "Cortex": ({}, {"version": "1.21.1", **_BUILD_FIELDS}, "cortex"),
    "Cortex with a v before the version": ({}, {"version": "v1.21.1", **_BUILD_FIELDS}, "cortex"),
    "Prometheus": ({}, {"version": "3.5.0", **_BUILD_FIELDS}, "prometheus"),
    "Prometheus with a two-digit major version": ({}, {"version": "10.0.0"}, "prometheus"),
    "a version that is null": ({}, {"version": None}, "prometheus"),
    "no version": ({}, {}, "prometheus"),
    "a response of another shape": ({}, ["a"], "prometheus"),
}


@pytest.mark.parametrize(("headers", "data", "expected"), BUILD_INFO.values(), ids=BUILD_INFO.keys())
def test_backend_is_detected(headers: dict[str, str], data: object, expected: str) -> None:
    assert detect_backend(headers, data) == expected


@pytest.mark.parametrize("name", BACKENDS)
def test_query_has_the_parameters_and_headers_of_its_backend(name: str) -> None:
    samples = respond_success({"resultType": "vector", "result": []})
    with run_server(samples) as server, PrometheusClient(ConnectionSettings(server.url, backend=name)) as api:
        api.query_instant("up", 1)
        (request,) = server.requests
    assert dict(request.parameters) == {"query": "up", "time": "1.000"} | dict(BACKENDS[name].parameters)
    assert dict(BACKENDS[name].headers).items() <= dict(request.headers).items()


def test_mimir_reads_are_consistent_unless_the_user_sets_otherwise() -> None:
    samples = respond_success({"resultType": "vector", "result": []})
    with run_server(samples) as server:
        for headers in ({}, {"x-read-consistency": "eventual"}):
            with PrometheusClient(ConnectionSettings(server.url, headers=headers, backend="mimir")) as api:
                api.query_instant("up", 1)
        sent = [
            {name.lower(): value for name, value in request.headers.items()}["x-read-consistency"]
            for request in server.requests
        ]
    assert sent == ["strong", "eventual"]


def test_detected_backend_is_used_for_the_next_query() -> None:
    build = respond_text('{"status":"success","data":{"version":"2.24.0"}}', X_Server_Hostname="vm")
    with run_server(build, respond_success({"resultType": "vector", "result": []})) as server:
        with PrometheusClient(ConnectionSettings(server.url)) as api:
            api.fetch_version()
            api.query_instant("up", 1)
        assert server.requests[-1].parameters["nocache"] == "1"


TENANTS = {
    "mimir": {"X-Scope-OrgID"},
    "cortex": {"X-Scope-OrgID"},
    "prometheus": {"X-Scope-OrgID"},
    "thanos": {"THANOS-TENANT"},
    "": {"X-Scope-OrgID", "THANOS-TENANT"},
}


@pytest.mark.parametrize(("backend", "names"), TENANTS.items())
def test_tenant_is_sent_in_the_header_of_its_backend(backend: str, names: set[str]) -> None:
    environment = {"PROOFLOAD_PROMETHEUS_TENANT": "team", "PROOFLOAD_PROMETHEUS_BACKEND": backend}
    connection = read_connection_settings(environment, "http://localhost:1")
    assert (connection.headers, connection.backend) == (dict.fromkeys(names, "team"), backend or None)


INVALID_SETTINGS = {
    "an unknown backend": ({"BACKEND": "influx"}, "PROOFLOAD_PROMETHEUS_BACKEND is 'influx'; must be one of"),
    "two tenants": ({"TENANT": "a", "HEADERS": "x-scope-orgid: b"}, "X-Scope-OrgID in .* are both set"),
    "two tenants of Thanos": (
        {"TENANT": "a", "HEADERS": "thanos-tenant: b", "BACKEND": "thanos"},
        "THANOS-TENANT in .* are both set",
    ),
}


@pytest.mark.parametrize(("settings", "message"), INVALID_SETTINGS.values(), ids=INVALID_SETTINGS.keys())
def test_invalid_settings_are_refused(settings: dict[str, str], message: str) -> None:
    environment = {f"PROOFLOAD_PROMETHEUS_{name}": value for name, value in settings.items()}
    with pytest.raises(ValueError, match=message):
        read_connection_settings(environment, "http://localhost:1")


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
    # VictoriaMetrics, as this client adds it
    PARTIAL_RESPONSE_WARNING: True,
    # Prometheus and all backends with its engine: util/annotations/annotations.go
    "PromQL info: metric might not be a counter, name does not end in _total: partial_orders": False,
    "PromQL warning: bucket label le is missing": False,
    "2 more info annotations omitted": False,
}


@pytest.mark.parametrize(("warning", "missing"), WARNINGS.items())
def test_warning_of_missing_data_gives_undecided(warning: str, missing: bool) -> None:
    assert (find_partial_data_warning([warning]) is not None) is missing
    evidence = make_evidence(SPEC, STEADY)
    key = make_samples_key(ALL)
    results = {**evidence.results, key: replace(evidence.results[key], warnings=(warning,))}
    verdict = evaluate(SPEC, replace(evidence, results=results))
    reasons = {objective.reason for objective in verdict.objectives}
    assert (Reason.PARTIAL_DATA in reasons) is missing


def test_samples_before_the_maximum_query_lookback_are_missing() -> None:
    """Mimir and Cortex leave them out of counters and ``up`` alike, without a warning."""
    samples = {"up": "_ _ _ 1x4", OK: "_ _ _ 30+10x4", FAULTY: "_ _ _ 3+1x4"}
    verdict = evaluate(SPEC, make_evidence(SPEC, samples))
    assert verdict.outcome is Outcome.UNDECIDED
    assert {objective.reason for objective in verdict.objectives} == {Reason.SCRAPE_GAP}


def test_partial_response_has_a_warning() -> None:
    responder = respond_success({"resultType": "matrix", "result": []}, isPartial=True)
    with run_server(responder) as server, PrometheusClient(ConnectionSettings(server.url)) as api:
        assert api.fetch_samples("up", 0, 1).warnings == (PARTIAL_RESPONSE_WARNING,)


SKEWS = {
    "none": (0.0, 0.0, None),
    "the maximum": (MAX_CLOCK_SKEW_SECONDS, 0.0, None),
    "more than the maximum, ahead": (2.1, 0.0, Reason.CLOCK_SKEW),
    "more than the maximum, behind": (-2.1, 0.0, Reason.CLOCK_SKEW),
    "more, but within the uncertainty of a slow response": (2.1, 1.0, None),
}


@pytest.mark.parametrize(("skew", "round_trip", "reason"), SKEWS.values(), ids=SKEWS.keys())
def test_clock_skew_gives_undecided(skew: float, round_trip: float, reason: Reason | None) -> None:
    evidence = replace(make_evidence(SPEC, STEADY), clock_skew_seconds=skew, round_trip_seconds=round_trip)
    checks = check_evidence(SPEC, EvidenceReader(evidence), None)
    clock = next(check for check in checks if check.name == "clock")
    assert clock.reason is reason
    assert clock.status is (CheckStatus.FAIL if reason else CheckStatus.PASS)
    assert clock.numbers == {"clock_skew_seconds": skew, "round_trip_seconds": round_trip}
    if reason:
        assert evaluate(SPEC, evidence).outcome is not Outcome.MET


def test_clock_skew_is_server_time_minus_local_time() -> None:
    build, ahead = respond_success({"version": "3.5.0"}), time.time() + 100
    clock = respond_success({"resultType": "scalar", "result": [ahead, str(ahead)]})
    no_series = respond_success({"resultType": "matrix", "result": []})
    with (
        run_server(build, clock, no_series) as server,
        PrometheusClient(ConnectionSettings(server.url)) as api,
    ):
        evidence = gather_evidence(api, Spec((CHECKOUT_SLO,)), Window(0, 10), now=11, margin_seconds=1)
    assert evidence.clock_skew_seconds == pytest.approx(100, abs=2)
    assert evidence.round_trip_seconds is not None
