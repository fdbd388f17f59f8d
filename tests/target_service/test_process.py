"""The real service: uvicorn in a separate process."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from prometheus_client import Metric
from prometheus_client.multiprocess import MultiProcessCollector

if TYPE_CHECKING:
    from tests.support.reference_service import Running, Serve

ROOT = Path(__file__).parents[2]


def test_one_worker_serves_counts_logs_and_stops_cleanly(serve: Serve, rows: list[list[float]]) -> None:
    service = serve(TARGET_DRIFT_INTERVAL_SECONDS="0.05", TARGET_LOG_FORMAT="json")
    response = service.ask("POST", "/predict", json={"instances": rows[:250]})
    prediction = response.json()["predictions"][0]
    sent = {"prediction_id": prediction["prediction_id"], "true_class": prediction["class"]}
    feedback = service.ask("POST", "/feedback", json=sent, headers={"X-Request-ID": "mine"})
    assert feedback.json()["correct"] is True

    service.wait_until(lambda: service.metric("model_prediction_psi") is not None)
    assert len(json.loads(service.ask("GET", "/model").text)["features"]) == 30
    assert service.metric("model_drift_window_rows") == 250
    assert service.metric("http_requests_total", handler="/predict", status="200") == 1
    assert service.metric("process_start_time_seconds") is not None

    assert service.stop() == 0
    events = [json.loads(line) for line in service.lines]
    assert all({"timestamp", "level", "message"} <= event.keys() for event in events)
    logged = {(e["method"], e["path"], e["status"]) for e in events if e["message"] == "request"}
    assert logged == {("POST", "/predict", 200), ("POST", "/feedback", 200), ("GET", "/model", 200)}
    (line,) = [e for e in events if e.get("request_id") == "mine"]
    assert line["path"] == "/feedback"
    assert 0 < line["duration_seconds"] < 30
    assert any(e.get("logger") == "uvicorn.error" for e in events)


def test_psi_waits_for_enough_rows(serve: Serve, rows: list[list[float]]) -> None:
    service = serve(TARGET_DRIFT_INTERVAL_SECONDS="0.02")
    service.ask("POST", "/predict", json={"instances": rows[:199]})
    service.wait_until(lambda: service.metric("model_drift_window_rows") == 199)
    assert service.metric("model_feature_psi") is None
    service.ask("POST", "/predict", json={"instances": rows[:1]})
    service.wait_until(lambda: service.metric("model_feature_psi") is not None)


def test_the_console_format_is_not_json(serve: Serve) -> None:
    service = serve(TARGET_LOG_FORMAT="console")
    service.ask("GET", "/model")
    service.wait_for_line("request.*path.*/model")
    assert service.stop() == 0
    assert not any(line.startswith("{") for line in service.lines)


def test_a_port_in_use_is_an_error(serve: Serve) -> None:
    port = serve().url.rpartition(":")[2]
    command = [sys.executable, "-m", "target_service", "--port", port]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode not in (0, -signal.SIGTERM)
    assert "address already in use" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_invalid_model_card_ends_the_service_with_one_line(workers: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "target_service", tmp_path / "target_service")
    card = tmp_path / "target_service" / "ml" / "artefacts" / "card.json"
    card.write_text(card.read_text().replace('"std": ', '"std": "wide", "was": ', 1))
    command = [sys.executable, "-m", "target_service", "--workers", workers]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (3, "", 1)
    assert done.stderr.startswith(
        f"target_service: {card}: features[0].std: 'wide': should be a valid number"
    )


def _find_workers(service: Running) -> dict[int, Path]:
    """Return the folder of the metrics of each worker, by process id."""
    children = psutil.Process(service.process.pid).children()
    return {
        child.pid: Path(child.environ()["PROMETHEUS_MULTIPROC_DIR"])
        for child in children
        if "spawn_main" in " ".join(child.cmdline())
    }


def _count_requests(pid: int, folder: Path) -> float:
    """Return the number of requests that one worker has counted."""
    metrics: list[Metric] = MultiProcessCollector.merge([str(folder / f"counter_{pid}.db")])  # type: ignore[no-untyped-call]
    return sum(
        sample.value
        for metric in metrics
        for sample in metric.samples
        if sample.name == "http_requests_total"
    )


@pytest.mark.slow
def test_two_workers_give_correct_totals_even_if_one_is_killed(serve: Serve, rows: list[list[float]]) -> None:
    service = serve(workers=2, TARGET_DRIFT_INTERVAL_SECONDS="0.05")
    sent = 0

    def predict_and_give_feedback(number: int) -> tuple[int, int]:
        response = service.ask("POST", "/predict", json={"instances": rows[number : number + 2]})
        prediction = response.json()["predictions"][0]
        feedback = {"prediction_id": prediction["prediction_id"], "true_class": prediction["class"]}
        return response.status_code, service.ask("POST", "/feedback", json=feedback).status_code

    workers = _find_workers(service)
    assert len(workers) == 2
    while not all(_count_requests(pid, folder) for pid, folder in workers.items()):
        assert sent < 2000
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(predict_and_give_feedback, range(40))) == {(200, 200)}
        sent += 40
    folder = next(iter(workers.values()))

    for _ in range(4):  # either worker may respond to the scrape
        assert service.metric("http_requests_total", handler="/predict") == sent
        assert service.metric("http_request_duration_seconds_count", handler="/feedback") == sent
        assert service.metric("model_predictions_total") == 2 * sent
        assert service.metric("model_feedback_total", outcome="correct") == sent
        assert service.metric("model_accuracy_ratio") == 1
        assert service.metric("model_info") == 1
    service.wait_until(lambda: service.metric("model_drift_window_rows") == 2 * sent)
    prediction = service.ask("POST", "/predict", json={"instances": rows[:1]}).json()["predictions"][0]
    service.ask(
        "POST", "/feedback", json={"prediction_id": prediction["prediction_id"], "true_class": "benign"}
    )
    assert (service.metric("model_accuracy_ratio") or 1) < 1  # the lower of the two workers' accuracies
    sent += 1
    started = service.metric("process_start_time_seconds")

    killed = next(iter(workers))
    os.kill(killed, signal.SIGKILL)
    service.wait_for_line("Application startup complete", 3)
    assert service.metric("http_requests_total", handler="/predict") == sent
    assert service.metric("process_start_time_seconds") == started  # the counters are preserved
    assert (service.metric("model_drift_window_rows") or 0) < 2 * sent

    assert service.stop() == 0
    assert not folder.exists()
