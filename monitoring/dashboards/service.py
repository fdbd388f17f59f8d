"""The dashboard of the service under test: requests, latency, errors, sizes, the process."""

from __future__ import annotations

from monitoring.dashboards.definition import DashboardDefinition, Row, Variable
from monitoring.dashboards.limits import find_allowed_error_ratio, find_threshold
from monitoring.dashboards.panels import NEUTRAL_STEPS, Panel, PanelKind, colour_above
from monitoring.dashboards.queries import (
    PERCENTILES,
    build_average,
    build_increase,
    build_quantile,
    build_rate,
    build_ratio,
)
from slo.model import Spec

REQUESTS, DURATION = "http_requests_total", "http_request_duration_seconds"
INSTANCE_LABELS = 'job=~"$job",instance=~"$instance"'
INSTANCE_MATCHERS = f"{{{INSTANCE_LABELS}}}"
SERVER_ERRORS = f'{REQUESTS}{{{INSTANCE_LABELS},status=~"5.."}}'
NO_REQUESTS = "no requests yet"
NO_PROCESS_METRICS = "not exposed (several workers?)"
VARIABLES = (
    Variable("job", "Job", f"{REQUESTS}, job", is_all_wildcard=False),  # Prometheus also has process metrics
    Variable("instance", "Instance", f'{REQUESTS}{{job=~"$job"}}, instance'),
)


def define_service_dashboard(spec: Spec) -> DashboardDefinition:
    """Return the dashboard of the service."""
    rows = (
        _build_overview_row(spec),
        _build_latency_row(spec),
        _build_requests_row(spec),
        _build_sizes_row(),
        _build_process_row(),
    )
    text = "Requests, latency, errors and the process of the service under test."
    return DashboardDefinition("proofload-service", "Proofload / Service", text, VARIABLES, rows)


def _build_number_panel(
    title: str, description: str, unit: str, query: str, empty: str = NO_REQUESTS
) -> Panel:
    return Panel(
        title=title,
        description=description,
        unit=unit,
        queries={title: query},
        empty_text=empty,
        kind=PanelKind.NUMBER,
        width=6,
        height=4,
    )


def _build_overview_row(spec: Spec) -> Row:
    errors = Panel(
        title="Error ratio in the time range",
        description="Ratio of server errors (5xx) in the time range; red above the SLO's limit.",
        unit="percentunit",
        queries={
            "errors": build_ratio(
                build_increase(SERVER_ERRORS), build_increase(f"{REQUESTS}{INSTANCE_MATCHERS}")
            )
        },
        empty_text=NO_REQUESTS,
        kind=PanelKind.NUMBER,
        steps=colour_above(find_allowed_error_ratio(spec, REQUESTS)),
        width=6,
        height=4,
    )
    seconds, count = (build_increase(f"{DURATION}_{part}{INSTANCE_MATCHERS}") for part in ("sum", "count"))
    return "Overview", (
        _build_number_panel(
            "Requests",
            "Requests completed in the time range.",
            "short",
            build_increase(f"{REQUESTS}{INSTANCE_MATCHERS}"),
        ),
        _build_number_panel(
            "Rate",
            "Requests completed per second, now.",
            "reqps",
            build_rate(f"{REQUESTS}{INSTANCE_MATCHERS}"),
        ),
        _build_number_panel(
            "Average latency", "Mean latency in the time range.", "s", f"{seconds} / {count}"
        ),
        errors,
    )


def _build_latency_row(spec: Spec) -> Row:
    limit, dashed = colour_above(find_threshold(spec, DURATION)), " Dashed: the SLO's limit."
    percentiles = [
        Panel(
            title=f"Latency {name} by handler",
            description=f"{name} of the latency, interpolated inside its bucket."
            f"{dashed if name == 'p99' else ''}",
            unit="s",
            queries={"{{handler}}": build_quantile(level, DURATION, INSTANCE_MATCHERS, "handler")},
            empty_text=NO_REQUESTS,
            steps=limit if name == "p99" else NEUTRAL_STEPS,
            width=6,
        )
        for name, level in PERCENTILES.items()
    ]
    mean = Panel(
        title="Average latency by handler",
        description="Mean latency: sum over count, exact.",
        unit="s",
        queries={"{{handler}}": build_average(DURATION, INSTANCE_MATCHERS, "handler")},
        empty_text=NO_REQUESTS,
        width=6,
    )
    return "Latency", (*percentiles, mean)


def _build_requests_row(spec: Spec) -> Row:
    by_handler = Panel(
        title="Rate by handler",
        description="Requests completed per second, by route.",
        unit="reqps",
        queries={"{{method}} {{handler}}": build_rate(f"{REQUESTS}{INSTANCE_MATCHERS}", "handler, method")},
        empty_text=NO_REQUESTS,
    )
    by_status = Panel(
        title="Statuses",
        description="Requests completed per second, by HTTP status.",
        unit="reqps",
        queries={"{{status}}": build_rate(f"{REQUESTS}{INSTANCE_MATCHERS}", "status")},
        empty_text=NO_REQUESTS,
    )
    ratio = Panel(
        title="Error ratio",
        description="Ratio of server errors (5xx). Dashed: the ratio that the SLO allows.",
        unit="percentunit",
        queries={"5xx": build_ratio(build_rate(SERVER_ERRORS), build_rate(f"{REQUESTS}{INSTANCE_MATCHERS}"))},
        empty_text=NO_REQUESTS,
        steps=colour_above(find_allowed_error_ratio(spec, REQUESTS)),
    )
    return "Requests", (by_handler, by_status, ratio)


def _build_sizes_row() -> Row:
    return "Sizes", tuple(
        Panel(
            title=f"Average {what} size by handler",
            description=f"Mean Content-Length of the {what}s that declared it.",
            unit="bytes",
            queries={"{{handler}}": build_average(f"http_{what}_size_bytes", INSTANCE_MATCHERS, "handler")},
            empty_text=NO_REQUESTS,
            width=12,
        )
        for what in ("request", "response")
    )


def _build_process_row() -> Row:
    cpu = Panel(
        title="CPU",
        description="CPU seconds per second; 100 % is one core.",
        unit="percentunit",
        queries={"{{instance}}": f"rate(process_cpu_seconds_total{INSTANCE_MATCHERS}[$__rate_interval])"},
        empty_text=NO_PROCESS_METRICS,
    )
    memory = Panel(
        title="Memory",
        description="Resident memory of the process.",
        unit="bytes",
        queries={"{{instance}}": f"process_resident_memory_bytes{INSTANCE_MATCHERS}"},
        empty_text=NO_PROCESS_METRICS,
    )
    files = Panel(
        title="Open file descriptors",
        description="Open files and sockets, and the limit of the process.",
        unit="short",
        queries={
            "{{instance}} open": f"process_open_fds{INSTANCE_MATCHERS}",
            "{{instance}} limit": f"process_max_fds{INSTANCE_MATCHERS}",
        },
        empty_text=NO_PROCESS_METRICS,
    )
    started = _build_number_panel(
        "Started",
        "Start time of the process; with several workers, of the newest.",
        "dateTimeAsIso",
        f"1000 * max(process_start_time_seconds{INSTANCE_MATCHERS})",
    )
    restarts = _build_number_panel(
        "Restarts",
        "Changes of the start time in the time range; each one resets the counters.",
        "short",
        f"sum(changes(process_start_time_seconds{INSTANCE_MATCHERS}[$__range]))",
    )
    return "Process", (cpu, memory, files, started, restarts)
