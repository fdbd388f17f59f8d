"""Rebuild the model: ``python -m target_service.train``. The only module that needs scikit-learn."""

import argparse
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

from target_service.card import ARTEFACTS, CARD_FILE, MODEL_FILE, ClassName, Feature, ModelCard, Reference
from target_service.model import Model, Rows

ROWS_FILE = Path(__file__).parents[1] / "loadtests" / "data" / "rows.csv"
SEED = 20240229
HELD_OUT = 0.3
BINS = 10
DECIMALS = 6
"""Weights are rounded to these: what is left of BLAS libraries' differences in the last bits vanishes."""
PARITY = 1e-4
"""Largest difference of a probability between scikit-learn (64 bits) and ONNX Runtime (32 bits)."""


class Data(NamedTuple):
    """The data set as served: float32 rows, class indices, names."""

    rows: Rows
    classes: NDArray[np.int64]
    feature_names: tuple[str, ...]
    class_names: tuple[ClassName, ...]


def load_data() -> Data:
    """Return the Breast Cancer Wisconsin (Diagnostic) data that scikit-learn carries: 569 rows of 30."""
    bunch: Any = load_breast_cancer()
    names = tuple(name.replace(" ", "_") for name in bunch.feature_names)
    return Data(bunch.data.astype(np.float32), bunch.target, names, tuple(bunch.target_names.tolist()))


def fit(rows: Rows, classes: NDArray[np.int64]) -> Pipeline:
    """Fit scaling and logistic regression, weights rounded to ``DECIMALS``."""
    # Newton's method converges quadratically: the weights are determined far beyond what is kept of them.
    regression = LogisticRegression(solver="newton-cholesky", tol=1e-10)
    pipeline: Pipeline = make_pipeline(StandardScaler(), regression).fit(rows.astype(np.float64), classes)
    regression.coef_ = regression.coef_.round(DECIMALS)
    regression.intercept_ = regression.intercept_.round(DECIMALS)
    return pipeline


def convert(pipeline: Pipeline, features: int) -> onnx.ModelProto:
    """Convert to ONNX: input ``rows`` (n x features, float32), outputs ``label`` and ``probabilities``."""
    inputs = [("rows", FloatTensorType([None, features]))]
    proto: onnx.ModelProto = to_onnx(
        pipeline, initial_types=inputs, options={"zipmap": False}, name="breast_cancer"
    )
    return proto


def reference(values: Rows) -> Reference:
    """Return the decile bins of ``values`` and the share of values in each."""
    edges = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1]).astype(np.float32))
    counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
    return Reference(
        edges=tuple(_plain(e) for e in edges), shares=tuple((counts / len(values)).round(9).tolist())
    )


def _plain(value: np.float32) -> float:
    """The shortest decimal that reads back as the same float32."""
    return float(str(value))


def measure(probabilities: Rows, classes: NDArray[np.int64]) -> dict[str, float]:
    """Metrics of served probabilities on held-out rows; class 0 (malignant) is the positive one."""
    truth, malignant = classes == 0, probabilities[:, 0].astype(np.float64)
    said = malignant >= 0.5  # noqa: PLR2004 - of two classes the likelier one is said
    figures = {
        "accuracy": accuracy_score(truth, said),
        "precision_malignant": precision_score(truth, said),
        "recall_malignant": recall_score(truth, said),
        "roc_auc": roc_auc_score(truth, malignant),
        "log_loss": log_loss(truth, malignant),
        "brier_score": brier_score_loss(truth, malignant),
    }
    return {name: round(float(value), DECIMALS) for name, value in figures.items()}


def describe(data: Data, train: Rows, model_text: str) -> ModelCard:
    """Return the model card without what needs the running model (metrics, prediction reference)."""
    features = tuple(
        Feature(
            name=name,
            mean=round(float(column.mean(dtype=np.float64)), 9),
            std=round(float(column.std(dtype=np.float64)), 9),
            reference=reference(column),
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
        prediction=Reference(edges=(), shares=(1.0,)),
    )


def train(folder: Path, rows_file: Path) -> ModelCard:
    """Train, check, and write model, card (``folder``) and sample rows (``rows_file``).

    Raises:
        RuntimeError: ONNX Runtime's probabilities differ from scikit-learn's by more than ``PARITY``.
    """
    data = load_data()
    seen, held, seen_classes, held_classes = train_test_split(
        data.rows, data.classes, test_size=HELD_OUT, stratify=data.classes, random_state=SEED
    )
    pipeline = fit(seen, seen_classes)
    proto = convert(pipeline, len(data.feature_names))
    text = onnx.serialization.registry.get("json").serialize_proto(proto).decode() + "\n"
    card = describe(data, seen, text)
    model = Model(card, proto.SerializeToString())
    apart = float(np.abs(model.predict(data.rows) - pipeline.predict_proba(data.rows)).max())
    if apart > PARITY:
        raise RuntimeError(f"ONNX and scikit-learn differ by {apart:g}, more than {PARITY:g}")
    card = card.model_copy(
        update={
            "metrics": measure(model.predict(held), held_classes),
            "prediction": reference(model.predict(seen)[:, 0].round(DECIMALS)),
        }
    )
    _write(folder / MODEL_FILE, text)
    _write(folder / CARD_FILE, card.model_dump_json(indent=2) + "\n")
    _write(rows_file, _rows_csv(data))
    return card


def _rows_csv(data: Data) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*data.feature_names, "target"])
    for row, index in zip(data.rows, data.classes, strict=True):
        writer.writerow([*(_plain(value) for value in row), data.class_names[index]])
    return out.getvalue()


def _write(path: Path, text: str) -> None:
    """Write ``path`` whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8", newline="\n")
    part.replace(path)


def main() -> None:
    """Rebuild the committed artefacts, or write them elsewhere."""
    parser = argparse.ArgumentParser(prog="python -m target_service.train", description=__doc__)
    parser.add_argument("--out", type=Path, default=ARTEFACTS, help="folder of model.json and card.json")
    parser.add_argument("--rows", type=Path, default=ROWS_FILE, help="CSV of rows for the load generator")
    options = parser.parse_args()
    card = train(options.out, options.rows)
    print(f"model {card.version}: " + ", ".join(f"{k} {v:.4f}" for k, v in card.metrics.items()))  # noqa: T201 - a command's output


if __name__ == "__main__":
    main()
