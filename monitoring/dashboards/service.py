"""The service from outside and inside: requests, latency, errors, sizes, the process."""

from __future__ import annotations

from monitoring.dashboards.frame import Choice, Frame, Row
from monitoring.dashboards.limits import error_ratio_of, threshold_of
from monitoring.dashboards.panels import PLAIN_STEPS, Kind, Panel, upper_limit
from monitoring.dashboards.queries import PERCENTILES, average, quantile, rate, share, total
from slo.model import Spec

REQUESTS, DURATION = "http_requests_total", "http_request_duration_seconds"
CHOSEN = 'job=~"$job",instance=~"$instance"'
HERE = f"{{{CHOSEN}}}"
SERVER_ERRORS = f'{REQUESTS}{{{CHOSEN},status=~"5.."}}'
NONE_YET = "no requests yet"
NO_PROCESS = "not exposed (several workers?)"
CHOICES = (
    Choice("job", "Job", f"{REQUESTS}, job", all_is_any=False),  # Prometheus is a process, too
    Choice("instance", "Instance", f'{REQUESTS}{{job=~"$job"}}, instance'),
)


def service(spec: Spec) -> Frame:
    """Give the dashboard of the service."""
    rows = (_overview(spec), _latency(spec), _answers(spec), _sizes(), _process())
    text = "Requests, latency, errors and the process of the service under test."
    return Frame("proofload-service", "Proofload / Service", text, CHOICES, rows)


def _number(title: str, description: str, unit: str, query: str, empty: str = NONE_YET) -> Panel:
    return Panel(
        title=title,
        description=description,
        unit=unit,
        queries={title: query},
        empty=empty,
        kind=Kind.NUMBER,
        width=6,
        height=4,
    )


def _overview(spec: Spec) -> Row:
    errors = Panel(
        title="Error ratio of the range",
        description="Server errors (5xx) among requests of the time range; red above what the SLO allows.",
        unit="percentunit",
        queries={"errors": share(total(SERVER_ERRORS), total(f"{REQUESTS}{HERE}"))},
        empty=NONE_YET,
        kind=Kind.NUMBER,
        steps=upper_limit(error_ratio_of(spec, REQUESTS)),
        width=6,
        height=4,
    )
    mean = f"{total(f'{DURATION}_sum{HERE}')} / {total(f'{DURATION}_count{HERE}')}"
    return "Overview", (
        _number("Requests", "Answered in the time range.", "short", total(f"{REQUESTS}{HERE}")),
        _number("Rate", "Requests answered per second, now.", "reqps", rate(f"{REQUESTS}{HERE}")),
        _number("Average latency", "Mean time to answer in the time range.", "s", mean),
        errors,
    )


def _latency(spec: Spec) -> Row:
    limit, dashed = upper_limit(threshold_of(spec, DURATION)), " Dashed: the SLO's limit."
    percentiles = [
        Panel(
            title=f"Latency {name} by handler",
            description=f"{name} of the time to answer, interpolated inside its bucket."
            f"{dashed if name == 'p99' else ''}",
            unit="s",
            queries={"{{handler}}": quantile(level, DURATION, HERE, "handler")},
            empty=NONE_YET,
            steps=limit if name == "p99" else PLAIN_STEPS,
            width=6,
        )
        for name, level in PERCENTILES.items()
    ]
    mean = Panel(
        title="Average latency by handler",
        description="Mean time to answer: sum over count, exact.",
        unit="s",
        queries={"{{handler}}": average(DURATION, HERE, "handler")},
        empty=NONE_YET,
        width=6,
    )
    return "Latency", (*percentiles, mean)


def _answers(spec: Spec) -> Row:
    by_handler = Panel(
        title="Rate by handler",
        description="Requests answered per second, by route.",
        unit="reqps",
        queries={"{{method}} {{handler}}": rate(f"{REQUESTS}{HERE}", "handler, method")},
        empty=NONE_YET,
    )
    by_status = Panel(
        title="Statuses",
        description="Requests answered per second, by HTTP status.",
        unit="reqps",
        queries={"{{status}}": rate(f"{REQUESTS}{HERE}", "status")},
        empty=NONE_YET,
    )
    ratio = Panel(
        title="Error ratio",
        description="Server errors (5xx) among requests. Dashed: what the SLO allows.",
        unit="percentunit",
        queries={"5xx": share(rate(SERVER_ERRORS), rate(f"{REQUESTS}{HERE}"))},
        empty=NONE_YET,
        steps=upper_limit(error_ratio_of(spec, REQUESTS)),
    )
    return "Requests", (by_handler, by_status, ratio)


def _sizes() -> Row:
    return "Sizes", tuple(
        Panel(
            title=f"Average {what} size by handler",
            description=f"Mean Content-Length of {what}s that declared one.",
            unit="bytes",
            queries={"{{handler}}": average(f"http_{what}_size_bytes", HERE, "handler")},
            empty=NONE_YET,
            width=12,
        )
        for what in ("request", "response")
    )


def _process() -> Row:
    cpu = Panel(
        title="CPU",
        description="Cores in use: seconds of CPU a second. 100 % is one core.",
        unit="percentunit",
        queries={"{{instance}}": f"rate(process_cpu_seconds_total{HERE}[$__rate_interval])"},
        empty=NO_PROCESS,
    )
    memory = Panel(
        title="Memory",
        description="Resident memory of the process.",
        unit="bytes",
        queries={"{{instance}}": f"process_resident_memory_bytes{HERE}"},
        empty=NO_PROCESS,
    )
    files = Panel(
        title="Open file descriptors",
        description="Files and sockets open, beside how many the process may open.",
        unit="short",
        queries={
            "{{instance}} open": f"process_open_fds{HERE}",
            "{{instance}} limit": f"process_max_fds{HERE}",
        },
        empty=NO_PROCESS,
    )
    started = _number(
        "Started",
        "When the process (of several workers the newest) started.",
        "dateTimeAsIso",
        f"1000 * max(process_start_time_seconds{HERE})",
    )
    restarts = _number(
        "Restarts",
        "How often the start time changed in the time range: counters begin anew each time.",
        "short",
        f"sum(changes(process_start_time_seconds{HERE}[$__range]))",
    )
    return "Process", (cpu, memory, files, started, restarts)
