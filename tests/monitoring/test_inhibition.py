"""Which alert silences which: a real Alertmanager, told of all of them at once."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import requests

from proofload.stack.managed_process import Supervised
from proofload.stack.stack import READY_SECONDS, free_ports
from tests.monitoring.test_alerts_live import DEADLINE_SECONDS, alertmanager
from tests.monitoring.test_routes import CONFIGURATION

pytestmark = pytest.mark.timeout(120)
Labels = dict[str, str]


def of(service: str, slo: str) -> Labels:
    return {"sloth_id": f"{service}-{slo}", "sloth_service": service, "sloth_slo": slo}


BURN, ABSENT = {"alertname": "SLOErrorBudgetBurn"}, {"alertname": "SLOMetricAbsent"}
PAGE, TICKET = {"severity": "page"}, {"severity": "ticket"}
FIRING: tuple[Labels, ...] = (
    {**BURN, **PAGE, **of("shop", "checkout")},
    {**BURN, **PAGE, **of("a-b", "c")},
    {**ABSENT, **PAGE, **of("shop", "search")},
    {**ABSENT, **PAGE},
    {"alertname": "DiskFull", **PAGE},
)
TOLD: dict[str, tuple[Labels, bool]] = {
    "the ticket of a budget that somebody is paged for": ({**BURN, **TICKET, **of("shop", "checkout")}, True),
    "the ticket of another objective": ({**BURN, **TICKET, **of("shop", "basket")}, False),
    "the same name in another service": ({**BURN, **TICKET, **of("bank", "checkout")}, False),
    "the ticket of an objective that shares an id": ({**BURN, **TICKET, **of("a", "b-c")}, False),
    "a burn of what is not measured": ({**BURN, **PAGE, **of("shop", "search")}, True),
    "a burn of what is measured": ({**BURN, **PAGE, **of("bank", "search")}, False),
    "a ticket of somebody else's, while somebody else pages": ({"alertname": "BackupLate", **TICKET}, False),
    "a burn of somebody else's, of no objective": ({**BURN, "severity": "critical"}, False),
}  # fmt: skip
WITNESS: tuple[Labels, ...] = ({**BURN, **PAGE, **of("last", "one")}, {**BURN, **TICKET, **of("last", "one")})
"""Posted last: when the second is inhibited by the first, Alertmanager has heard of all."""


def listed(address: str) -> dict[frozenset[tuple[str, str]], bool]:
    """Tell of each alert, by its labels, whether another one inhibits it."""
    found = requests.get(f"{address}/api/v2/alerts", timeout=10).json()
    return {frozenset(one["labels"].items()): bool(one["status"]["inhibitedBy"]) for one in found}


@pytest.fixture(scope="module")
def inhibited(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Mapping[frozenset[tuple[str, str]], bool]]:
    folder, [port] = tmp_path_factory.mktemp("alertmanager"), free_ports(1)
    address, command = f"http://127.0.0.1:{port}", _command(alertmanager(), folder, port)
    process = Supervised("alertmanager", command, folder / "log")
    try:
        process.await_ready(f"{address}/-/ready", READY_SECONDS)
        for labels in (*FIRING, *(labels for labels, _ in TOLD.values()), *WITNESS):
            requests.post(
                f"{address}/api/v2/alerts", json=[{"labels": labels}], timeout=10
            ).raise_for_status()
        yield _settled(address)
    finally:
        process.stop()


def _command(program: str, folder: Path, port: int) -> list[str]:
    (folder / "webhook_url").write_text("http://127.0.0.1:9/")
    text = CONFIGURATION.read_text().replace("/etc/alertmanager/webhook_url", str(folder / "webhook_url"))
    (folder / "alertmanager.yml").write_text(text)
    return [
        program,
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]


def _settled(address: str) -> Mapping[frozenset[tuple[str, str]], bool]:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        found = listed(address)
        if found.get(frozenset(WITNESS[1].items())):
            return found
        time.sleep(0.1)
    pytest.fail(f"the witness is not inhibited: {found}")


@pytest.mark.parametrize(("labels", "silent"), TOLD.values(), ids=TOLD.keys())
def test_an_alert_is_inhibited_by_its_own_objective_alone(
    inhibited: Mapping[frozenset[tuple[str, str]], bool], labels: Labels, silent: bool
) -> None:
    assert inhibited[frozenset(labels.items())] is silent
