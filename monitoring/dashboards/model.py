"""The model: what it predicts, how sure it is, how far its inputs have drifted, how right it is."""

from __future__ import annotations

from monitoring.dashboards.frame import Choice, Frame, Row
from monitoring.dashboards.limits import threshold_of
from monitoring.dashboards.panels import Kind, Panel, lower_limit, upper_limit
from monitoring.dashboards.queries import PERCENTILES, average, quantile, rate, total
from slo.model import Spec

PSI, ACCURACY = "model_feature_psi", "model_accuracy_ratio"
PROBABILITY, INFERENCE = "model_prediction_probability", "model_inference_duration_seconds"
HERE = '{job=~"$job",instance=~"$instance"}'
NONE_YET = "no predictions yet"
NOT_MEASURED = "not measured yet: too few rows"
CHOICES = (
    Choice("job", "Job", "model_info, job"),
    Choice("instance", "Instance", 'model_info{job=~"$job"}, instance'),
)
MOST_DRIFTED = f"topk(5, max by (feature) (max_over_time({PSI}{HERE}[$__range] @ end())))"
"""``@ end()``: topk alone would choose anew at each step, and draw more than five lines."""
NOT_ABOUT_THE_MODEL = ("Time", "Value", "__name__")


def model(spec: Spec) -> Frame:
    """Give the dashboard of the model."""
    rows = (_overview(spec), _predictions(), _drift(spec), _accuracy(spec), _inference())
    text = "Predictions, confidence, drift, rolling accuracy and inference time of the model."
    return Frame("proofload-model", "Proofload / Model", text, CHOICES, rows)


def _overview(spec: Spec) -> Row:
    info = Panel(
        title="Model",
        description="The model that each instance has loaded.",
        unit="none",
        queries={"": f"model_info{HERE}"},
        empty="no model loaded",
        kind=Kind.TABLE,
        hidden=NOT_ABOUT_THE_MODEL,
        width=12,
        height=4,
    )
    rows = Panel(
        title="Rows classified",
        description="In the time range.",
        unit="short",
        queries={"rows": total(f"model_predictions_total{HERE}")},
        empty=NONE_YET,
        kind=Kind.NUMBER,
        width=6,
        height=4,
    )
    worst = Panel(
        title="Highest PSI",
        description="Population stability index of the feature that drifted most; red above the SLO's limit.",
        unit="none",
        queries={"PSI": f"max({PSI}{HERE})"},
        empty=NOT_MEASURED,
        kind=Kind.NUMBER,
        steps=upper_limit(threshold_of(spec, PSI)),
        width=6,
        height=4,
    )
    return "Overview", (info, rows, worst)


def _predictions() -> Row:
    by_class = Panel(
        title="Predictions by class",
        description="Rows classified per second, by the class predicted.",
        unit="cps",
        queries={"{{class}}": rate(f"model_predictions_total{HERE}", "class")},
        empty=NONE_YET,
    )
    levels = {"p5": 0.05, "p25": 0.25, "p50": 0.5}
    confidence = Panel(
        title="Confidence",
        description="Probability of the class predicted: the low percentiles, where doubt shows first.",
        unit="percentunit",
        queries={name: quantile(level, PROBABILITY, HERE) for name, level in levels.items()}
        | {"average": average(PROBABILITY, HERE)},
        empty=NONE_YET,
    )
    spread = Panel(
        title="Spread of confidence",
        description="How many predictions per second fall into each bucket of probability (a ratio).",
        unit="cps",
        queries={"{{le}}": rate(f"{PROBABILITY}_bucket{HERE}", "le")},
        empty=NONE_YET,
        kind=Kind.HEAT,
    )
    return "Predictions", (by_class, confidence, spread)


def _drift(spec: Spec) -> Row:
    limit = upper_limit(threshold_of(spec, PSI))
    bars = Panel(
        title="PSI by feature",
        description="Population stability index against training, now; red above the SLO's limit.",
        unit="none",
        queries={"{{feature}}": f"sort_desc(max by (feature) ({PSI}{HERE}))"},
        empty=NOT_MEASURED,
        kind=Kind.BARS,
        steps=limit,
        width=12,
        height=16,
    )
    lines = Panel(
        title="PSI of the five features that drifted most",
        description="Those with the highest PSI of the time range, over time. Dashed: the SLO's limit.",
        unit="none",
        queries={"{{feature}}": f"max by (feature) ({PSI}{HERE}) and on (feature) {MOST_DRIFTED}"},
        empty=NOT_MEASURED,
        steps=limit,
        width=12,
        height=16,
    )
    prediction = Panel(
        title="PSI of the prediction",
        description="Of the first class's probability against training. 0.1 is commonly read as no shift.",
        unit="none",
        queries={"{{instance}}": f"model_prediction_psi{HERE}"},
        empty=NOT_MEASURED,
        width=12,
    )
    window = Panel(
        title="Rows in the drift window",
        description="Rows that PSI is computed over; on few rows it reads high without any drift.",
        unit="short",
        queries={"{{instance}}": f"model_drift_window_rows{HERE}"},
        empty=NONE_YET,
        width=12,
    )
    return "Drift", (bars, lines, prediction, window)


def _accuracy(spec: Spec) -> Row:
    rolling = Panel(
        title="Rolling accuracy",
        description="Correct among the latest feedback. Dashed: the SLO's limit.",
        unit="percentunit",
        queries={"{{instance}}": f"{ACCURACY}{HERE}"},
        empty="no feedback yet",
        steps=lower_limit(threshold_of(spec, ACCURACY)),
        width=12,
    )
    feedback = Panel(
        title="Feedback",
        description="Feedback per second, by whether the prediction was right.",
        unit="cps",
        queries={"{{outcome}}": rate(f"model_feedback_total{HERE}", "outcome")},
        empty="no feedback yet",
        width=12,
    )
    return "Accuracy", (rolling, feedback)


def _inference() -> Row:
    levels = {name: quantile(level, INFERENCE, HERE) for name, level in PERCENTILES.items()}
    time = Panel(
        title="Inference time",
        description="Time the model took for the rows of one request, without HTTP and validation.",
        unit="s",
        queries=levels | {"average": average(INFERENCE, HERE)},
        empty=NONE_YET,
        width=24,
    )
    return "Inference", (time,)
