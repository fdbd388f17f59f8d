"""Profiles created by ``proofload profile``, and sent by the real load generator."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from loadtests.convert import DEFAULT_METHODS, NotHarError, extract_traffic, read_operations
from loadtests.profile import ScheduledProfile, TraceProfile, load_profile
from proofload.cli.main import cli
from target_service.app import create_app
from target_service.settings import Settings
from tests.support.generator import send_load
from tests.support.http_server import serve_http

KEYS = st.sampled_from(["get", "responses", "requestBody", "content", "schema", "name", "in", "status"])


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3)


Command = Callable[..., Result]


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run ``proofload profile`` in a temporary directory."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(cli, ["profile", *arguments], catch_exceptions=False)


# --- OpenAPI --------------------------------------------------------------------------------------------


def openapi() -> dict[str, Any]:
    return create_app(Settings(), CollectorRegistry()).openapi()


@pytest.mark.slow
def test_the_document_of_the_reference_service_becomes_a_profile(profile: Command, tmp_path: Path) -> None:
    (tmp_path / "api.json").write_text(json.dumps(openapi()))
    done = profile("from-openapi", "api.json", "--out", "p.yaml", "--rate", "20", "--duration", "2s")
    assert done.exit_code == 0, done.stderr
    created = load_profile(tmp_path / "p.yaml")
    assert isinstance(created, ScheduledProfile)
    assert {"/predict", "/model", "/ready", "/health"} <= {request.path for request in created.requests or []}


OPENAPI = """\
openapi: 3.1.0
info: {title: Shop}
paths:
  /items/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: integer, minimum: 7}}]
    get:
      parameters:
        - {name: q, in: query, required: true, example: a b}
        - {name: page, in: query, schema: {type: integer}}
        - {name: X-Team, in: header, required: true, schema: {enum: [blue, red]}}
      responses: {200: {description: good}, 404: {description: none}}
    delete: {responses: {204: {description: gone}}}
  /orders:
    post:
      operationId: order
      requestBody:
        content:
          application/json:
            schema: {$ref: '#/components/schemas/Order'}
      responses: {'201': {description: made}}
  /files:
    post: {requestBody: {content: {multipart/form-data: {}}}}
components:
  schemas:
    Order:
      type: object
      required: [item, count]
      properties: {item: {type: string}, count: {type: integer, minimum: 2}, note: {type: string}}
"""


def test_operations_become_requests(profile: Command, tmp_path: Path) -> None:
    (tmp_path / "api.yaml").write_text(OPENAPI)
    done = profile("from-openapi", "api.yaml", "--out", "p.yaml")
    assert done.exit_code == 0, done.stderr
    created = load_profile(tmp_path / "p.yaml")
    assert created.name == "Shop"
    item, order = created.requests or []
    assert [request.label for request in (item, order)] == ["GET /items/{id}", "POST /orders"]
    assert (item.method, item.path, item.headers) == ("GET", "/items/7?q=a+b", {"X-Team": "blue"})
    assert (order.method, order.path, order.json_body) == ("POST", "/orders", {"item": "text", "count": 2})
    assert [request.expect.status for request in (item, order) if request.expect] == [200, 201]
    assert "left out DELETE /items/{id}: may change or destroy" in done.stderr
    assert "left out POST /files: its body is multipart/form-data" in done.stderr


@given(st.recursive(st.none() | st.integers() | st.text(max_size=3), nested, max_leaves=8))
def test_malformed_documents_raise_no_other_error(malformed: Any) -> None:
    """Arbitrary data instead of the structures of OpenAPI and HAR."""
    paths = {"/a": {"get": malformed, "post": {"parameters": malformed}}, "/b": malformed}
    read_operations({"openapi": "3.0.0", "paths": paths}, methods=DEFAULT_METHODS, name_pattern=None)
    request = {"method": "GET", "url": "http://a/", "headers": malformed, "postData": malformed}
    for entries in ([{"request": request, "response": malformed}], malformed):
        document = {"log": {"entries": entries}}
        with suppress(NotHarError):
            extract_traffic(document, "http://a", include_static=True, include_credentials=False)


def test_operations_can_be_selected(profile: Command, tmp_path: Path) -> None:
    (tmp_path / "api.yaml").write_text(OPENAPI)
    done = profile("from-openapi", "api.yaml", "--all-methods", "--only", "^DELETE", "--out", "p.yaml")
    assert done.exit_code == 0, done.stderr
    assert [request.method for request in load_profile(tmp_path / "p.yaml").requests or []] == ["DELETE"]


# --- HAR ------------------------------------------------------------------------------------------------


def entry(url: str, **other: Any) -> dict[str, Any]:
    request = {"method": other.get("method", "GET"), "url": url, "headers": other.get("headers", [])}
    if "data" in other:
        request["postData"] = {"mimeType": "application/json", "text": other["data"]}
    content = {"mimeType": other.get("kind", "text/html")}
    return {"request": request, "response": {"status": other.get("status", 200), "content": content}}


def header(name: str) -> dict[str, str]:
    return {"name": name, "value": "v"}


HAR = [
    entry(
        "https://shop.test/", headers=[header("X-Team"), header("Cookie"), header(":path"), header("Host")]
    ),
    entry("https://shop.test/", headers=[header("X-Team"), header("Authorization")]),
    entry("https://shop.test/cart?token=abc&n=1", method="POST", data='{"item": 1}', status=201),
    entry("https://shop.test/style.css", kind="text/css"),
    entry("https://shop.test/gone", status=0),
    entry("https://ads.test/x"),
]


def har(entries: list[dict[str, Any]]) -> str:
    return json.dumps({"log": {"version": "1.2", "entries": entries}})


def test_a_har_file_becomes_requests(profile: Command, tmp_path: Path) -> None:
    (tmp_path / "shop.har").write_text(har(HAR))
    done = profile("from-har", "shop.har", "--out", "p.yaml")
    assert done.exit_code == 0, done.stderr
    page, cart = load_profile(tmp_path / "p.yaml").requests or []
    assert (page.path, page.weight, page.headers) == ("/", 2, {"X-Team": "v"})
    assert (cart.method, cart.path, cart.json_body) == ("POST", "/cart?token=&n=1", {"item": 1})
    assert "abc" not in (tmp_path / "p.yaml").read_text()
    for note in ("--target https://shop.test", "left out 1: of another origin", "header Cookie", "static"):
        assert note in done.stderr


def test_credentials_are_included_by_option(profile: Command, tmp_path: Path) -> None:
    (tmp_path / "shop.har").write_text(har(HAR))
    done = profile("from-har", "shop.har", "--with-credentials", "--all", "--out", "p.yaml")
    assert done.exit_code == 0, done.stderr
    requests = load_profile(tmp_path / "p.yaml").requests or []
    assert [request.path for request in requests] == ["/", "/", "/cart?token=abc&n=1", "/style.css"]
    assert [sorted(request.headers) for request in requests[:2]] == [
        ["Cookie", "X-Team"],
        ["Authorization", "X-Team"],
    ]


# --- Access logs ----------------------------------------------------------------------------------------


def line(second: int, request: str, status: int = 200) -> str:
    return (
        f'10.0.0.1 - ann [23/Nov/2026:10:00:{second:02} +0100] "{request} HTTP/1.1" {status} 12 "-" "curl"\n'
    )


LOG = [
    line(1, "GET /a"),
    line(0, "GET /b?q=1"),
    line(1, "GET /a"),
    line(1, "POST /c"),
    "nonsense\n",
    line(2, "HEAD /a", 404),
    line(2, "GET /a"),
]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["access.log", "access.log.gz"])
def test_an_access_log_is_replayed_at_its_times(name: str, profile: Command, tmp_path: Path) -> None:
    text = "".join(LOG).encode()
    (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    done = profile("from-access-log", name, "--out", "again.yaml")
    assert done.exit_code == 0, done.stderr
    assert "left out 1 lines of another format, the first is line 5" in done.stderr
    assert "left out 1 requests with other methods" in done.stderr
    created = load_profile(tmp_path / "again.yaml")
    assert isinstance(created, TraceProfile)
    assert list(created.recorded_trace.arrival_times) == [0, 1, 1.5, 2, 2.5]
    with serve_http() as server:
        send_load(tmp_path, server.url, tmp_path / "again.yaml", "--duration", "1s")
        assert server.paths == Counter({"/a": 4, "/b?q=1": 1})


def test_an_access_log_at_a_constant_rate_keeps_its_shares(profile: Command, tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text("".join(LOG))
    done = profile("from-access-log", "access.log", "--rate", "5", "--most", "1", "--out", "even.yaml")
    assert done.exit_code == 0, done.stderr
    created = load_profile(tmp_path / "even.yaml")
    assert isinstance(created, ScheduledProfile)
    assert [(request.label, request.weight) for request in created.requests or []] == [("GET /a", 3)]
    assert "left out 2 requests beyond the 1 most frequent" in done.stderr


def test_recorded_arrivals_are_stretched_to_a_duration(profile: Command, tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text("".join(LOG))
    done = profile("from-access-log", "access.log", "--duration", "5m", "--out", "again.yaml")
    assert done.exit_code == 0, done.stderr
    created = load_profile(tmp_path / "again.yaml")
    assert isinstance(created, TraceProfile)
    assert created.duration_seconds == 300


# --- Encodings and sizes --------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_names_the_encoding(encoding: str, profile: Command, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(OPENAPI.encode(encoding))
    (tmp_path / "in.har").write_bytes(har(HAR).encode(encoding))
    for arguments in (("from-openapi", "in"), ("from-har", "in.har")):
        done = profile(*arguments, "--out", "p.yaml", "--force")
        assert done.exit_code == 0, done.stderr


def test_requests_beyond_the_size_of_a_profile_are_left_out(profile: Command, tmp_path: Path) -> None:
    bodies = [json.dumps({"a": "x" * size}) for size in (100, 600_000, 400_000, 400_000, 200)]
    entries = [
        entry(f"https://a.test/{number}", method="POST", data=body) for number, body in enumerate(bodies)
    ]
    (tmp_path / "large.har").write_text(har(entries))
    done = profile("from-har", "large.har", "--out", "p.yaml")
    assert done.exit_code == 0, done.stderr
    assert [request.path for request in load_profile(tmp_path / "p.yaml").requests or []] == [
        "/0",
        "/2",
        "/4",
    ]
    assert "left out 2: because a profile has at most 480,000 bytes, the first is POST /1" in done.stderr


def test_the_rest_of_a_long_line_of_a_log_is_skipped(profile: Command, tmp_path: Path) -> None:
    long_line = line(1, "GET /a").rstrip() + "x" * 200_000 + "\n"
    (tmp_path / "access.log").write_text(long_line + line(1, "GET /b"))
    done = profile("from-access-log", "access.log", "--rate", "5", "--out", "p.yaml")
    assert done.exit_code == 0, done.stderr
    assert [request.path for request in load_profile(tmp_path / "p.yaml").requests or []] == ["/a", "/b"]


# --- Invalid input --------------------------------------------------------------------------------------

BAD = {
    "a missing file": (("from-har", "none.har"), "none.har: can't be read: No such file"),
    "a directory": (("from-openapi", "folder"), "folder: can't be read: Is a directory"),
    "a missing log": (
        ("from-access-log", "none", "--rate", "1"),
        "none: can't be read: No such file",
    ),
    "a log in another format": (
        ("from-access-log", "text", "--rate", "1"),
        "text:1: no line is a GET or HEAD request in the",
    ),
    "an empty log": (
        ("from-access-log", "empty", "--rate", "1"),
        "empty: no line is a GET or HEAD request in the Common",
    ),
    "a log that is not gzipped": (("from-access-log", "text.gz", "--rate", "1"), "text.gz: can't be read"),
    "a HAR file without an end": (("from-har", "/dev/zero"), "/dev/zero: is larger than 100 MB"),
    "a document without an end": (("from-openapi", "/dev/zero"), "/dev/zero: is larger than 30 MB"),
    "a log without an end": (("from-access-log", "/dev/zero", "--rate", "1"), "/dev/zero: is not UTF-8 text"),
    "a HAR file that is nested too deep": (("from-har", "deep"), "deep: is nested too deep"),
    "a document that is nested too deep": (("from-openapi", "deep"), "deep: is nested too deep"),
    "a YAML document that is nested too deep": (("from-openapi", "deep.yaml"), "nested more than 100 levels"),
    "a HAR file with a long integer": (
        ("from-har", "digits"),
        "digits: contains an integer of more than 4,300",
    ),
    "a document with a long integer": (("from-openapi", "digits"), "contains an integer of more than 4,300"),
    "aliases that expand without an end": (
        ("from-openapi", "laughs"),
        "aliases expand to more than 5,000,000",
    ),
    "an alias of itself": (("from-openapi", "self"), "an alias refers to a value that contains it"),
    "a name of 5,000 characters": (("from-openapi", "a" * 5_000), "File name too long"),
    "a truncated log": (("from-access-log", "cut.gz", "--rate", "1"), "cut.gz: can't be read"),
    "a damaged log": (("from-access-log", "damaged.gz", "--rate", "1"), "damaged.gz: can't be read"),
    "arrivals of several years": (
        ("from-access-log", "years", "--out", "p.yaml"),
        "years: the arrivals span 731 days, a trace at most 366; use --rate",
    ),
    "a log without --out and --rate": (("from-access-log", "text"), "--out FILE or --rate is missing"),
    "a HAR file that is not JSON": (("from-har", "text"), "text:1: is not JSON"),
    "a JSON file that is not HAR": (("from-har", "odd.json"), "odd.json: contains no log.entries"),
    "a HAR file without entries": (("from-har", "empty.har"), "empty.har: contains no entries"),
    "a binary HAR file": (("from-har", "binary"), "binary: is not UTF-8 text"),
    "an unknown origin": (
        ("from-har", "shop.har", "--origin", "https://x.test"),
        "shop.har: contains no request to https://x.test; origins: https://shop.test, https://ads.test",
    ),
    "a JSON file that is not OpenAPI": (("from-openapi", "odd.json"), "odd.json: has no openapi: 3.x"),
    "an OpenAPI document with version 2": (("from-openapi", "swagger.json"), "is Swagger 2.0; convert it"),
    "an OpenAPI document that is not YAML": (("from-openapi", "tabs"), "tabs: is neither JSON nor YAML"),
    "an OpenAPI document without operations": (
        ("from-openapi", "bare.json"),
        "contains no request that can be sent",
    ),
    "a URL without a server": (("from-openapi", "http://127.0.0.1:9/"), "can't be fetched"),
    "an invalid regular expression": (
        ("from-openapi", "odd.json", "--only", "("),
        "'(' is not a regular expression",
    ),
    "an existing file": (("from-har", "shop.har", "--out", "text"), "text: exists already; --force"),
}
LAUGHS = b"".join(b"a%d: &a%d [*a%d,*a%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 40))
FILES = {
    "text": b"hello\n",
    "text.gz": b"hello\n",
    "empty": b"",
    "odd.json": b"{}",
    "empty.har": har([]).encode(),
    "binary": b"\xff\xfe\x00",
    "shop.har": har(HAR).encode(),
    "swagger.json": b'{"swagger": "2.0"}',
    "bare.json": b'{"openapi": "3.0.0", "paths": {}}',
    "tabs": b"a:\n\t- b",
    "deep": b'{"a":' * 200_000,
    "deep.yaml": b"- " * 5_000,
    "digits": b'{"openapi": ' + b"9" * 6_000 + b"}",
    "laughs": b"a0: &a0 [1]\n" + LAUGHS,
    "self": b"a: &a {b: *a}",
    "cut.gz": gzip.compress(line(1, "GET /a").encode() * 99)[:-20],
    "damaged.gz": gzip.compress(line(1, "GET /a").encode())[:20] + b"\xff" * 30,
    "years": (line(1, "GET /a") + line(1, "GET /a").replace("2026", "2028")).encode(),
}


@pytest.mark.parametrize(("arguments", "message"), BAD.values(), ids=BAD)
def test_invalid_input_is_reported(
    arguments: tuple[str, ...], message: str, profile: Command, tmp_path: Path
) -> None:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder").mkdir()
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    done = profile(*arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before
