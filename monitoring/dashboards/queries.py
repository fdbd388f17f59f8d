"""PromQL that several dashboards share."""

PERCENTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def build_rate(series: str, by: str = "") -> str:
    """Return a query of a counter's rate per second, summed over all series or by labels."""
    return f"sum{_format_by(by)} (rate({series}[$__rate_interval]))"


def build_increase(series: str, by: str = "") -> str:
    """Return a query of a counter's increase over the time range, extrapolated to its edges."""
    return f"sum{_format_by(by)} (increase({series}[$__range]))"


def build_quantile(level: float, histogram: str, matchers: str, by: str = "") -> str:
    """Return a query of a percentile of a classic histogram, interpolated inside its bucket."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({level}, {build_rate(f'{histogram}_bucket{matchers}', labels)})"


def build_average(metric: str, matchers: str, by: str = "") -> str:
    """Return a query of the average of a histogram or summary."""
    return f"{build_rate(f'{metric}_sum{matchers}', by)} / {build_rate(f'{metric}_count{matchers}', by)}"


def build_ratio(part: str, whole: str) -> str:
    """Return a query of a ratio: 0 if the part has no series, no data if the whole is 0 or has none."""
    return f"({part} or 0 * {whole}) / {whole}"


def _format_by(labels: str) -> str:
    return f" by ({labels})" if labels else ""
