"""Data sources of a spec: the server that they name, and the connection settings that they give."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from slo.model import DataSource, Spec
from slo.openslo.data_source_kinds import DATA_SOURCE_TYPES
from slo.openslo.data_sources import find_data_source, find_prometheus_url
from slo.openslo.spec_reader import load_spec
from slo.prometheus import read_connection_settings
from slo.prometheus.backends import BACKENDS
from tests.support.specs import EVENTS_SPEC, SPEC_WITH_REFERENCES, replace_in_text

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


def spec_with(source: str, other: str = "") -> str:
    return replace_in_text(SPEC_WITH_REFERENCES, (SOURCE, source)) + (OTHER + other if other else "")


MIMIR = f"""\
  type: MIMIR
  connectionDetails:
    url: {HERE}
    tenant: team-a
    headers: {{X-Team: shop, X-Load: "1"}}
"""
MIMIR_HEADERS = {"X-Scope-OrgID": "team-a", "X-Team": "shop", "X-Load": "1"}


def test_every_backend_is_a_case_insensitive_type(tmp_path: Path) -> None:
    assert [kind.lower() for kind in DATA_SOURCE_TYPES] == list(BACKENDS)
    for kind in DATA_SOURCE_TYPES:
        for spelling in (kind, kind.lower(), kind.upper()):
            spec = spec_of(tmp_path, spec_with(f"  type: {spelling}\n"))
            assert spec.data_sources == (DataSource("main", kind),)


def test_all_fields_of_a_data_source_are_read(tmp_path: Path) -> None:
    (source,) = spec_of(tmp_path, spec_with(MIMIR)).data_sources
    assert source == DataSource("main", "Mimir", HERE, "team-a", (("X-Team", "shop"), ("X-Load", "1")))


# Spec, URL of the server, settings of the environment; expected backend and headers.
CONNECTIONS: dict[str, tuple[str, str, Mapping[str, str], str | None, Mapping[str, str]]] = {
    "a data source sets backend, tenant and headers": (spec_with(MIMIR), HERE, {}, "mimir", MIMIR_HEADERS),
    "a trailing slash in the URL does not matter": (spec_with(MIMIR), HERE + "/", {}, "mimir", MIMIR_HEADERS),
    "credentials in the URL do not matter": (
        spec_with(MIMIR),
        HERE.replace("//", "//me:secret@"),
        {},
        "mimir",
        MIMIR_HEADERS,
    ),
    "a data source does not apply to another URL": (spec_with(MIMIR), THERE, {}, None, {}),
    "a data source without a URL applies to any server": (
        spec_with("  type: Thanos\n  connectionDetails: {tenant: a}\n"),
        THERE,
        {},
        "thanos",
        {"THANOS-TENANT": "a"},
    ),
    "the backend behind the type Prometheus is to be detected": (
        spec_with("  type: Prometheus\n  connectionDetails: {tenant: a}\n"),
        THERE,
        {},
        None,
        {"X-Scope-OrgID": "a", "THANOS-TENANT": "a"},
    ),
    "a type in the SLI sets the backend": (
        EVENTS_SPEC.replace("type: Prometheus", "type: cortex"),
        THERE,
        {},
        "cortex",
        {},
    ),
    "backend and tenant of the environment take precedence": (
        spec_with(MIMIR),
        HERE,
        {"BACKEND": "thanos", "TENANT": "b"},
        "thanos",
        {"THANOS-TENANT": "b", "X-Team": "shop", "X-Load": "1"},
    ),
    "headers of the environment take precedence, case-insensitively": (
        spec_with(MIMIR),
        HERE,
        {"HEADERS": "x-team: b; x-scope-orgid: c"},
        "mimir",
        {"x-team": "b", "x-scope-orgid": "c", "X-Load": "1"},
    ),
    "a data source that no SLO refers to is ignored": (
        spec_with(MIMIR, "  type: Thanos\n  connectionDetails: {tenant: b}\n"),
        HERE,
        {},
        "mimir",
        MIMIR_HEADERS,
    ),
    "the only data source applies if no SLO refers to one": (
        EVENTS_SPEC + OTHER + "  type: Thanos\n  connectionDetails: {tenant: b}\n",
        HERE,
        {},
        "thanos",
        {"THANOS-TENANT": "b"},
    ),
}


@pytest.mark.parametrize(
    ("text", "url", "settings", "backend", "headers"), CONNECTIONS.values(), ids=CONNECTIONS.keys()
)
def test_connection_settings(
    text: str,
    url: str,
    settings: Mapping[str, str],
    backend: str | None,
    headers: Mapping[str, str],
    tmp_path: Path,
) -> None:
    environment = {f"PROOFLOAD_PROMETHEUS_{name}": value for name, value in settings.items()}
    connection = read_connection_settings(environment, url, find_data_source(spec_of(tmp_path, text), url))
    assert (connection.backend, connection.headers) == (backend, headers)


def test_two_urls_are_refused() -> None:
    spec = Spec((), data_sources=(DataSource("a", "Thanos", HERE), DataSource("b", "Mimir", THERE)))
    with pytest.raises(ValueError, match=r"name 2 URLs \(https://prom.*, https://there.*give --prometheus"):
        find_prometheus_url(spec)
    assert find_data_source(spec, THERE) == spec.data_sources[1]


def test_contradicting_data_sources_are_refused() -> None:
    spec = Spec(
        (), data_sources=(DataSource("a", "Thanos"), DataSource("", "Mimir"), DataSource("b", "Prometheus"))
    )
    assert find_prometheus_url(spec) is None
    with pytest.raises(
        ValueError, match=r"data sources a, metricSource\.type Mimir differ in type, tenant or"
    ):
        find_data_source(spec, HERE)


def test_equal_data_sources_do_not_contradict_each_other() -> None:
    same = DataSource("b", "Thanos", HERE), DataSource("", "Thanos")
    spec = Spec((), data_sources=(DataSource("a", "Thanos", HERE + "/"), *same))
    assert find_data_source(spec, HERE) == spec.data_sources[0]
