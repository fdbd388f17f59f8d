"""TLS: which certificates are trusted, and client certificates."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path
from shutil import which

import pytest

from slo.prometheus.client import PrometheusClient, PrometheusUnreachableError
from tests.slo.prometheus.test_connection import EMPTY_VECTOR, SECRET, make_settings
from tests.support.http_faults import find_refused_url, run_server


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Create a self-signed certificate for 127.0.0.1 and its key."""
    openssl = which("openssl")
    if openssl is None:
        pytest.skip("openssl is needed to create a certificate")
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


def create_tls_context(certificate: tuple[Path, Path], *, verify_clients: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    if verify_clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificate[0])
    return context


def test_ca_file_is_trusted_despite_another_ca_bundle(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "nowhere/bundle.pem")
    with (
        run_server(EMPTY_VECTOR, tls=create_tls_context(certificate)) as server,
        PrometheusClient(make_settings(server.url, CA_FILE=str(certificate[0]))) as prometheus,
    ):
        assert prometheus.query_instant("up", 7.5).series == ()


def test_untrusted_server_receives_no_request(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    with (
        run_server(EMPTY_VECTOR, tls=create_tls_context(certificate)) as server,
        PrometheusClient(make_settings(server.url, BEARER_TOKEN=SECRET)) as prometheus,
    ):
        with pytest.raises(PrometheusUnreachableError, match="certificate verify failed"):
            prometheus.query_instant("up", 7.5)
        assert not server.requests


def test_client_certificate_is_sent_to_a_server_that_requires_it(certificate: tuple[Path, Path]) -> None:
    pem, key = map(str, certificate)
    client = {"CLIENT_CERTIFICATE": pem, "CLIENT_KEY": key}
    with run_server(EMPTY_VECTOR, tls=create_tls_context(certificate, verify_clients=True)) as server:
        with PrometheusClient(make_settings(server.url, CA_FILE=pem, **client)) as prometheus:
            assert prometheus.query_instant("up", 7.5).series == ()
        with (
            PrometheusClient(make_settings(server.url, CA_FILE=pem)) as prometheus,
            pytest.raises(PrometheusUnreachableError, match="does not respond"),
        ):
            prometheus.query_instant("up", 7.5)
    assert len(server.requests) == 1


NOT_CERTIFICATES = {
    "a CA file": {"CA_FILE": __file__},
    "a client certificate": {"CLIENT_CERTIFICATE": __file__, "CLIENT_KEY": __file__},
}


@pytest.mark.parametrize("settings", NOT_CERTIFICATES.values(), ids=NOT_CERTIFICATES.keys())
def test_file_without_a_certificate_is_an_error(settings: dict[str, str]) -> None:
    url = find_refused_url().replace("http:", "https:")
    with (
        PrometheusClient(make_settings(url, **settings)) as prometheus,
        pytest.raises(PrometheusUnreachableError, match=f"{url} does not respond"),
    ):
        prometheus.query_instant("up", 7.5)
