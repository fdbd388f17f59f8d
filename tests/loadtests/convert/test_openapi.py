"""Operations of OpenAPI documents become the requests that the documents describe."""

from __future__ import annotations

from typing import Any

import pytest

from loadtests.convert import ALL_METHODS, ApiOperations, NotOpenApiError, read_operations

COLORS = ["blue", "black"]
COLOR = {"R": 100, "G": 200}


def convert(paths: Any, *, url: str = "", **document: Any) -> ApiOperations:
    content = {"openapi": "3.1.0", "paths": paths, **document}
    return read_operations(content, methods=ALL_METHODS, name_pattern=None, document_url=url)


def convert_one(operation: dict[str, Any], path: str = "/a", **document: Any) -> dict[str, Any]:
    operations = convert({path: {"post": operation}}, **document)
    assert not operations.skipped
    [request] = operations.requests
    return request


def parameter(place: str, **fields: Any) -> dict[str, Any]:
    return {"in": place, "name": "c", "required": True, **fields}


QUERIES: dict[str, tuple[dict[str, Any], str]] = {
    "form is the default, exploded": ({"example": COLORS}, "c=blue&c=black"),
    "form": ({"example": COLORS, "explode": False}, "c=blue,black"),
    "form, object": ({"example": COLOR, "explode": False}, "c=R,100,G,200"),
    "form, exploded object": ({"example": COLOR}, "R=100&G=200"),
    "form, single value": ({"example": "a&b=c"}, "c=a%26b%3Dc"),
    "form, blank": ({"example": "a b"}, "c=a+b"),
    "form, empty list": ({"example": []}, "c="),
    "spaceDelimited": ({"style": "spaceDelimited", "example": COLORS}, "c=blue%20black"),
    "spaceDelimited, object": ({"style": "spaceDelimited", "example": COLOR}, "c=R%20100%20G%20200"),
    "spaceDelimited, exploded": (
        {"style": "spaceDelimited", "explode": True, "example": COLORS},
        "c=blue&c=black",
    ),
    "pipeDelimited": ({"style": "pipeDelimited", "example": COLORS}, "c=blue%7Cblack"),
    "deepObject": ({"style": "deepObject", "explode": True, "example": COLOR}, "c%5BR%5D=100&c%5BG%5D=200"),
    "deepObject, nested": ({"style": "deepObject", "example": {"a": {"b": 1}}}, "c%5Ba%5D%5Bb%5D=1"),
    "allowReserved": ({"allowReserved": True, "example": "/a?b:c&d"}, "c=/a?b:c%26d"),
    "true": ({"schema": {"type": "boolean"}}, "c=true"),
    "an array without minItems": ({"schema": {"type": "array", "items": {"type": "integer"}}}, "c=1"),
    "content": (
        {"content": {"application/json": {"example": COLOR}}},
        "c=%7B%22R%22%3A100%2C%22G%22%3A200%7D",
    ),
    "content with a text": ({"content": {"application/json": {"example": "x"}}}, "c=%22x%22"),
    "content that is no JSON": ({"content": {"text/plain": {"example": "x"}}}, "c=x"),
    "no schema": ({}, "c=text"),
    "examples": ({"examples": {"one": {"value": 7}}}, "c=7"),
    "examples that are null": ({"examples": None, "schema": {"type": "integer"}}, "c=1"),
}


@pytest.mark.parametrize(("fields", "query"), QUERIES.values(), ids=QUERIES)
def test_a_query_parameter_has_its_style(fields: dict[str, Any], query: str) -> None:
    assert convert_one({"parameters": [parameter("query", **fields)]})["path"] == f"/a?{query}"


PATHS: dict[str, tuple[dict[str, Any], str]] = {
    "simple is the default": ({"example": COLORS}, "blue,black"),
    "simple, exploded": ({"example": COLORS, "explode": True}, "blue,black"),
    "simple, object": ({"example": COLOR}, "R,100,G,200"),
    "simple, exploded object": ({"example": COLOR, "explode": True}, "R=100,G=200"),
    "label": ({"style": "label", "example": COLORS}, ".blue,black"),
    "label, single value": ({"style": "label", "example": "blue"}, ".blue"),
    "label, exploded": ({"style": "label", "explode": True, "example": COLORS}, ".blue.black"),
    "label, exploded object": ({"style": "label", "explode": True, "example": COLOR}, ".R=100.G=200"),
    "matrix": ({"style": "matrix", "example": COLORS}, ";c=blue,black"),
    "matrix, exploded": ({"style": "matrix", "explode": True, "example": COLORS}, ";c=blue;c=black"),
    "matrix, object": ({"style": "matrix", "example": COLOR}, ";c=R,100,G,200"),
    "matrix, exploded object": ({"style": "matrix", "explode": True, "example": COLOR}, ";R=100;G=200"),
    "reserved characters": ({"example": "a/b c?"}, "a%2Fb%20c%3F"),
    "not marked as required": ({"required": False, "example": 1}, "1"),
}


@pytest.mark.parametrize(("fields", "text"), PATHS.values(), ids=PATHS)
def test_a_path_parameter_has_its_style(fields: dict[str, Any], text: str) -> None:
    operation = {"parameters": [parameter("path", **fields)]}
    assert convert_one(operation, "/a/{c}/b")["path"] == f"/a/{text}/b"


JSON_BODY: dict[str, Any] = {"content": {"application/json; charset=utf-8": {"example": {}}}}
HEADERS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "a list": ({"parameters": [parameter("header", example=COLORS)]}, {"c": "blue,black"}),
    "an exploded object": (
        {"parameters": [parameter("header", example=COLOR, explode=True)]},
        {"c": "R=100,G=200"},
    ),
    "beside the type of a body": (
        {"parameters": [parameter("header", example=1)], "requestBody": JSON_BODY},
        {"c": "1", "Content-Type": "application/json; charset=utf-8"},
    ),
    "those that OpenAPI ignores": (
        {"parameters": [{**parameter("header", example=1), "name": "Content-Type"}]},
        {},
    ),
    "cookies": (
        {"parameters": [parameter("cookie", example=1), {**parameter("cookie", example=2), "name": "d"}]},
        {"Cookie": "c=1; d=2"},
    ),
}


@pytest.mark.parametrize(("operation", "headers"), HEADERS.values(), ids=HEADERS)
def test_headers_are_those_of_the_document(operation: dict[str, Any], headers: dict[str, str]) -> None:
    assert convert_one(operation).get("headers", {}) == headers


SERVERS: dict[str, tuple[Any, str, str]] = {
    "none": (None, "", "/a"),
    "an empty list": ([], "", "/a"),
    "the root": ([{"url": "/"}], "", "/a"),
    "a path": ([{"url": "/api/v1/"}], "", "/api/v1/a"),
    "a path without a slash": ([{"url": "v1"}], "", "/v1/a"),
    "a URL": ([{"url": "https://shop.test/v1"}, {"url": "/v2"}], "https://shop.test", "/v1/a"),
    "a URL with a port and a user": ([{"url": "http://u:p@shop.test:8080"}], "http://shop.test:8080", "/a"),
    "variables": (
        [
            {
                "url": "https://{region}.test/{base}/{n}",
                "variables": {"region": {"default": "eu"}, "base": {"enum": ["x", "y"]}, "n": {"default": 2}},
            }
        ],
        "https://eu.test",
        "/x/2/a",
    ),
    "a server whose variable has no value": ([{"url": "/{x}"}, {"url": "/v2"}], "", "/v2/a"),
    "a server that is no HTTP server": ([{"url": "wss://shop.test/ws"}, {"url": "/v2"}], "", "/v2/a"),
    "entries that are no servers": ([None, {"url": 7}, {"url": "/v2"}], "", "/v2/a"),
    "servers that are no list": ({"url": "/v2"}, "", "/a"),
    "characters beyond ASCII": ([{"url": "/straße"}], "", "/stra%C3%9Fe/a"),
}


@pytest.mark.parametrize(("servers", "origin", "path"), SERVERS.values(), ids=SERVERS)
def test_the_path_begins_with_that_of_the_server(servers: Any, origin: str, path: str) -> None:
    operations = convert({"/a": {"get": {}}}, servers=servers)
    assert [request["path"] for request in operations.requests] == [path]
    assert list(+operations.origins) == ([origin] if origin else [])


def test_the_most_specific_servers_apply() -> None:
    item = {"servers": [{"url": "/path"}], "get": {}, "put": {"servers": [{"url": "/operation"}]}}
    operations = convert({"/a": item, "/b": {"get": {}}}, servers=[{"url": "/document"}])
    assert {request["name"]: request["path"] for request in operations.requests} == {
        "GET /a": "/path/a",
        "PUT /a": "/operation/a",
        "GET /b": "/document/b",
    }


def test_a_relative_server_is_relative_to_the_document() -> None:
    operations = convert(
        {"/a": {"get": {}}}, servers=[{"url": "../v2"}], url="http://shop.test/docs/x/api.json"
    )
    assert operations.requests[0]["path"] == "/docs/v2/a"
    assert list(operations.origins) == ["http://shop.test"]


def schema_body(schema: Any, content_type: str = "application/json", **media: Any) -> dict[str, Any]:
    return {"requestBody": {"content": {content_type: {"schema": schema, **media}}}}


def string_object(*names: str, **other: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(names),
        "properties": {name: {"type": "string"} for name in names},
        **other,
    }


CAT = {"$ref": "#/components/schemas/Cat"}
READ_ONLY = {
    "required": ["id", "name", "owner"],
    "properties": {
        "id": {"type": "integer", "readOnly": True},
        "name": {"type": "string"},
        "owner": {"$ref": "#/components/schemas/Owner", "readOnly": True},
    },
}
BODIES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "readOnly properties are left out": (schema_body(READ_ONLY), {"json": {"name": "text"}}),
    "readOnly properties of an example are left out": (
        schema_body({"type": "array", "items": READ_ONLY}, example=[{"id": 1, "name": "a", "x": 2}]),
        {"json": [{"name": "a", "x": 2}]},
    ),
    "an array without minItems has an item": (
        schema_body({"type": "array", "items": {"type": "string"}}),
        {"json": ["text"]},
    ),
    "an array that must be empty": (schema_body({"type": "array", "items": {}, "maxItems": 0}), {"json": []}),
    "an array of itself": (schema_body({"$ref": "#/components/schemas/Tree"}), {"json": {"children": []}}),
    "items that differ": (
        schema_body({"type": "array", "items": {"type": "integer"}, "minItems": 3, "uniqueItems": True}),
        {"json": [1, 2, 3]},
    ),
    "a reference with percent-encoding": (
        schema_body({"$ref": "#/components/schemas/A%20B~1c"}),
        {"json": "ab"},
    ),
    "a reference into a list": (schema_body({"$ref": "#/listed/1"}), {"json": 2}),
    "fields beside a reference": (
        schema_body({"$ref": "#/components/schemas/A%20B~1c", "example": "other"}),
        {"json": "other"},
    ),
    "a property that is named $ref": (
        schema_body({"type": "object", "required": ["$ref"], "properties": {"$ref": {"type": "string"}}}),
        {"json": {"$ref": "text"}},
    ),
    "nested allOf": (
        schema_body({"allOf": [{"allOf": [string_object("a")]}, {"allOf": [string_object("b")]}]}),
        {"json": {"a": "text", "b": "text"}},
    ),
    "the example of one part of allOf is not that of the whole": (
        schema_body({"allOf": [string_object("a", example={"a": "x"}), string_object("b")]}),
        {"json": {"a": "text", "b": "text"}},
    ),
    "oneOf beside properties": (
        schema_body({**string_object("a"), "oneOf": [string_object("b"), string_object("c")]}),
        {"json": {"a": "text", "b": "text"}},
    ),
    "a discriminator with a mapping": (
        schema_body(
            {
                "oneOf": [{"$ref": "#/components/schemas/Cat"}],
                "discriminator": {"propertyName": "kind", "mapping": {"cat": "#/components/schemas/Cat"}},
            }
        ),
        {"json": {"kind": "cat"}},
    ),
    "a discriminator without a mapping": (
        schema_body(
            {"oneOf": [{"$ref": "#/components/schemas/Cat"}], "discriminator": {"propertyName": "kind"}}
        ),
        {"json": {"kind": "Cat"}},
    ),
    "an example that is the text of JSON": (schema_body({}, example='{"a": 1}'), {"json": {"a": 1}}),
    "an example that is null": (schema_body({"type": "integer", "example": None}), {"json": 1}),
    "a media type that is null": ({"requestBody": {"content": {"application/json": None}}}, {"json": {}}),
    "any media type": (schema_body({"type": "integer"}, "*/*"), {"json": 1}),
    "a JSON type of its own": (
        schema_body({"type": "integer"}, "application/vnd.a+json"),
        {"json": 1, "headers": {"Content-Type": "application/vnd.a+json"}},
    ),
    "a form": (
        schema_body(string_object("a"), "application/x-www-form-urlencoded"),
        {"body": "a=text", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
    ),
    "a form with a list and an object": (
        schema_body({}, "application/x-www-form-urlencoded", example={"a": [1, True], "b": {"c": 1}}),
        {
            "body": "a=1&a=true&b=%7B%22c%22%3A+1%7D",
            "headers": {"Content-Type": "application/x-www-form-urlencoded"},
        },
    ),
    "a multipart form without files": (
        schema_body(string_object("a"), "multipart/form-data"),
        {
            "body": '--proofload-boundary\r\nContent-Disposition: form-data; name="a"\r\n\r\ntext\r\n'
            "--proofload-boundary--\r\n",
            "headers": {"Content-Type": "multipart/form-data; boundary=proofload-boundary"},
        },
    ),
    "XML with an example": (
        schema_body({}, "application/xml", example="<a/>"),
        {"body": "<a/>", "headers": {"Content-Type": "application/xml"}},
    ),
    "JSON is preferred to what can't be sent": (
        {"requestBody": {"content": {"application/xml": {}, "application/json": {"example": 1}}}},
        {"json": 1},
    ),
    "JSON null": (
        schema_body({"type": "null"}),
        {"body": "null", "headers": {"Content-Type": "application/json"}},
    ),
    "text of a common pattern": (schema_body({"type": "string", "pattern": "^[A-Z]{3}$"}), {"json": "EUR"}),
    "numbers between exclusive bounds": (
        schema_body({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}),
        {"json": 0.5},
    ),
    "a large integer": (schema_body({"type": "integer", "minimum": 2**53 + 1}), {"json": 2**53 + 1}),
    "the smallest number of properties": (
        schema_body({"type": "object", "minProperties": 1, "additionalProperties": {"type": "integer"}}),
        {"json": {"key1": 1}},
    ),
}
COMPONENTS = {
    "schemas": {
        "Owner": {"type": "string"},
        "A B/c": {"const": "ab"},
        "Tree": {
            "required": ["children"],
            "properties": {"children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}},
        },
        "Cat": string_object("kind"),
    }
}


@pytest.mark.parametrize(("operation", "expected"), BODIES.values(), ids=BODIES)
def test_a_body_is_one_that_the_schema_allows(operation: dict[str, Any], expected: dict[str, Any]) -> None:
    request = convert_one(operation, components=COMPONENTS, listed=[1, {"const": 2}])
    assert {key: request[key] for key in ("json", "body", "headers") if key in request} == expected


TARGETS = {
    "blanks": ("/a b", "/a%20b"),
    "characters beyond ASCII": ("/日本", "/%E6%97%A5%E6%9C%AC"),
    "escapes stay": ("/a%20b", "/a%20b"),
    "a query": ("/a?b=1", "/a?b=1"),
    "a fragment, as in documents of AWS": ("/#Action=List", "/"),
}


@pytest.mark.parametrize(("path", "target"), TARGETS.values(), ids=TARGETS)
def test_a_path_can_be_sent(path: str, target: str) -> None:
    assert convert_one({}, path)["path"] == target


FILE = {"required": ["f"], "properties": {"f": {"type": "string", "format": "binary"}}}
WIDE = {f"p{number}": {"$ref": "#/components/schemas/S1"} for number in range(50)}
LEFT_OUT: dict[str, tuple[Any, str]] = {
    "an operation that is null": ({"get": None}, "GET /b: its description is not valid OpenAPI"),
    "a path that is null": (None, "/b: its description is not valid OpenAPI"),
    "an operation in another file": (
        {"get": {"$ref": "b.yaml"}},
        "GET /b: the reference b.yaml can't be resolved",
    ),
    "a path that refers to nothing": ({"$ref": "#/x"}, "/b: the reference #/x leads to nothing"),
    "a path in another file": ({"$ref": "b.yaml"}, "/b: the reference b.yaml can't be resolved"),
    "TRACE": ({"trace": {}}, "TRACE /b: TRACE can't be sent"),
    "a style that is not defined": (
        {"get": {"parameters": [parameter("query", style="label", example=1)]}},
        "GET /b: its query parameter c: the style 'label' is not defined for it",
    ),
    "a header that can't be sent": (
        {"get": {"parameters": [parameter("header", example="日本")]}},
        "GET /b: its header parameter c can't be sent as a header",
    ),
    "no server with an HTTP URL": (
        {"get": {"servers": [{"url": "wss://a"}]}},
        "GET /b: the server wss://a is not an HTTP server",
    ),
    "a server whose variable has no default": (
        {"get": {"servers": [{"url": "/{v}"}]}},
        "GET /b: the variable v of the server /{v} has no default",
    ),
    "a file": (
        {
            "post": schema_body(
                {"required": ["f"], "properties": {"f": {"format": "binary"}}}, "multipart/form-data"
            )
        },
        "POST /b: its value is a file",
    ),
    "XML without an example": (
        {"post": schema_body({}, "application/xml")},
        "POST /b: its body is application/xml; only JSON",
    ),
    "an example that is not a number": (
        {"post": schema_body({"example": float("nan")})},
        "POST /b: its example is not valid JSON",
    ),
    "bounds that are no numbers": (
        {"post": schema_body({"type": "integer", "minimum": "x"})},
        "POST /b: minimum: x is not a number",
    ),
    "a text of endless length": (
        {"post": schema_body({"type": "string", "minLength": 10**12})},
        "POST /b: a text of 1,000,000,000,000 characters is too long",
    ),
    "an endless array": (
        {"post": schema_body({"type": "array", "items": {}, "minItems": 10**12})},
        "POST /b: the example would have more than 5,000 values",
    ),
    "an example with more values than can be sent": (
        {"post": schema_body({"$ref": "#/components/schemas/S0"})},
        "POST /b: the example would have more than 5,000 values",
    ),
    "parameters that are a mapping": (
        {"get": {"parameters": {"a": 1}, "requestBody": []}, "put": 7},
        "PUT /b: its description is not valid OpenAPI",
    ),
}


@pytest.mark.parametrize(("item", "reason"), LEFT_OUT.values(), ids=LEFT_OUT)
def test_one_odd_path_is_left_out_and_the_others_stay(item: Any, reason: str) -> None:
    schemas = {
        f"S{number}": {
            "type": "object",
            "required": list(WIDE),
            "properties": {name: {"$ref": f"#/components/schemas/S{min(number + 1, 8)}"} for name in WIDE},
        }
        for number in range(8)
    }
    schemas["S8"] = {}
    paths = {"/a": {"get": {}}, "/b": item, "x-b": 1}
    operations = convert(paths, components={"schemas": schemas})
    assert "GET /a" in [request["name"] for request in operations.requests]
    [(name, problem)] = operations.skipped.items()
    assert f"{name}: {problem}".startswith(reason)


@pytest.mark.parametrize("info", [None, [], "x", {"title": None}, {"title": " "}, {"title": ["a"]}])
def test_a_document_without_a_title_is_named_api(info: Any) -> None:
    assert convert({"/a": {"get": {}}}, info=info).title == "api"


@pytest.mark.parametrize("document", [None, [], "x", {"openapi": 3}, {"openapi": "3.0.0", "paths": []}])
def test_another_document_is_not_openapi(document: Any) -> None:
    with pytest.raises(NotOpenApiError):
        read_operations(document, methods=ALL_METHODS, name_pattern=None)


def test_a_version_without_quotes_is_a_version() -> None:
    assert convert({"/a": {"get": {}}}, openapi=3.1).requests
