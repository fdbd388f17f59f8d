"""Rebuild the model: ``python -m target_service.train``. Only this command needs scikit-learn."""

import argparse
from pathlib import Path

from target_service.ml import ARTEFACT_FOLDER
from target_service.train import ROWS_FILE, train_model


def main() -> None:
    """Rebuild the committed artefacts, or write them to another folder."""
    parser = argparse.ArgumentParser(prog="python -m target_service.train", description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=ARTEFACT_FOLDER, help="folder of model.json and card.json"
    )
    parser.add_argument("--rows", type=Path, default=ROWS_FILE, help="CSV of rows for the load generator")
    options = parser.parse_args()
    card = train_model(options.out, options.rows)
    print(f"model {card.version}: " + ", ".join(f"{k} {v:.4f}" for k, v in card.metrics.items()))  # noqa: T201 - a command's output


if __name__ == "__main__":
    main()
