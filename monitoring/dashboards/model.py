"""The dashboard of the model: predictions, confidence, drift of its inputs, accuracy, inference time."""

from __future__ import annotations

from monitoring.dashboards.definition import DashboardDefinition, Row, Variable
from monitoring.dashboards.limits import find_threshold
from monitoring.dashboards.panels import Panel, PanelKind, colour_above, colour_below
from monitoring.dashboards.queries import (
    PERCENTILES,
    build_average,
    build_increase,
    build_quantile,
    build_rate,
)
from slo.model import Spec

PSI, ACCURACY = "model_feature_psi", "model_accuracy_ratio"
PROBABILITY, INFERENCE = "model_prediction_probability", "model_inference_duration_seconds"
INSTANCE_MATCHERS = '{job=~"$job",instance=~"$instance"}'
NO_PREDICTIONS = "no predictions yet"
NOT_MEASURED = "not measured yet: too few rows"
VARIABLES = (
    Variable("job", "Job", "model_info, job"),
    Variable("instance", "Instance", 'model_info{job=~"$job"}, instance'),
)
MOST_DRIFTED = f"topk(5, max by (feature) (max_over_time({PSI}{INSTANCE_MATCHERS}[$__range] @ end())))"
"""``@ end()``: otherwise topk would choose again at each step and draw more than five lines."""
HIDDEN_COLUMNS = ("Time", "Value", "__name__")


def define_model_dashboard(spec: Spec) -> DashboardDefinition:
    """Return the dashboard of the model."""
    rows = (
        _build_overview_row(spec),
        _build_predictions_row(),
        _build_drift_row(spec),
        _build_accuracy_row(spec),
        _build_inference_row(),
    )
    text = "Predictions, confidence, drift, rolling accuracy and inference time of the model."
    return DashboardDefinition("proofload-model", "Proofload / Model", text, VARIABLES, rows)


def _build_overview_row(spec: Spec) -> Row:
    info = Panel(
        title="Model",
        description="The model that each instance has loaded.",
        unit="none",
        queries={"": f"model_info{INSTANCE_MATCHERS}"},
        empty_text="no model loaded",
        kind=PanelKind.TABLE,
        hidden_columns=HIDDEN_COLUMNS,
        width=12,
        height=4,
    )
    rows = Panel(
        title="Rows classified",
        description="Rows that the model classified in the time range.",
        unit="short",
        queries={"rows": build_increase(f"model_predictions_total{INSTANCE_MATCHERS}")},
        empty_text=NO_PREDICTIONS,
        kind=PanelKind.NUMBER,
        width=6,
        height=4,
    )
    worst = Panel(
        title="Highest PSI",
        description="Population stability index of the feature that drifted most; red above the SLO's limit.",
        unit="none",
        queries={"PSI": f"max({PSI}{INSTANCE_MATCHERS})"},
        empty_text=NOT_MEASURED,
        kind=PanelKind.NUMBER,
        steps=colour_above(find_threshold(spec, PSI)),
        width=6,
        height=4,
    )
    return "Overview", (info, rows, worst)


def _build_predictions_row() -> Row:
    by_class = Panel(
        title="Predictions by class",
        description="Rows classified per second, by predicted class.",
        unit="cps",
        queries={"{{class}}": build_rate(f"model_predictions_total{INSTANCE_MATCHERS}", "class")},
        empty_text=NO_PREDICTIONS,
    )
    levels = {"p5": 0.05, "p25": 0.25, "p50": 0.5}
    confidence = Panel(
        title="Confidence",
        description="Probability of the predicted class; low percentiles show doubt first.",
        unit="percentunit",
        queries={
            name: build_quantile(level, PROBABILITY, INSTANCE_MATCHERS) for name, level in levels.items()
        }
        | {"average": build_average(PROBABILITY, INSTANCE_MATCHERS)},
        empty_text=NO_PREDICTIONS,
    )
    spread = Panel(
        title="Distribution of confidence",
        description="Predictions per second in each bucket of probability (a ratio).",
        unit="cps",
        queries={"{{le}}": build_rate(f"{PROBABILITY}_bucket{INSTANCE_MATCHERS}", "le")},
        empty_text=NO_PREDICTIONS,
        kind=PanelKind.HEAT,
    )
    return "Predictions", (by_class, confidence, spread)


def _build_drift_row(spec: Spec) -> Row:
    limit = colour_above(find_threshold(spec, PSI))
    bars = Panel(
        title="PSI by feature",
        description="Current population stability index against training; red above the SLO's limit.",
        unit="none",
        queries={"{{feature}}": f"sort_desc(max by (feature) ({PSI}{INSTANCE_MATCHERS}))"},
        empty_text=NOT_MEASURED,
        kind=PanelKind.BARS,
        steps=limit,
        width=12,
        height=16,
    )
    lines = Panel(
        title="PSI of the five features that drifted most",
        description="The features with the highest PSI in the time range. Dashed: the SLO's limit.",
        unit="none",
        queries={
            "{{feature}}": f"max by (feature) ({PSI}{INSTANCE_MATCHERS}) and on (feature) {MOST_DRIFTED}"
        },
        empty_text=NOT_MEASURED,
        steps=limit,
        width=12,
        height=16,
    )
    prediction = Panel(
        title="PSI of the prediction",
        description="PSI of the first class's probability against training; below 0.1 is usually no shift.",
        unit="none",
        queries={"{{instance}}": f"model_prediction_psi{INSTANCE_MATCHERS}"},
        empty_text=NOT_MEASURED,
        width=12,
    )
    window = Panel(
        title="Rows in the drift window",
        description="Rows that PSI is computed over; with few rows it is high without any drift.",
        unit="short",
        queries={"{{instance}}": f"model_drift_window_rows{INSTANCE_MATCHERS}"},
        empty_text=NO_PREDICTIONS,
        width=12,
    )
    return "Drift", (bars, lines, prediction, window)


def _build_accuracy_row(spec: Spec) -> Row:
    rolling = Panel(
        title="Rolling accuracy",
        description="Ratio of correct predictions in the latest feedback. Dashed: the SLO's limit.",
        unit="percentunit",
        queries={"{{instance}}": f"{ACCURACY}{INSTANCE_MATCHERS}"},
        empty_text="no feedback yet",
        steps=colour_below(find_threshold(spec, ACCURACY)),
        width=12,
    )
    feedback = Panel(
        title="Feedback",
        description="Feedback per second, by whether the prediction was correct.",
        unit="cps",
        queries={"{{outcome}}": build_rate(f"model_feedback_total{INSTANCE_MATCHERS}", "outcome")},
        empty_text="no feedback yet",
        width=12,
    )
    return "Accuracy", (rolling, feedback)


def _build_inference_row() -> Row:
    levels = {
        name: build_quantile(level, INFERENCE, INSTANCE_MATCHERS) for name, level in PERCENTILES.items()
    }
    time = Panel(
        title="Inference time",
        description="Time of the model for the rows of one request, without HTTP and validation.",
        unit="s",
        queries=levels | {"average": build_average(INFERENCE, INSTANCE_MATCHERS)},
        empty_text=NO_PREDICTIONS,
        width=24,
    )
    return "Inference", (time,)
