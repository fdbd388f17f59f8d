from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.reference_service import Harness

ROW = [1.0] * 30
COUNTED: dict[str, tuple[str, str, dict[str, Any], dict[str, str]]] = {
    "a prediction": (
        "POST",
        "/predict",
        {"json": {"instances": [ROW]}},
        {"handler": "/predict", "method": "POST", "status": "200"},
    ),
    "a query string": ("GET", "/model?a=1", {}, {"handler": "/model", "status": "200"}),
    "the wrong method": ("GET", "/predict", {}, {"handler": "/predict", "status": "405"}),
    "a trailing slash": ("GET", "/model/", {}, {"handler": "none", "status": "404"}),
    "an unknown path": ("GET", "/nope", {}, {"handler": "none", "status": "404"}),
    "a path that starts with an excluded one": ("GET", "/metrics/x", {}, {"handler": "none"}),
    "a made-up method": ("BREW", "/predict", {}, {"handler": "/predict", "method": "OTHER"}),
    "the documentation": ("GET", "/openapi.json", {}, {"handler": "/openapi.json", "status": "200"}),
}


@pytest.mark.parametrize(("method", "path", "rest", "labels"), COUNTED.values(), ids=COUNTED)
def test_a_request_is_counted_exactly_once(
    method: str, path: str, rest: dict[str, Any], labels: dict[str, str], harness: Callable[..., Harness]
) -> None:
    service = harness()
    service.ask((method, path, rest))
    assert service.count(**labels) == service.count() == 1
    histogram = [
        sample.value
        for family in service.registry.collect()
        for sample in family.samples
        if sample.name == "http_request_duration_seconds_count"
    ]
    assert sum(histogram) == 1


def test_scrapes_and_probes_are_neither_counted_nor_logged_at_info(harness: Callable[..., Harness]) -> None:
    service = harness(faults=True)
    paths = ("/metrics", "/health", "/ready")
    responses = service.ask(*(("GET", path, {}) for path in paths), ("POST", "/_faults", {"json": {}}))
    assert [response.status_code for response in responses] == [200] * 4
    assert service.count() == 0
    assert {line["level"] for line in service.lines()} == {"debug"}


def test_made_up_paths_and_methods_create_no_series(harness: Callable[..., Harness]) -> None:
    service = harness()
    service.ask(
        *(("GET", f"/made/up/{n}", {}) for n in range(20)), *((f"M{n}", "/predict", {}) for n in range(20))
    )
    text = service.ask(("GET", "/metrics", {}))[0].text
    counted = [line for line in text.splitlines() if line.startswith("http_requests_total{")]
    assert sorted(counted) == [
        'http_requests_total{handler="/predict",method="OTHER",status="405"} 20.0',
        'http_requests_total{handler="none",method="GET",status="404"} 20.0',
    ]


def test_the_exposition_has_the_series_that_objectives_and_evidence_need(
    harness: Callable[..., Harness], rows: list[list[float]]
) -> None:
    service = harness()
    service.ask(("POST", "/predict", {"json": {"instances": rows[:3]}}))
    text = service.ask(("GET", "/metrics", {}))[0].text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    labels = {"handler": "/predict", "method": "POST", "status": "200"}
    buckets = {
        float(sample.labels["le"])
        for sample in families["http_request_duration_seconds"].samples
        if sample.name.endswith("_bucket") and labels.items() <= sample.labels.items()
    }
    assert buckets >= {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, math.inf}
    assert 'http_requests_created{handler="/predict",method="POST",status="200"} 1.' in text
    assert "model_info{" in text
    assert {s.value for s in families["http_request_size_bytes"].samples if s.name.endswith("_sum")} != {0}


def test_a_metric_without_a_measurement_has_no_sample(harness: Callable[..., Harness]) -> None:
    text = harness().ask(("GET", "/metrics", {}))[0].text
    exposed = {line.split(" ")[0].split("{")[0] for line in text.splitlines() if not line.startswith("#")}
    assert not exposed & {"model_feature_psi", "model_prediction_psi", "model_accuracy_ratio"}
    assert "model_predictions_total" in exposed


def test_predictions_are_counted_by_class_and_rows(
    harness: Callable[..., Harness], rows: list[list[float]]
) -> None:
    service = harness()
    predictions = service.ask(("POST", "/predict", {"json": {"instances": rows[:40]}}))[0].json()[
        "predictions"
    ]
    for name in ("malignant", "benign"):
        counted = service.registry.get_sample_value("model_predictions_total", {"class": name})
        assert counted == sum(p["class"] == name for p in predictions)
    assert service.registry.get_sample_value("model_prediction_probability_count") == 40
    assert service.registry.get_sample_value("model_inference_duration_seconds_count") == 1
