"""Which server a spec's data sources mean, and what is sent to it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from slo.model import DataSource, Spec
from slo.openslo.data_source_kinds import TYPES
from slo.openslo.declared_sources import address, declared
from slo.openslo.spec_reader import load_spec
from slo.prometheus.backends import BACKENDS
from slo.prometheus.connection import connection_from
from tests.support.specs import EVENTS, REFERRED, changed

HERE, THERE = "https://prometheus.example/path", "https://there.example"
SOURCE = '  type: prometheus\n  connectionDetails: {url: "https://prometheus.example/path"}\n'
OTHER = """\
---
apiVersion: openslo/v1
kind: DataSource
metadata: {name: other}
spec:
"""


def spec_of(folder: Path, text: str) -> Spec:
    (folder / "spec.yaml").write_text(text)
    return load_spec([folder / "spec.yaml"])


def referred(source: str, more: str = "") -> str:
    return changed(REFERRED, (SOURCE, source)) + (OTHER + more if more else "")


MIMIR = f"""\
  type: MIMIR
  connectionDetails:
    url: {HERE}
    tenant: team-a
    headers: {{X-Team: shop, X-Load: "1"}}
"""
SENT = {"X-Scope-OrgID": "team-a", "X-Team": "shop", "X-Load": "1"}


def test_every_backend_is_a_type_in_any_case(tmp_path: Path) -> None:
    assert [kind.lower() for kind in TYPES] == list(BACKENDS)
    for kind in TYPES:
        for written in (kind, kind.lower(), kind.upper()):
            spec = spec_of(tmp_path, referred(f"  type: {written}\n"))
            assert spec.data_sources == (DataSource("main", kind),)


def test_all_that_a_data_source_says_is_read(tmp_path: Path) -> None:
    (source,) = spec_of(tmp_path, referred(MIMIR)).data_sources
    assert source == DataSource("main", "Mimir", HERE, "team-a", (("X-Team", "shop"), ("X-Load", "1")))


# What is asked, what the environment says, the backend and the headers that come of it.
CHOSEN: dict[str, tuple[str, str, Mapping[str, str], str | None, Mapping[str, str]]] = {
    "a data source chooses backend, tenant and headers": (referred(MIMIR), HERE, {}, "mimir", SENT),
    "a slash at the end makes no other address": (referred(MIMIR), HERE + "/", {}, "mimir", SENT),
    "nor does a user": (referred(MIMIR), HERE.replace("//", "//me:secret@"), {}, "mimir", SENT),
    "nothing of it goes to another address": (referred(MIMIR), THERE, {}, None, {}),
    "without an address it speaks of whoever is asked": (
        referred("  type: Thanos\n  connectionDetails: {tenant: a}\n"),
        THERE,
        {},
        "thanos",
        {"THANOS-TENANT": "a"},
    ),
    "which server speaks Prometheus's API is learnt": (
        referred("  type: Prometheus\n  connectionDetails: {tenant: a}\n"),
        THERE,
        {},
        None,
        {"X-Scope-OrgID": "a", "THANOS-TENANT": "a"},
    ),
    "a type in the SLI chooses, too": (
        EVENTS.replace("type: Prometheus", "type: cortex"),
        THERE,
        {},
        "cortex",
        {},
    ),
    "the environment's backend and tenant come first": (
        referred(MIMIR),
        HERE,
        {"BACKEND": "thanos", "TENANT": "b"},
        "thanos",
        {"THANOS-TENANT": "b", "X-Team": "shop", "X-Load": "1"},
    ),
    "the environment's headers come first, in any case": (
        referred(MIMIR),
        HERE,
        {"HEADERS": "x-team: b; x-scope-orgid: c"},
        "mimir",
        {"x-team": "b", "x-scope-orgid": "c", "X-Load": "1"},
    ),
    "a data source that no SLO names says nothing": (
        referred(MIMIR, "  type: Thanos\n  connectionDetails: {tenant: b}\n"),
        HERE,
        {},
        "mimir",
        SENT,
    ),
    "where none is named, the only one speaks": (
        EVENTS + OTHER + "  type: Thanos\n  connectionDetails: {tenant: b}\n",
        HERE,
        {},
        "thanos",
        {"THANOS-TENANT": "b"},
    ),
}


@pytest.mark.parametrize(("text", "url", "said", "backend", "headers"), CHOSEN.values(), ids=CHOSEN.keys())
def test_what_is_sent(
    text: str,
    url: str,
    said: Mapping[str, str],
    backend: str | None,
    headers: Mapping[str, str],
    tmp_path: Path,
) -> None:
    environment = {f"PROOFLOAD_PROMETHEUS_{name}": value for name, value in said.items()}
    connection = connection_from(environment, url, declared(spec_of(tmp_path, text), url))
    assert (connection.backend, connection.headers) == (backend, headers)


def test_two_addresses_are_one_too_many() -> None:
    spec = Spec((), data_sources=(DataSource("a", "Thanos", HERE), DataSource("b", "Mimir", THERE)))
    with pytest.raises(
        ValueError, match=r"name 2 addresses \(https://prom.*, https://there.*give --prometheus"
    ):
        address(spec)
    assert declared(spec, THERE) == spec.data_sources[1]


def test_data_sources_that_contradict_each_other_are_told() -> None:
    spec = Spec(
        (), data_sources=(DataSource("a", "Thanos"), DataSource("", "Mimir"), DataSource("b", "Prometheus"))
    )
    assert address(spec) is None
    with pytest.raises(
        ValueError, match=r"data sources a, metricSource\.type Mimir differ in type, tenant or"
    ):
        declared(spec, HERE)


def test_data_sources_that_say_the_same_are_no_contradiction() -> None:
    same = DataSource("b", "Thanos", HERE), DataSource("", "Thanos")
    spec = Spec((), data_sources=(DataSource("a", "Thanos", HERE + "/"), *same))
    assert declared(spec, HERE) == spec.data_sources[0]
