from __future__ import annotations

import ssl
import subprocess
from pathlib import Path
from shutil import which

import pytest

from slo.prometheus.client import Prometheus, PrometheusUnreachableError
from tests.slo.prometheus.test_connection import ANSWER, SECRET, connection
from tests.support.http_faults import refused_url, serving


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Make a certificate of 127.0.0.1 that signs itself, and its key."""
    openssl = which("openssl")
    if openssl is None:
        pytest.skip("no openssl here to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "server.pem", folder / "server.key"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


def secured(certificate: tuple[Path, Path], *, of_clients_too: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    if of_clients_too:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificate[0])
    return context


def test_a_ca_file_is_trusted_whatever_the_machine_trusts(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "nowhere/bundle.pem")
    with (
        serving(ANSWER, tls=secured(certificate)) as server,
        Prometheus(connection(server.url, CA_FILE=str(certificate[0]))) as prometheus,
    ):
        assert prometheus.value("up", 7.5).series == ()


def test_a_server_unknown_to_the_ca_is_not_asked(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    with (
        serving(ANSWER, tls=secured(certificate)) as server,
        Prometheus(connection(server.url, BEARER_TOKEN=SECRET)) as prometheus,
    ):
        with pytest.raises(PrometheusUnreachableError, match="certificate verify failed"):
            prometheus.value("up", 7.5)
        assert not server.asked


def test_a_client_certificate_is_shown_to_a_server_that_wants_one(certificate: tuple[Path, Path]) -> None:
    pem, key = map(str, certificate)
    client = {"CLIENT_CERTIFICATE": pem, "CLIENT_KEY": key}
    with serving(ANSWER, tls=secured(certificate, of_clients_too=True)) as server:
        with Prometheus(connection(server.url, CA_FILE=pem, **client)) as prometheus:
            assert prometheus.value("up", 7.5).series == ()
        with (
            Prometheus(connection(server.url, CA_FILE=pem)) as prometheus,
            pytest.raises(PrometheusUnreachableError, match="does not answer"),
        ):
            prometheus.value("up", 7.5)
    assert len(server.asked) == 1


NO_PEM = {
    "a CA file": {"CA_FILE": __file__},
    "a client certificate": {"CLIENT_CERTIFICATE": __file__, "CLIENT_KEY": __file__},
}


@pytest.mark.parametrize("settings", NO_PEM.values(), ids=NO_PEM.keys())
def test_a_file_that_holds_no_certificate_is_one_clear_error(settings: dict[str, str]) -> None:
    url = refused_url().replace("http:", "https:")
    with (
        Prometheus(connection(url, **settings)) as prometheus,
        pytest.raises(PrometheusUnreachableError, match=f"{url} does not answer"),
    ):
        prometheus.value("up", 7.5)
