"""Units of metrics, read from their names."""

from __future__ import annotations

_UNITS = ("seconds", "bytes", "ratio")


def parse_unit(metric: str) -> str:
    """Return a metric's unit (``seconds``, ``bytes`` or ``ratio``); an empty text if its name has none.

    Prometheus's naming rules put the unit into the name.
    """
    return next((unit for unit in _UNITS if f"_{unit}" in metric), "")
