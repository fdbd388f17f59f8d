"""Connection settings: what they send, which are refused, and that secrets are never shown."""

from __future__ import annotations

import base64
import logging
from collections.abc import Mapping
from dataclasses import replace

import pytest

from slo.prometheus.client import PrometheusClient, PrometheusError, PrometheusUnreachableError
from slo.prometheus.connection import ConnectionSettings, read_connection_settings
from tests.support.http_faults import (
    Responder,
    reset_connection,
    respond_error,
    respond_success,
    respond_text,
    run_server,
)

SECRET = "correct-horse"  # noqa: S105 - the tests look for it in all output  # pragma: allowlist secret
PREFIX = "PROOFLOAD_PROMETHEUS_"
EMPTY_VECTOR = respond_success({"resultType": "vector", "result": []})


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def make_settings(url: str, **settings: str) -> ConnectionSettings:
    """Read settings, given without their prefix, with one retry and a short timeout."""
    environment = {f"{PREFIX}{name}": value for name, value in settings.items()}
    return replace(read_connection_settings(environment, url), retries=1, read_timeout_seconds=1)


def basic_auth(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


SENT_HEADERS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "a bearer token": ({"BEARER_TOKEN": SECRET}, {"Authorization": f"Bearer {SECRET}"}),
    "a bearer token with a trailing line break, as from a file": (
        {"BEARER_TOKEN": f"{SECRET}\n"},
        {"Authorization": f"Bearer {SECRET}"},
    ),
    "a user name and a password": (
        {"USERNAME": "ann", "PASSWORD": SECRET},
        {"Authorization": basic_auth("ann", SECRET)},
    ),
    "a password outside Latin-1": (
        {"USERNAME": "ann", "PASSWORD": "пароль"},
        {"Authorization": basic_auth("ann", "пароль")},
    ),
    "a user name without password": ({"USERNAME": "ann"}, {"Authorization": basic_auth("ann", "")}),
    "a tenant": ({"HEADERS": "X-Scope-OrgID: team-a"}, {"X-Scope-OrgID": "team-a"}),
    "two headers": ({"HEADERS": "X-A: 1; X-B: b:c"}, {"X-A": "1", "X-B": "b:c"}),
    "one header per line": ({"HEADERS": "X-A: 1\nX-B: 2\n"}, {"X-A": "1", "X-B": "2"}),
}


@pytest.mark.parametrize(("settings", "headers"), SENT_HEADERS.values(), ids=SENT_HEADERS.keys())
@pytest.mark.parametrize("query", ["up", "up + " * 300 + "up"], ids=["GET", "POST"])
def test_settings_of_the_environment_are_sent(
    settings: dict[str, str], headers: dict[str, str], query: str
) -> None:
    with (
        run_server(EMPTY_VECTOR) as server,
        PrometheusClient(make_settings(server.url, **settings)) as prometheus,
    ):
        prometheus.query_instant(query, 7.5)
    (request,) = server.requests
    assert {name: request.headers.get(name) for name in headers} == headers


def test_user_name_and_password_in_the_url_are_sent() -> None:
    with run_server(EMPTY_VECTOR) as server:
        url = server.url.replace("//", f"//ann:{SECRET}@")
        with PrometheusClient(make_settings(url)) as prometheus:
            prometheus.query_instant("up", 7.5)
            assert prometheus.connection.shown_url == server.url
    assert server.requests[0].headers["Authorization"] == basic_auth("ann", SECRET)


def test_without_settings_no_credentials_are_sent() -> None:
    with run_server(EMPTY_VECTOR) as server, PrometheusClient(make_settings(server.url)) as prometheus:
        prometheus.query_instant("up", 7.5)
    assert "Authorization" not in server.requests[0].headers


# --- Invalid settings ---------------------------------------------------------------------------


INVALID_SETTINGS: dict[str, tuple[Mapping[str, str], str]] = {
    "two kinds of credentials": (
        {"BEARER_TOKEN": SECRET, "USERNAME": "ann"},
        "PROOFLOAD_PROMETHEUS_BEARER_TOKEN and PROOFLOAD_PROMETHEUS_USERNAME are both set; set one",
    ),
    "a password without a user name": (
        {"PASSWORD": SECRET},
        "PROOFLOAD_PROMETHEUS_PASSWORD is set without PROOFLOAD_PROMETHEUS_USERNAME",
    ),
    "a certificate without its key": (
        {"CLIENT_CERTIFICATE": "client.pem"},
        "PROOFLOAD_PROMETHEUS_CLIENT_CERTIFICATE and PROOFLOAD_PROMETHEUS_CLIENT_KEY must both be set",
    ),
    "a key without its certificate": (
        {"CLIENT_KEY": "client.key"},  # pragma: allowlist secret
        "PROOFLOAD_PROMETHEUS_CLIENT_CERTIFICATE and PROOFLOAD_PROMETHEUS_CLIENT_KEY must both be set",
    ),
    "a CA file that is missing": (
        {"CA_FILE": "nowhere/ca.pem"},
        "PROOFLOAD_PROMETHEUS_CA_FILE: no such file: nowhere/ca.pem",
    ),
    "a client certificate that is missing": (
        {"CLIENT_CERTIFICATE": "nowhere/client.pem", "CLIENT_KEY": __file__},
        "PROOFLOAD_PROMETHEUS_CLIENT_CERTIFICATE: no such file: nowhere/client.pem",
    ),
    "a client key that is missing": (
        {"CLIENT_CERTIFICATE": __file__, "CLIENT_KEY": "nowhere/client.key"},  # pragma: allowlist secret
        "PROOFLOAD_PROMETHEUS_CLIENT_KEY: no such file: nowhere/client.key",
    ),
    "a header without a value": (
        {"HEADERS": SECRET},
        "PROOFLOAD_PROMETHEUS_HEADERS must be 'Name: value' pairs separated by ';'",
    ),
    "a header with a space in its name": (
        {"HEADERS": f"X A: {SECRET}"},
        "PROOFLOAD_PROMETHEUS_HEADERS must be 'Name: value' pairs separated by ';'",
    ),
    "a header with a carriage return": (
        {"HEADERS": f"X-A: {SECRET}\rX-B: 2"},
        "PROOFLOAD_PROMETHEUS_HEADERS contains a line break or a non-ASCII character",
    ),
    "a token of two lines": (
        {"BEARER_TOKEN": f"{SECRET}\n{SECRET}"},
        "PROOFLOAD_PROMETHEUS_BEARER_TOKEN contains a line break or a non-ASCII character",
    ),
    "a token with a non-ASCII character": (
        {"BEARER_TOKEN": f"{SECRET}☃"},
        "PROOFLOAD_PROMETHEUS_BEARER_TOKEN contains a line break or a non-ASCII character",
    ),
}


@pytest.mark.parametrize(("settings", "message"), INVALID_SETTINGS.values(), ids=INVALID_SETTINGS.keys())
def test_error_names_the_setting_without_its_value(settings: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=r"^PROOFLOAD_PROMETHEUS_") as caught:
        make_settings("http://localhost:9090", **settings)
    assert str(caught.value) == message
    assert SECRET not in repr(caught.value)


INVALID_URLS = {
    "no scheme": (f"ann:{SECRET}@host:9090", "host:9090"),
    "a host and a port without scheme": ("localhost:9090", "localhost:9090"),
    "another scheme": ("ftp://host", "ftp://host"),
    "no host": ("http://", "http://"),
    "a port that is not a number": (f"http://ann:{SECRET}@host:http", "host:http"),
    "a port out of range": (f"http://ann:{SECRET}@host:99999", "host:99999"),
    "an unclosed IPv6 address": ("http://[::1", "http://[::1"),
    "a secret in the query": (f"http://host/?token={SECRET}", "http://host/"),
    "an empty string": ("", ""),
}


@pytest.mark.parametrize(("url", "shown"), INVALID_URLS.values(), ids=INVALID_URLS.keys())
def test_error_shows_an_invalid_url_without_its_secrets(url: str, shown: str) -> None:
    with pytest.raises(ValueError, match="is not the URL of a Prometheus") as caught:
        make_settings(url)
    assert str(caught.value) == f"{shown!r} is not the URL of a Prometheus; write e.g. http://localhost:9090"


@pytest.mark.parametrize("host", [".example", "exa mple", "a" * 80, "nothing.invalid"])
def test_host_that_does_not_exist_is_unreachable(host: str) -> None:
    url = f"http://ann:{SECRET}@{host}:9090"
    with (
        PrometheusClient(make_settings(url)) as prometheus,
        pytest.raises(PrometheusUnreachableError) as caught,
    ):
        prometheus.query_instant("up", 7.5)
    assert str(caught.value).startswith(f"http://{host}:9090 does not respond (")
    assert SECRET not in str(caught.value)


# --- Secrets ------------------------------------------------------------------------------------


SECRETS: dict[str, dict[str, str]] = {
    "a token": {"BEARER_TOKEN": SECRET},
    "a password": {"USERNAME": "ann", "PASSWORD": SECRET},
    "a header": {"HEADERS": f"X-Token: {SECRET}"},
    "the URL": {},
}
FAILURES = {
    "a reset connection": (reset_connection,),
    "a retry that fails": (respond_text("", 503), respond_text("no", 500)),
    "a refusal": (respond_error(400, "bad"),),
    "a redirect": (respond_text("", 302, Location=f"http://ann:{SECRET}@127.0.0.1:9/"),),
    "a success": (EMPTY_VECTOR,),
}


@pytest.mark.parametrize("settings", SECRETS.values(), ids=SECRETS.keys())
@pytest.mark.parametrize("responders", FAILURES.values(), ids=FAILURES.keys())
def test_secrets_are_never_shown(
    settings: dict[str, str], responders: tuple[Responder, ...], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown: list[object] = []
    with run_server(*responders) as server:
        url = server.url if settings else server.url.replace("//", f"//ann:{SECRET}@")
        with PrometheusClient(make_settings(url, **settings)) as prometheus:
            shown += [prometheus, prometheus.connection, prometheus.connection.auth]
            try:
                shown += [prometheus.query_instant("up", 7.5)]
            except PrometheusError as error:
                shown += [error, error.args, error.__cause__]
    forms = {SECRET, basic_auth("ann", SECRET)}
    assert forms & {value.removeprefix("Bearer ") for value in server.requests[0].headers.values()}
    assert caplog.text
    assert not [form for form in forms if form in caplog.text]
    assert not [value for value in shown if SECRET in f"{value!r} {value}"]
