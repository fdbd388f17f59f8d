"""Secrets are masked by the name of what carries them; everything else stays as it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from slo.documents import is_secret_name, mask_body, mask_text, mask_values, remove_user_info

MASKED_NAMES = """
    Authorization authorization Proxy-Authorization X-Forwarded-Authorization Cookie Set-Cookie
    X-API-Key x-api-key apikey api_key ApiKey X-Auth-Token PRIVATE-TOKEN X-Vault-Token
    X-Amz-Security-Token X-Amz-Signature X-Amz-Credential AWSAccessKeyId Signature sig
    Ocp-Apim-Subscription-Key DD-API-KEY x-functions-key key token access_token refreshToken id_token
    client_secret clientSecret password passwd PASSWORD userPassword pwd pass passphrase sessionid
    JSESSIONID X-CSRF-Token xsrf jwt bearer private_key otp pin credentials oauth_verifier hmac
"""
OPEN_NAMES = """
    Accept Content-Type User-Agent Host X-Request-ID X-Scope-OrgID id name page q author authors
    authority keyboard passenger monkey status code design spinner
"""


@pytest.mark.parametrize("name", MASKED_NAMES.split())
def test_a_name_of_a_secret_is_known(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", OPEN_NAMES.split())
def test_another_name_is_no_secret(name: str) -> None:
    assert not is_secret_name(name)


TEXTS: dict[str, tuple[str, str]] = {
    # pragma: allowlist nextline secret
    "user and password of a URL": ("http://ann:s3cret@shop/x failed", "http://***@shop/x failed"),
    "a user alone, which may be a token": ("https://ghp_s3cret@shop", "https://***@shop"),
    # pragma: allowlist nextline secret
    "a password with @": ("http://ann:s3c@ret@shop/", "http://***@shop/"),
    "a password with an unescaped slash": ("http://ann:s3c/ret@shop/x", "http://***@shop/x"),
    "a password with an unescaped question mark": ("http://ann:s3c?ret@shop/x", "http://***@shop/x"),
    "a password with an unescaped hash": ("http://ann:s3c#ret@shop/x", "http://***@shop/x"),
    # pragma: allowlist nextline secret
    "URLs of other schemes": ("postgres://ann:s3cret@db, redis://:s3cret@r", "postgres://***@db, redis://***@r"),
    "an address without a user": ("http://shop:80/@ann http://[::1]:80/", "http://shop:80/@ann http://[::1]:80/"),
    "an e-mail address": ("mail ann@example.org", "mail ann@example.org"),
    "a secret query parameter": ("GET /x?a=1&token=s3cret&b=2", "GET /x?a=1&token=***&b=2"),
    "the first query parameter": ("/x?api_key=s3cret", "/x?api_key=***"),
    "a percent-encoded name": ("/x?%74oken=s3cret", "/x?%74oken=***"),
    "a fragment": ("/x#access_token=s3cret", "/x#access_token=***"),
    "a presigned URL": (
        "https://b.s3.amazonaws.com/o?X-Amz-Credential=s3cret%2Fx&X-Amz-Date=1&X-Amz-Signature=s3cret",
        "https://b.s3.amazonaws.com/o?X-Amz-Credential=***&X-Amz-Date=1&X-Amz-Signature=***",
    ),
    "a parameter in the value of another": ("/x?next=/y?token=s3cret", "/x?next=/y?token=***"),
    "an empty parameter was not set": ("/x?token=&a=1", "/x?token=&a=1"),
    "no secret": ("/x?page=1&author=ann", "/x?page=1&author=ann"),
    "PromQL": ('rate(x_total{token="a",key!="b"}[5m])', 'rate(x_total{token="a",key!="b"}[5m])'),
    "a bearer token in a message": ("refused: Bearer s3cret.abc", "refused: Bearer ***"),
    "basic credentials in a message": ("got 'Basic YW5uOnMzY3JldA=='", "got 'Basic ***'"),
    "words": ("Basic Authentication, bearer token-based", "Basic Authentication, bearer token-based"),
    # pragma: allowlist nextline secret
    "a JSON web token": ("x eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1In0.s3cret y", "x *** y"),
    "a masked text again": ("http://***@shop/?token=***", "http://***@shop/?token=***"),
}  # fmt: skip


@pytest.mark.parametrize("case", TEXTS)
def test_secrets_in_texts_are_masked(case: str) -> None:
    text, expected = TEXTS[case]
    assert mask_text(text) == expected
    assert mask_text(expected) == expected


@pytest.mark.parametrize(
    "url",
    # pragma: allowlist nextline secret
    ["http://ann:s3cret@[bad", "http://ann:s3c/r@shop", "http://ann:s3cret@ho\u2100st"],
)
def test_user_and_password_of_an_invalid_url_are_removed(url: str) -> None:
    assert "s3c" not in remove_user_info(url)


VALUES: dict[str, tuple[Any, Any]] = {
    # pragma: allowlist nextline secret
    "a field by its name": ({"user": "ann", "password": "s3cret"}, {"user": "ann", "password": "***"}),
    "a number": ({"pin": 1234}, {"pin": "***"}),
    "nested fields": ({"a": [{"token": "s3cret", "n": 1}]}, {"a": [{"token": "***", "n": 1}]}),
    "everything below a secret": ({"auth": {"a": ["s3cret"], "b": 1}}, {"auth": {"a": ["***"], "b": "***"}}),
    "what was not set": (
        {"token": "", "secret": None, "session": False},
        {"token": "", "secret": None, "session": False},
    ),
    "a list of names and values": (
        [{"name": "password", "value": "s3cret"}, {"key": "color", "value": "red"}],
        [{"name": "password", "value": "***"}, {"key": "color", "value": "red"}],
    ),
    # pragma: allowlist nextline secret
    "a URL in a value": ({"callback": "http://ann:s3cret@shop"}, {"callback": "http://***@shop"}),
    "other values": ({"a": 1, "b": [True, None, 2.5, "x"]}, {"a": 1, "b": [True, None, 2.5, "x"]}),
}  # fmt: skip


@pytest.mark.parametrize("case", VALUES)
def test_secret_values_are_masked(case: str) -> None:
    data, expected = VALUES[case]
    assert mask_values(data) == expected
    assert mask_values(expected) == expected


BODIES: dict[str, tuple[str, str]] = {
    # pragma: allowlist nextline secret
    "JSON": ('{"user": "ann", "password": "s3cret"}', '{"user": "ann", "password": "***"}'),
    "JSON without a secret stays as it is written": ('{"a":1,  "b":2}', '{"a":1,  "b":2}'),
    "a form": ("user=ann&password=s3cret&b=2", "user=ann&password=***&b=2"),
    "a form without a secret": ("user=ann", "user=ann"),
    "XML": ("<login><password>s3cret</password></login>", "***"),
    "multipart": ('--x\r\nContent-Disposition: form-data; name="token"\r\n\r\ns3cret\r\n--x--', "***"),
    "another text": ("hello", "hello"),
    # pragma: allowlist nextline secret
    "a text with a URL": ("see http://ann:s3cret@shop", "see http://***@shop"),
}


@pytest.mark.parametrize("case", BODIES)
def test_secrets_in_bodies_are_masked(case: str) -> None:
    body, expected = BODIES[case]
    assert mask_body(body) == expected


def test_a_deep_body_is_masked_as_a_whole() -> None:
    assert mask_body("[" * 200_000 + '"password"') == "***"


@pytest.mark.timeout(20)
@pytest.mark.parametrize("part", ["://", "://a:b", "eyJ-", "?a", "&a=b", "Basic ", "a=b", "%74"])
def test_masking_takes_linear_time(part: str) -> None:
    text = part * (200_000 // len(part))
    assert len(mask_text(text)) >= 0
    assert json.dumps(mask_body(text[:50_000]))
