"""Where target, Prometheus and load generator run: in processes, in containers, or already elsewhere.

Every process that is started here is stopped by its own id, also after errors.
"""

from proofload.stack.compose_stack import start_compose_stack
from proofload.stack.load_process import (
    LoadCrashedError,
    LoadError,
    LoadEvent,
    LoadParameters,
    LoadProcess,
    LoadRejectedError,
    WorkerOptions,
    check_locustfile,
    run_worker,
)
from proofload.stack.managed_process import ManagedProcess
from proofload.stack.prometheus_binary import PrometheusNotFoundError, find_prometheus
from proofload.stack.scrape_wait import NoScrapeError, await_closing_scrape, await_scrape
from proofload.stack.stack import (
    READY_TIMEOUT_SECONDS,
    Endpoints,
    Stack,
    StackError,
    find_free_ports,
    start_process_stack,
    use_external_stack,
)

__all__ = [
    "READY_TIMEOUT_SECONDS",
    "Endpoints",
    "LoadCrashedError",
    "LoadError",
    "LoadEvent",
    "LoadParameters",
    "LoadProcess",
    "LoadRejectedError",
    "ManagedProcess",
    "NoScrapeError",
    "PrometheusNotFoundError",
    "Stack",
    "StackError",
    "WorkerOptions",
    "await_closing_scrape",
    "await_scrape",
    "check_locustfile",
    "find_free_ports",
    "find_prometheus",
    "run_worker",
    "start_compose_stack",
    "start_process_stack",
    "use_external_stack",
]
