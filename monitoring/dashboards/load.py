"""The dashboard of the load: the load generator's metrics, and the latency that the service measured."""

from __future__ import annotations

from monitoring.dashboards.definition import DashboardDefinition, Row, Variable
from monitoring.dashboards.panels import NEUTRAL_STEPS, Panel, PanelKind, colour_above
from monitoring.dashboards.queries import PERCENTILES, build_increase, build_quantile, build_rate, build_ratio

LOAD_MATCHERS = '{job=~"$load_job",instance=~"$load_instance"}'
OFFERED, SENT = "proofload_requests_offered_total", "proofload_requests_sent_total"
COMPLETED, FAILED = "proofload_requests_completed_total", "proofload_requests_failed_total"
DROPPED = "proofload_requests_dropped_total"
RESPONSE_TIME, SERVICE_TIME = "proofload_response_time_seconds", "proofload_service_time_seconds"
LATENESS, IN_FLIGHT, INFO = "proofload_lateness_seconds", "proofload_in_flight", "proofload_load_info"
SERVER_DURATION = "http_request_duration_seconds"
SERVICE_MATCHERS = '{job=~"$job"}'
NO_LOAD = "no load"
ABOVE_ZERO = 1e-9
"""Any value above 0: ``increase`` extrapolates, so one failure may be shown as less than 1."""
NO_FAILURES = "none, or no load"
# Links pass variables on, so ``job`` is the service's job on every dashboard.
VARIABLES = (
    Variable("load_job", "Load's job", f"{INFO}, job"),
    Variable("load_instance", "Load's instance", f'{INFO}{{job=~"$load_job"}}, instance'),
    Variable("job", "Service's job", f"{SERVER_DURATION}_count, job"),
)


def define_load_dashboard() -> DashboardDefinition:
    """Return the dashboard of the load."""
    text = "Requests that the load generator offered, sent and completed, and its lateness."
    return DashboardDefinition(
        "proofload-load",
        "Proofload / Load",
        text,
        VARIABLES,
        (_build_overview_row(), _build_rates_row(), _build_times_row(), _build_comparison_row()),
    )


def _build_number_panel(title: str, description: str, metric: str) -> Panel:
    """Return a panel of a total: 0 without a series if requests were offered, else no load."""
    total, offered = build_increase(f"{metric}{LOAD_MATCHERS}"), build_increase(f"{OFFERED}{LOAD_MATCHERS}")
    return Panel(
        title=title,
        description=description,
        unit="short",
        queries={title: f"{total} or 0 * {offered}"},
        empty_text=NO_LOAD,
        kind=PanelKind.NUMBER,
        steps=colour_above(ABOVE_ZERO) if metric in {FAILED, DROPPED} else NEUTRAL_STEPS,
        width=4,
        height=4,
    )


def _build_overview_row() -> Row:
    info = Panel(
        title="Load",
        description="Engine, profile and run of each load generator that is running.",
        unit="none",
        queries={"": f"{INFO}{LOAD_MATCHERS}"},
        empty_text=NO_LOAD,
        kind=PanelKind.TABLE,
        hidden_columns=("Time", "Value", "__name__"),
        width=4,
        height=4,
    )
    return "Overview", (
        info,
        _build_number_panel("Offered", "Requests that the schedule planned in the time range.", OFFERED),
        _build_number_panel("Sent", "Requests sent in the time range, and attempts to send.", SENT),
        _build_number_panel("Completed", "Responses received in the time range, of any status.", COMPLETED),
        _build_number_panel(
            "Failed", "Requests without a response or with an unexpected one, in the time range.", FAILED
        ),
        _build_number_panel("Dropped", "Requests offered and never sent, in the time range.", DROPPED),
    )


def _build_rates_row() -> Row:
    names = {"offered": OFFERED, "sent": SENT, "completed": COMPLETED}
    rates = Panel(
        title="Offered, achieved, throughput",
        description="Requests per second: planned by the schedule, sent, completed.",
        unit="reqps",
        queries={name: build_rate(f"{metric}{LOAD_MATCHERS}") for name, metric in names.items()},
        empty_text=NO_LOAD,
        width=12,
    )
    achieved = Panel(
        title="Achieved ratio",
        description="Sent over offered requests; 100 % when the whole load was delivered.",
        unit="percentunit",
        queries={
            "sent / offered": build_ratio(
                build_rate(f"{SENT}{LOAD_MATCHERS}"), build_rate(f"{OFFERED}{LOAD_MATCHERS}")
            )
        },
        empty_text=NO_LOAD,
        width=12,
    )
    by_name = Panel(
        title="Completed by request",
        description="Requests completed per second, by name.",
        unit="reqps",
        queries={"{{name}}": build_rate(f"{COMPLETED}{LOAD_MATCHERS}", "name")},
        empty_text=NO_LOAD,
    )
    failed = Panel(
        title="Failed by reason",
        description="Requests that failed per second, by name and reason.",
        unit="reqps",
        queries={"{{name}} {{reason}}": build_rate(f"{FAILED}{LOAD_MATCHERS}", "name, reason")},
        empty_text=NO_FAILURES,
    )
    dropped = Panel(
        title="Dropped by request",
        description="Requests per second that were offered and never sent, by name.",
        unit="reqps",
        queries={"{{name}}": build_rate(f"{DROPPED}{LOAD_MATCHERS}", "name")},
        empty_text=NO_FAILURES,
    )
    return "Rates", (rates, achieved, by_name, failed, dropped)


def _build_request_panel(title: str, description: str, metric: str, level: float) -> Panel:
    return Panel(
        title=title,
        description=description,
        unit="s",
        queries={"{{name}}": build_quantile(level, metric, LOAD_MATCHERS, "name")},
        empty_text=NO_LOAD,
    )


def _build_times_row() -> Row:
    lateness = Panel(
        title="Lateness",
        description="Actual minus intended send; it grows when the load generator (not the service) is slow.",
        unit="s",
        queries={name: build_quantile(level, LATENESS, LOAD_MATCHERS) for name, level in PERCENTILES.items()},
        empty_text=NO_LOAD,
        width=12,
    )
    flight = Panel(
        title="In flight",
        description="Requests sent and not yet completed.",
        unit="short",
        queries={"{{instance}}": f"{IN_FLIGHT}{LOAD_MATCHERS}"},
        empty_text=NO_LOAD,
        width=12,
    )
    return "Times", (
        lateness,
        flight,
        _build_request_panel("Response time p95", "From the intended start, by name.", RESPONSE_TIME, 0.95),
        _build_request_panel("Response time p99", "From the intended start, by name.", RESPONSE_TIME, 0.99),
        _build_request_panel("Service time p95", "From the actual send, by name.", SERVICE_TIME, 0.95),
    )


def _build_comparison_row() -> Row:
    return "Client and server", tuple(
        Panel(
            title=f"Latency {name}: client and server",
            description="Response time is measured from the intended start, service time from the send, the "
            "server's time from the request head. The last two differ by network and queues.",
            unit="s",
            queries={
                "response time": build_quantile(level, RESPONSE_TIME, LOAD_MATCHERS),
                "service time": build_quantile(level, SERVICE_TIME, LOAD_MATCHERS),
                "server": build_quantile(level, SERVER_DURATION, SERVICE_MATCHERS),
            },
            empty_text=NO_LOAD,
        )
        for name, level in PERCENTILES.items()
    )
