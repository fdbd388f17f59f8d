"""Evidence and run record of a run of 30 s at 100 requests/s."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from math import exp, log, sin
from random import Random

from slo.model import (
    PROCESS_START_KEY,
    UP_KEY,
    Evidence,
    FailureCount,
    GeneratorProcess,
    Quantiles,
    QueryResult,
    RequestCounts,
    RunRecord,
    Second,
    Series,
    Window,
    make_samples_key,
)

START, SECONDS, RATE = 1_767_225_600.0, 30, 100
WINDOW = Window(START, START + SECONDS)
BEFORE, AFTER, PHASE = 10, 2, 0.4
TIMES = tuple(START - PHASE + n for n in range(-BEFORE, SECONDS + AFTER))
"""Times of the scrapes: one each second around the window; the one at -0.4 s opens it."""
DAYS = 28
WARMUP, FAILING_FROM = 50, 10
"""Number of requests before the window, and the second from which requests fail."""

LE = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 10)
FEATURES = [
    f"{kind} {part}"
    for kind in ("mean", "error", "worst")
    for part in (
        "radius",
        "texture",
        "perimeter",
        "area",
        "smoothness",
        "compactness",
        "concavity",
        "concave points",
        "symmetry",
        "fractal dimension",
    )
]

ALL = 'http_requests_total{job="target"}'
BAD = 'http_requests_total{job="target",status=~"5.."}'
BUCKETS = 'http_request_duration_seconds_bucket{job="target",handler="/predict"}'
FAST = 'http_request_duration_seconds_bucket{job="target",handler="/predict",le="0.25"}'
COUNT = 'http_request_duration_seconds_count{job="target",handler="/predict"}'
PSI = 'model_feature_psi{job="target"}'
ACCURACY = 'model_accuracy_ratio{job="target"}'

# --- The evidence -------------------------------------------------------------------------------


def evidence(failing: float = 0.0, slower: float = 0.0) -> Evidence:
    """Return the evidence of 3,000 requests, 90 % of them predictions.

    ``failing``: ratio of requests that fail; ``slower``: seconds added to each prediction.
    """

    def failures(seconds: float) -> float:
        return RATE * failing if seconds >= FAILING_FROM else 0.0

    failed = [value - WARMUP for value in _counter(failures)]
    predicted = _counter(lambda seconds: RATE * 0.9 - failures(seconds))
    requests = [
        series("http_requests_total", predicted, handler="/predict", status="200"),
        series("http_requests_total", _counter(lambda _: RATE * 0.1), handler="/feedback", status="200"),
    ]
    new_series = series(
        "http_requests_total", failed, first_second=FAILING_FROM, handler="/predict", status="500"
    )
    errors = [new_series] if failing else []
    shares = _latency_shares(slower)
    buckets = _buckets("http_request_duration_seconds_bucket", shares, LE, handler="/predict")
    probability = _buckets(
        "model_prediction_probability_bucket", [0.01, 0.02, 0.02, 0.05, 0.9], [0.5, 0.6, 0.75, 0.9, 1]
    )
    results = {
        ALL: [*requests, *errors],
        BAD: errors,
        FAST: [bucket for bucket in buckets if bucket.labels["le"] == "0.25"],
        COUNT: [replace(buckets[-1], labels=_rename(buckets[-1], "http_request_duration_seconds_count"))],
        BUCKETS: buckets,
        PSI: [series("model_feature_psi", _drift(n), feature=name) for n, name in enumerate(FEATURES)],
        ACCURACY: [series("model_accuracy_ratio", [0.955 + 0.012 * sin(t / 5) for t in range(len(TIMES))])],
        'model_predictions_total{job="target"}': [
            _of_class("benign", _counter(lambda _: RATE * 0.9 * 0.63)),
            _of_class("malignant", _counter(lambda _: RATE * 0.9 * 0.37)),
        ],
        'model_prediction_probability_bucket{job="target"}': probability,
        'process_resident_memory_bytes{job="target"}': [
            series("process_resident_memory_bytes", [170e6 + 4e4 * t for t in range(len(TIMES))])
        ],
        "up": [series("up", [1.0] * len(TIMES))],
        "process_start_time_seconds": [series("process_start_time_seconds", [START - 60.0] * len(TIMES))],
    }
    target_keys = {key.text: key for key in (UP_KEY, PROCESS_START_KEY)}
    answers = {
        target_keys.get(query, make_samples_key(query)): QueryResult(query, WINDOW.end, tuple(matches))
        for query, matches in results.items()
    }
    server = {"url": "http://127.0.0.1:9090", "version": "2.42.0"}
    return Evidence(WINDOW, answers, START + 32, 300.0, 1.0, server)


def series(
    name: str, values: Iterable[float], /, *, first_second: int | None = None, **labels: str
) -> Series:
    """Return one series over the scrapes; ``first_second`` is the second of its first sample."""
    first = 0 if first_second is None else first_second + BEFORE
    all_labels = {"__name__": name, "job": "target", "instance": "127.0.0.1:8000", **labels}
    return Series(all_labels, TIMES[first:], tuple(values)[first:])


def _constant(rate: float, _: float) -> float:
    return rate


def _of_class(name: str, values: Iterable[float]) -> Series:
    predictions = series("model_predictions_total", values)
    return replace(predictions, labels={**predictions.labels, "class": name})


def _counter(rate: Callable[[float], float]) -> list[float]:
    """Return the counter's value at each scrape: ``rate`` inside the window, after 50 warm-up requests."""
    count, values = float(WARMUP), []
    for time in TIMES:
        if time > START:
            count += rate(time - START) * min(1.0, time - START, max(0.0, WINDOW.end - time + 1))
        values.append(float(round(count)))
    return values


def _buckets(name: str, shares: list[float], bounds: Iterable[float], **labels: str) -> list[Series]:
    cumulative, buckets = 0.0, []
    for bound, share in zip([*bounds, float("inf")], [*shares, 0.0], strict=True):
        cumulative = min(cumulative + share, 1.0)
        le = "+Inf" if bound == float("inf") else f"{bound:g}"
        reached = 1.0 if le == "+Inf" else cumulative
        values = _counter(partial(_constant, 90.0 * reached))
        bucket = series(name, [value - WARMUP for value in values])
        buckets.append(replace(bucket, labels={**bucket.labels, **labels, "le": le}))
    return buckets


def _latency_shares(slower: float) -> list[float]:
    """Return the share of predictions in each bucket: log-logistic around 12 ms plus ``slower``."""

    def within(bound: float) -> float:
        return 1 / (1 + exp(-4.2 * log(bound / (0.012 + slower))))

    reached = [within(bound) for bound in LE]
    return [after - before for before, after in zip([0.0, *reached[:-1]], reached, strict=True)]


def _drift(number: int) -> list[float]:
    random = Random(number)  # noqa: S311 - test data
    base = 0.02 + 0.14 * random.random() ** 2
    return [base * (1 + 0.35 * sin(t / 4 + number)) for t in range(len(TIMES))]


def _rename(bucket: Series, name: str) -> Mapping[str, str]:
    return {key: value for key, value in bucket.labels.items() if key != "le"} | {"__name__": name}


# --- The run ------------------------------------------------------------------------------------


def run(failing: float = 0.0, slower: float = 0.0) -> RunRecord:
    random = Random(7)  # noqa: S311 - test data
    seconds = tuple(_second(n, failing, slower, random) for n in range(SECONDS))
    failed = sum(second.failed for second in seconds)
    response_time = Quantiles(
        *(value + slower for value in (0.012, 0.021, 0.026, 0.044, 0.061, 0.074, 0.014))
    )
    lateness = Quantiles(0.0004, 0.0007, 0.0009, 0.0012, 0.002, 0.003, 0.0005)
    statuses = {"200": 3000 - failed, "500": failed}
    total = RequestCounts(
        3000, 3000, 3000, failed, 0, lateness, response_time, response_time, response_time, statuses
    )
    if failed:
        total = replace(total, failures=(FailureCount("status 500", 500, failed),))
    parts = {
        "predict": replace(total, offered=2700, sent=2700, completed=2700, statuses={"200": 2700 - failed}),
        "feedback": replace(
            total, offered=300, sent=300, completed=300, failed=0, statuses={"200": 300}, failures=()
        ),
    }
    return RunRecord(
        id="20260101T000000Z-abc123",
        target="http://127.0.0.1:8000",
        engine="locust",
        seed=1,
        window=WINDOW,
        profile={"name": "smoke", "arrivals": "constant", "stages": [{"duration": 30, "rate": 100}]},
        total=total,
        requests=parts,
        warmup=RequestCounts(50, 50, 50),
        series=seconds,
        generator={"locust": "2.47.0"},
        processes=(
            GeneratorProcess("runner-1", 4711, False, 0.21, 0.0012, 0.004),
            GeneratorProcess("runner-2", 4712, lost=True),
        ),
    )


def _second(number: int, failing: float, slower: float, random: Random) -> Second:
    failed = round(RATE * failing) if number >= FAILING_FROM else 0
    p50 = 0.012 + slower + 0.002 * random.random()
    completed = RATE + random.choice((-2, -1, 0, 0, 1, 2))
    return Second(START + number, RATE, RATE, completed, failed, p50, p50 * 2.1, p50 * 3.2 + 0.004)
