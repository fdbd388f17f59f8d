"""Which alert inhibits which, in a real Alertmanager with all of them at once."""

# ruff: noqa: E501 - one line per case

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

import pytest
import requests

from proofload.stack import READY_TIMEOUT_SECONDS, ManagedProcess, find_free_ports
from tests.monitoring.alertmanager import build_alertmanager_command, find_alertmanager

pytestmark = pytest.mark.timeout(120)
DEADLINE_SECONDS = 60.0
Labels = dict[str, str]
Inhibited = Mapping[frozenset[tuple[str, str]], bool]
"""Whether an alert, identified by its labels, is inhibited."""


def objective_labels(service: str, slo: str) -> Labels:
    return {"sloth_id": f"{service}-{slo}", "sloth_service": service, "sloth_slo": slo}


BURN, ABSENT = {"alertname": "SLOErrorBudgetBurn"}, {"alertname": "SLOMetricAbsent"}
PAGE, TICKET = {"severity": "page"}, {"severity": "ticket"}
FIRING: tuple[Labels, ...] = (
    {**BURN, **PAGE, **objective_labels("shop", "checkout")},
    {**BURN, **PAGE, **objective_labels("a-b", "c")},
    {**ABSENT, **PAGE, **objective_labels("shop", "search")},
    {**ABSENT, **PAGE},
    {"alertname": "DiskFull", **PAGE},
)
CASES: dict[str, tuple[Labels, bool]] = {
    "the ticket of an objective with a page: inhibited": ({**BURN, **TICKET, **objective_labels("shop", "checkout")}, True),
    "the ticket of another objective": ({**BURN, **TICKET, **objective_labels("shop", "basket")}, False),
    "the ticket of the same SLO name in another service": ({**BURN, **TICKET, **objective_labels("bank", "checkout")}, False),
    "the ticket of an objective with the same id": ({**BURN, **TICKET, **objective_labels("a", "b-c")}, False),
    "a burn of an absent metric: inhibited": ({**BURN, **PAGE, **objective_labels("shop", "search")}, True),
    "a burn of a metric that is present": ({**BURN, **PAGE, **objective_labels("bank", "search")}, False),
    "a ticket of other rules, during a page of other rules": ({"alertname": "BackupLate", **TICKET}, False),
    "a burn alert of other rules, without an objective": ({**BURN, "severity": "critical"}, False),
}  # fmt: skip
LAST: tuple[Labels, ...] = (
    {**BURN, **PAGE, **objective_labels("last", "one")},
    {**BURN, **TICKET, **objective_labels("last", "one")},
)
"""Posted last: once the first inhibits the second, Alertmanager has processed all alerts."""


def list_inhibited(address: str) -> Inhibited:
    alerts = requests.get(f"{address}/api/v2/alerts", timeout=10).json()
    return {frozenset(alert["labels"].items()): bool(alert["status"]["inhibitedBy"]) for alert in alerts}


@pytest.fixture(scope="module")
def inhibited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inhibited]:
    folder, [port] = tmp_path_factory.mktemp("alertmanager"), find_free_ports(1)
    address = f"http://127.0.0.1:{port}"
    command = build_alertmanager_command(find_alertmanager(), folder, port, "http://127.0.0.1:9/")
    process = ManagedProcess("alertmanager", command, folder / "log")
    try:
        process.await_ready(f"{address}/-/ready", READY_TIMEOUT_SECONDS)
        for labels in (*FIRING, *(labels for labels, _ in CASES.values()), *LAST):
            response = requests.post(f"{address}/api/v2/alerts", json=[{"labels": labels}], timeout=10)
            response.raise_for_status()
        yield await_all_processed(address)
    finally:
        process.stop()


def await_all_processed(address: str) -> Inhibited:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        inhibited = list_inhibited(address)
        if inhibited.get(frozenset(LAST[1].items())):
            return inhibited
        time.sleep(0.1)
    pytest.fail(f"the last alert is not inhibited: {inhibited}")


@pytest.mark.parametrize(("labels", "is_inhibited"), CASES.values(), ids=CASES.keys())
def test_only_an_alert_of_the_same_objective_inhibits(
    inhibited: Inhibited, labels: Labels, is_inhibited: bool
) -> None:
    assert inhibited[frozenset(labels.items())] is is_inhibited
