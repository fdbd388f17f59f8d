"""Training of the model: ``python -m target_service.train`` rebuilds its files and the rows of the load.

Only this package needs scikit-learn.
"""

from target_service.train.model_training import ROWS_FILE, train_model

__all__ = ["ROWS_FILE", "train_model"]
