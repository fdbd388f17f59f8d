"""The load, from the load generator's own metrics, beside what the service saw of it."""

from __future__ import annotations

from monitoring.dashboards.frame import Choice, Frame, Row
from monitoring.dashboards.panels import PLAIN_STEPS, Kind, Panel, upper_limit
from monitoring.dashboards.queries import PERCENTILES, quantile, rate, share, total

HERE = '{job=~"$load_job",instance=~"$load_instance"}'
OFFERED, SENT = "proofload_requests_offered_total", "proofload_requests_sent_total"
COMPLETED, FAILED = "proofload_requests_completed_total", "proofload_requests_failed_total"
DROPPED = "proofload_requests_dropped_total"
RESPONSE, SERVICE = "proofload_response_time_seconds", "proofload_service_time_seconds"
LATENESS, IN_FLIGHT, INFO = "proofload_lateness_seconds", "proofload_in_flight", "proofload_load_info"
SERVER = "http_request_duration_seconds"
SERVICE_JOB = '{job=~"$job"}'
NO_LOAD = "no load"
ANY = 1e-9
"""Whatever is above 0: ``increase`` extrapolates, so one failure may read as less than 1."""
NONE_SEEN = "none, or no load"
# Links hand variables on: ``job`` is the service's on every dashboard.
CHOICES = (
    Choice("load_job", "Load's job", f"{INFO}, job"),
    Choice("load_instance", "Load's instance", f'{INFO}{{job=~"$load_job"}}, instance'),
    Choice("job", "Service's job", f"{SERVER}_count, job"),
)


def load() -> Frame:
    """Give the dashboard of the load."""
    text = "What the load generator offered, sent and got back, and how late it was."
    return Frame(
        "proofload-load", "Proofload / Load", text, CHOICES, (_overview(), _rates(), _times(), _sides())
    )


def _number(title: str, description: str, metric: str) -> Panel:
    """Show a total; what has no series is 0 as long as anything was offered, and else no load."""
    return Panel(
        title=title,
        description=description,
        unit="short",
        queries={title: f"{total(f'{metric}{HERE}')} or 0 * {total(f'{OFFERED}{HERE}')}"},
        empty=NO_LOAD,
        kind=Kind.NUMBER,
        steps=upper_limit(ANY) if metric in {FAILED, DROPPED} else PLAIN_STEPS,
        width=4,
        height=4,
    )


def _overview() -> Row:
    info = Panel(
        title="Load",
        description="Engine, profile and run that each load generator has under way.",
        unit="none",
        queries={"": f"{INFO}{HERE}"},
        empty=NO_LOAD,
        kind=Kind.TABLE,
        hidden=("Time", "Value", "__name__"),
        width=4,
        height=4,
    )
    return "Overview", (
        info,
        _number("Offered", "What the schedule asked for in the time range.", OFFERED),
        _number("Sent", "Put on the wire in the time range, or tried to.", SENT),
        _number("Completed", "Answered in the time range, whatever the status.", COMPLETED),
        _number("Failed", "Sent, and not answered or not as expected, in the time range.", FAILED),
        _number("Dropped", "Offered in the time range and never sent.", DROPPED),
    )


def _rates() -> Row:
    names = {"offered": OFFERED, "sent": SENT, "completed": COMPLETED}
    rates = Panel(
        title="Offered, achieved, throughput",
        description="Requests per second: asked by the schedule, sent, answered.",
        unit="reqps",
        queries={name: rate(f"{metric}{HERE}") for name, metric in names.items()},
        empty=NO_LOAD,
        width=12,
    )
    achieved = Panel(
        title="Achieved ratio",
        description="Sent over offered; 100 % when the whole load was delivered.",
        unit="percentunit",
        queries={"sent / offered": share(rate(f"{SENT}{HERE}"), rate(f"{OFFERED}{HERE}"))},
        empty=NO_LOAD,
        width=12,
    )
    by_name = Panel(
        title="Completed by request",
        description="Requests answered per second, by name.",
        unit="reqps",
        queries={"{{name}}": rate(f"{COMPLETED}{HERE}", "name")},
        empty=NO_LOAD,
    )
    failed = Panel(
        title="Failed by reason",
        description="Requests per second that failed, by name and reason.",
        unit="reqps",
        queries={"{{name}} {{reason}}": rate(f"{FAILED}{HERE}", "name, reason")},
        empty=NONE_SEEN,
    )
    dropped = Panel(
        title="Dropped by request",
        description="Requests per second that were offered and never sent, by name.",
        unit="reqps",
        queries={"{{name}}": rate(f"{DROPPED}{HERE}", "name")},
        empty=NONE_SEEN,
    )
    return "Rates", (rates, achieved, by_name, failed, dropped)


def _by_request(title: str, description: str, metric: str, level: float) -> Panel:
    return Panel(
        title=title,
        description=description,
        unit="s",
        queries={"{{name}}": quantile(level, metric, HERE, "name")},
        empty=NO_LOAD,
    )


def _times() -> Row:
    lateness = Panel(
        title="Lateness",
        description="Actual minus intended send. When it grows, the generator (not the service) is behind.",
        unit="s",
        queries={name: quantile(level, LATENESS, HERE) for name, level in PERCENTILES.items()},
        empty=NO_LOAD,
        width=12,
    )
    flight = Panel(
        title="In flight",
        description="Requests sent and not yet answered.",
        unit="short",
        queries={"{{instance}}": f"{IN_FLIGHT}{HERE}"},
        empty=NO_LOAD,
        width=12,
    )
    return "Times", (
        lateness,
        flight,
        _by_request("Response time p95", "From the intended start, by name.", RESPONSE, 0.95),
        _by_request("Response time p99", "From the intended start, by name.", RESPONSE, 0.99),
        _by_request("Service time p95", "From the actual send, by name.", SERVICE, 0.95),
    )


def _sides() -> Row:
    return "Client against server", tuple(
        Panel(
            title=f"Latency {name}: client and server",
            description="Response time counts from the intended start, service time from the send, the "
            "server's own from the request's head. Between the last two lie network and queues.",
            unit="s",
            queries={
                "response time": quantile(level, RESPONSE, HERE),
                "service time": quantile(level, SERVICE, HERE),
                "server": quantile(level, SERVER, SERVICE_JOB),
            },
            empty=NO_LOAD,
        )
        for name, level in PERCENTILES.items()
    )
