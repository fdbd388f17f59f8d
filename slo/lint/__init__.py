"""Checks of a spec against a live Prometheus and a planned load, before any load is sent.

The result is a list of problems, each with file, line and field.
"""

from slo.lint.live_lint import find_traffic_problems, lint_spec
from slo.lint.preflight import Preflight, run_preflight

__all__ = [
    "Preflight",
    "find_traffic_problems",
    "lint_spec",
    "run_preflight",
]
