"""Fits the model, converts it to ONNX, and writes model, card and rows for the load generator."""

import csv
import hashlib
import io
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from skl2onnx import to_onnx  # type: ignore[import-untyped]
from skl2onnx.common.data_types import FloatTensorType  # type: ignore[import-untyped]
from sklearn.datasets import load_breast_cancer  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
from sklearn.metrics import (  # type: ignore[import-untyped]
    accuracy_score,
    brier_score_loss,
    log_loss,
    precision_score,
    recall_score,
    roc_auc_score,
)
from sklearn.model_selection import train_test_split  # type: ignore[import-untyped]
from sklearn.pipeline import Pipeline, make_pipeline  # type: ignore[import-untyped]
from sklearn.preprocessing import StandardScaler  # type: ignore[import-untyped]

from target_service.ml import (
    CARD_FILE,
    MODEL_FILE,
    ClassName,
    Feature,
    Model,
    ModelCard,
    ReferenceDistribution,
    Rows,
)

ROWS_FILE = Path(__file__).parents[2] / "loadtests" / "data" / "rows.csv"
SEED = 20240229
HELD_OUT_RATIO = 0.3
BIN_COUNT = 10
DECIMALS = 6
"""Weights are rounded to this many decimals, so that differences between BLAS libraries disappear."""
MAX_PROBABILITY_DIFFERENCE = 1e-4
"""Largest difference of a probability between scikit-learn (64 bits) and ONNX Runtime (32 bits)."""


class Dataset(NamedTuple):
    """The data set: float32 rows as served, class indices, names."""

    rows: Rows
    classes: NDArray[np.int64]
    feature_names: tuple[str, ...]
    class_names: tuple[ClassName, ...]


def load_data() -> Dataset:
    """Return scikit-learn's Breast Cancer Wisconsin (Diagnostic) data: 569 rows of 30 features."""
    bunch: Any = load_breast_cancer()
    names = tuple(name.replace(" ", "_") for name in bunch.feature_names)
    return Dataset(bunch.data.astype(np.float32), bunch.target, names, tuple(bunch.target_names.tolist()))


def fit_pipeline(rows: Rows, classes: NDArray[np.int64]) -> Pipeline:
    """Fit scaling and logistic regression, with weights rounded to ``DECIMALS``."""
    # Newton's method converges quadratically: the weights are far more exact than their rounding.
    regression = LogisticRegression(solver="newton-cholesky", tol=1e-10)
    pipeline: Pipeline = make_pipeline(StandardScaler(), regression).fit(rows.astype(np.float64), classes)
    regression.coef_ = regression.coef_.round(DECIMALS)
    regression.intercept_ = regression.intercept_.round(DECIMALS)
    return pipeline


def convert_to_onnx(pipeline: Pipeline, features: int) -> onnx.ModelProto:
    """Convert to ONNX: input ``rows`` (n x features, float32), outputs ``label`` and ``probabilities``."""
    inputs = [("rows", FloatTensorType([None, features]))]
    proto: onnx.ModelProto = to_onnx(
        pipeline, initial_types=inputs, options={"zipmap": False}, name="breast_cancer"
    )
    return proto


def build_reference(values: Rows) -> ReferenceDistribution:
    """Return the decile bins of ``values`` and the share of values in each."""
    edges = np.unique(np.quantile(values, np.linspace(0, 1, BIN_COUNT + 1)[1:-1]).astype(np.float32))
    counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
    return ReferenceDistribution(
        edges=tuple(_find_shortest_decimal(e) for e in edges),
        shares=tuple((counts / len(values)).round(9).tolist()),
    )


def _find_shortest_decimal(value: np.float32) -> float:
    """Return the shortest decimal that is read back as the same float32."""
    return float(str(value))


def measure_metrics(probabilities: Rows, classes: NDArray[np.int64]) -> dict[str, float]:
    """Return metrics of served probabilities on held-out rows; class 0 (malignant) is the positive one."""
    truth, malignant = classes == 0, probabilities[:, 0].astype(np.float64)
    predicted = malignant >= 0.5  # noqa: PLR2004 - the more probable of two classes
    metrics = {
        "accuracy": accuracy_score(truth, predicted),
        "precision_malignant": precision_score(truth, predicted),
        "recall_malignant": recall_score(truth, predicted),
        "roc_auc": roc_auc_score(truth, malignant),
        "log_loss": log_loss(truth, malignant),
        "brier_score": brier_score_loss(truth, malignant),
    }
    return {name: round(float(value), DECIMALS) for name, value in metrics.items()}


def build_card(data: Dataset, train: Rows, model_text: str) -> ModelCard:
    """Return the model card without the data that needs the loaded model (metrics, prediction)."""
    features = tuple(
        Feature(
            name=name,
            mean=round(float(column.mean(dtype=np.float64)), 9),
            std=round(float(column.std(dtype=np.float64)), 9),
            reference=build_reference(column),
        )
        for name, column in zip(data.feature_names, train.T, strict=True)
    )
    libraries = {name: version(name) for name in ("numpy", "onnx", "scikit-learn", "skl2onnx")}
    return ModelCard(
        name="breast_cancer",
        algorithm="StandardScaler + LogisticRegression",
        model_sha256=hashlib.sha256(model_text.encode()).hexdigest(),
        classes=data.class_names,
        features=features,
        metrics={},
        training={
            "data": "Breast Cancer Wisconsin (Diagnostic), as in scikit-learn",
            "rows": len(train),
            "held_out_rows": len(data.rows) - len(train),
            "seed": SEED,
        },
        libraries=libraries,
        prediction=ReferenceDistribution(edges=(), shares=(1.0,)),
    )


def train_model(folder: Path, rows_file: Path) -> ModelCard:
    """Train and check the model; write model and card (``folder``) and sample rows (``rows_file``).

    Raises:
        RuntimeError: ONNX Runtime's probabilities differ from scikit-learn's by more than
            ``MAX_PROBABILITY_DIFFERENCE``.
    """
    data = load_data()
    train_rows, held_out_rows, train_classes, held_out_classes = train_test_split(
        data.rows, data.classes, test_size=HELD_OUT_RATIO, stratify=data.classes, random_state=SEED
    )
    pipeline = fit_pipeline(train_rows, train_classes)
    proto = convert_to_onnx(pipeline, len(data.feature_names))
    text = onnx.serialization.registry.get("json").serialize_proto(proto).decode() + "\n"
    card = build_card(data, train_rows, text)
    model = Model(card, proto.SerializeToString())
    difference = float(np.abs(model.predict(data.rows) - pipeline.predict_proba(data.rows)).max())
    if difference > MAX_PROBABILITY_DIFFERENCE:
        raise RuntimeError(
            f"ONNX and scikit-learn differ by {difference:g}, more than {MAX_PROBABILITY_DIFFERENCE:g}"
        )
    card = card.model_copy(
        update={
            "metrics": measure_metrics(model.predict(held_out_rows), held_out_classes),
            "prediction": build_reference(model.predict(train_rows)[:, 0].round(DECIMALS)),
        }
    )
    _write_file(folder / MODEL_FILE, text)
    _write_file(folder / CARD_FILE, card.model_dump_json(indent=2) + "\n")
    _write_file(rows_file, _format_rows_csv(data))
    return card


def _format_rows_csv(data: Dataset) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*data.feature_names, "target"])
    for row, index in zip(data.rows, data.classes, strict=True):
        writer.writerow([*(_find_shortest_decimal(value) for value in row), data.class_names[index]])
    return out.getvalue()


def _write_file(path: Path, text: str) -> None:
    """Write ``path`` completely or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8", newline="\n")
    part.replace(path)
