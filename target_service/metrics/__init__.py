"""Prometheus metrics of requests and of the model.

With several workers, each process writes its values to files of a shared folder, and any of them exposes the
totals.
"""

from target_service.metrics.http_metrics import HttpMetrics
from target_service.metrics.model_metrics import ModelMetrics
from target_service.metrics.worker_metrics import is_shared, register_worker, unregister_worker

__all__ = ["HttpMetrics", "ModelMetrics", "is_shared", "register_worker", "unregister_worker"]
