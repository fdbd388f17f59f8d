"""PromQL that several dashboards are made of."""

PERCENTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def rate(series: str, by: str = "") -> str:
    """Give a counter's rate per second, summed, or summed by labels."""
    return f"sum{_by(by)} (rate({series}[$__rate_interval]))"


def total(series: str, by: str = "") -> str:
    """Give what a counter grew by over the dashboard's range; Prometheus extrapolates to its edges."""
    return f"sum{_by(by)} (increase({series}[$__range]))"


def quantile(level: float, histogram: str, matchers: str, by: str = "") -> str:
    """Give a percentile of a classic histogram, interpolated inside its bucket."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({level}, {rate(f'{histogram}_bucket{matchers}', labels)})"


def average(metric: str, matchers: str, by: str = "") -> str:
    """Give the average of a histogram or summary."""
    return f"{rate(f'{metric}_sum{matchers}', by)} / {rate(f'{metric}_count{matchers}', by)}"


def share(part: str, whole: str) -> str:
    """Give a ratio that is 0 while no series of the part exists, no data while nothing is counted."""
    return f"({part} or 0 * {whole}) / {whole}"


def _by(labels: str) -> str:
    return f" by ({labels})" if labels else ""
