from __future__ import annotations

import base64
import logging
from collections.abc import Mapping
from dataclasses import replace

import pytest

from slo.prometheus.client import Prometheus, PrometheusError, PrometheusUnreachableError
from slo.prometheus.connection import Connection, connection_from
from tests.support.http_faults import Answer, envelope, refusal, reset, serving, text

SECRET = "correct-horse"  # noqa: S105 - looked for in what is shown  # pragma: allowlist secret
PREFIX = "PROOFLOAD_PROMETHEUS_"
ANSWER = envelope({"resultType": "vector", "result": []})


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def connection(url: str, **settings: str) -> Connection:
    """Read settings, named without their prefix; without patience."""
    environment = {f"{PREFIX}{name}": value for name, value in settings.items()}
    return replace(connection_from(environment, url), retries=1, read_timeout_seconds=1)


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


SENT: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "a bearer token": ({"BEARER_TOKEN": SECRET}, {"Authorization": f"Bearer {SECRET}"}),
    "a bearer token with the line break of its file": (
        {"BEARER_TOKEN": f"{SECRET}\n"},
        {"Authorization": f"Bearer {SECRET}"},
    ),
    "a user name and a password": (
        {"USERNAME": "ann", "PASSWORD": SECRET},
        {"Authorization": basic("ann", SECRET)},
    ),
    "a password beyond Latin-1": (
        {"USERNAME": "ann", "PASSWORD": "пароль"},
        {"Authorization": basic("ann", "пароль")},
    ),
    "a user name alone": ({"USERNAME": "ann"}, {"Authorization": basic("ann", "")}),
    "a tenant": ({"HEADERS": "X-Scope-OrgID: team-a"}, {"X-Scope-OrgID": "team-a"}),
    "two headers": ({"HEADERS": "X-A: 1; X-B: b:c"}, {"X-A": "1", "X-B": "b:c"}),
    "a header a line": ({"HEADERS": "X-A: 1\nX-B: 2\n"}, {"X-A": "1", "X-B": "2"}),
}


@pytest.mark.parametrize(("settings", "headers"), SENT.values(), ids=SENT.keys())
@pytest.mark.parametrize("query", ["up", "up + " * 300 + "up"], ids=["GET", "POST"])
def test_what_the_environment_says_is_sent(
    settings: dict[str, str], headers: dict[str, str], query: str
) -> None:
    with serving(ANSWER) as server, Prometheus(connection(server.url, **settings)) as prometheus:
        prometheus.value(query, 7.5)
    (asked,) = server.asked
    assert {name: asked.headers.get(name) for name in headers} == headers


def test_user_name_and_password_may_stand_in_the_address() -> None:
    with serving(ANSWER) as server:
        url = server.url.replace("//", f"//ann:{SECRET}@")
        with Prometheus(connection(url)) as prometheus:
            prometheus.value("up", 7.5)
            assert prometheus.connection.shown_url == server.url
    assert server.asked[0].headers["Authorization"] == basic("ann", SECRET)


def test_without_settings_nothing_is_sent() -> None:
    with serving(ANSWER) as server, Prometheus(connection(server.url)) as prometheus:
        prometheus.value("up", 7.5)
    assert "Authorization" not in server.asked[0].headers


# --- Bad settings -------------------------------------------------------------------------------


BAD: dict[str, tuple[Mapping[str, str], str]] = {
    "two ways to say who asks": (
        {"BEARER_TOKEN": SECRET, "USERNAME": "ann"},
        "PROOFLOAD_PROMETHEUS_BEARER_TOKEN and PROOFLOAD_PROMETHEUS_USERNAME are both set; give one",
    ),
    "a password of nobody": (
        {"PASSWORD": SECRET},
        "PROOFLOAD_PROMETHEUS_PASSWORD needs PROOFLOAD_PROMETHEUS_USERNAME beside it",
    ),
    "a certificate without its key": (
        {"CLIENT_CERTIFICATE": "client.pem"},
        "PROOFLOAD_PROMETHEUS_CLIENT_CERTIFICATE and PROOFLOAD_PROMETHEUS_CLIENT_KEY go together",
    ),
    "a key without its certificate": (
        {"CLIENT_KEY": "client.key"},  # pragma: allowlist secret
        "PROOFLOAD_PROMETHEUS_CLIENT_CERTIFICATE and PROOFLOAD_PROMETHEUS_CLIENT_KEY go together",
    ),
    "a CA file that is missing": (
        {"CA_FILE": "nowhere/ca.pem"},
        "PROOFLOAD_PROMETHEUS_CA_FILE: there is no file nowhere/ca.pem",
    ),
    "a client certificate that is missing": (
        {"CLIENT_CERTIFICATE": "nowhere/client.pem", "CLIENT_KEY": __file__},
        "PROOFLOAD_PROMETHEUS_CLIENT_CERTIFICATE: there is no file nowhere/client.pem",
    ),
    "a client key that is missing": (
        {"CLIENT_CERTIFICATE": __file__, "CLIENT_KEY": "nowhere/client.key"},  # pragma: allowlist secret
        "PROOFLOAD_PROMETHEUS_CLIENT_KEY: there is no file nowhere/client.key",
    ),
    "a header without a value": (
        {"HEADERS": SECRET},
        "PROOFLOAD_PROMETHEUS_HEADERS must be 'Name: value' pairs separated by ';'",
    ),
    "a header with a blank in its name": (
        {"HEADERS": f"X A: {SECRET}"},
        "PROOFLOAD_PROMETHEUS_HEADERS must be 'Name: value' pairs separated by ';'",
    ),
    "a header with half a line break": (
        {"HEADERS": f"X-A: {SECRET}\rX-B: 2"},
        "PROOFLOAD_PROMETHEUS_HEADERS holds a line break or a character beyond ASCII",
    ),
    "a token of two lines": (
        {"BEARER_TOKEN": f"{SECRET}\n{SECRET}"},
        "PROOFLOAD_PROMETHEUS_BEARER_TOKEN holds a line break or a character beyond ASCII",
    ),
    "a token that no header can hold": (
        {"BEARER_TOKEN": f"{SECRET}☃"},
        "PROOFLOAD_PROMETHEUS_BEARER_TOKEN holds a line break or a character beyond ASCII",
    ),
}


@pytest.mark.parametrize(("settings", "says"), BAD.values(), ids=BAD.keys())
def test_bad_settings_are_named_and_their_secrets_are_not(settings: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=r"^PROOFLOAD_PROMETHEUS_") as caught:
        connection("http://localhost:9090", **settings)
    assert str(caught.value) == says
    assert SECRET not in repr(caught.value)


BAD_ADDRESSES = {
    "no scheme": (f"ann:{SECRET}@host:9090", "host:9090"),
    "only a host and a port": ("localhost:9090", "localhost:9090"),
    "another scheme": ("ftp://host", "ftp://host"),
    "no host": ("http://", "http://"),
    "a port that is none": (f"http://ann:{SECRET}@host:http", "host:http"),
    "a port beyond the last": (f"http://ann:{SECRET}@host:99999", "host:99999"),
    "half an IPv6 address": ("http://[::1", "http://[::1"),
    "a secret after a question mark": (f"http://host/?token={SECRET}", "http://host/"),
    "nothing": ("", ""),
}


@pytest.mark.parametrize(("url", "shown"), BAD_ADDRESSES.values(), ids=BAD_ADDRESSES.keys())
def test_a_bad_address_is_shown_without_its_secrets(url: str, shown: str) -> None:
    with pytest.raises(ValueError, match="is no address of a Prometheus") as caught:
        connection(url)
    assert (
        str(caught.value) == f"{shown!r} is no address of a Prometheus; write one like http://localhost:9090"
    )


@pytest.mark.parametrize("host", [".example", "exa mple", "a" * 80, "nothing.invalid"])
def test_a_host_that_can_not_be_is_unreachable(host: str) -> None:
    url = f"http://ann:{SECRET}@{host}:9090"
    with Prometheus(connection(url)) as prometheus, pytest.raises(PrometheusUnreachableError) as caught:
        prometheus.value("up", 7.5)
    assert str(caught.value).startswith(f"http://{host}:9090 does not answer (")
    assert SECRET not in str(caught.value)


# --- Secrets ------------------------------------------------------------------------------------


SECRETS: dict[str, dict[str, str]] = {
    "a token": {"BEARER_TOKEN": SECRET},
    "a password": {"USERNAME": "ann", "PASSWORD": SECRET},
    "a header": {"HEADERS": f"X-Token: {SECRET}"},
    "the address": {},
}
FAILURES = {
    "a reset connection": (reset,),
    "a retry that fails": (text("", 503), text("no", 500)),
    "a refusal": (refusal(400, "bad"),),
    "a redirect": (text("", 302, Location=f"http://ann:{SECRET}@127.0.0.1:9/"),),
    "a good answer": (ANSWER,),
}


@pytest.mark.parametrize("settings", SECRETS.values(), ids=SECRETS.keys())
@pytest.mark.parametrize("answers", FAILURES.values(), ids=FAILURES.keys())
def test_secrets_are_never_shown(
    settings: dict[str, str], answers: tuple[Answer, ...], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown: list[object] = []
    with serving(*answers) as server:
        url = server.url if settings else server.url.replace("//", f"//ann:{SECRET}@")
        with Prometheus(connection(url, **settings)) as prometheus:
            shown += [prometheus, prometheus.connection, prometheus.connection.auth]
            try:
                shown += [prometheus.value("up", 7.5)]
            except PrometheusError as error:
                shown += [error, error.args, error.__cause__]
    forms = {SECRET, basic("ann", SECRET)}
    assert forms & {value.removeprefix("Bearer ") for value in server.asked[0].headers.values()}
    assert caplog.text
    assert not [form for form in forms if form in caplog.text]
    assert not [one for one in shown if SECRET in f"{one!r} {one}"]
