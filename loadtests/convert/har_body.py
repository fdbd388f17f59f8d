"""The body of a request in a HAR file, as a profile declares it."""

from __future__ import annotations

import re
import zlib
from base64 import b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from loadtests.convert.omissions import NotConvertibleError
from loadtests.convert.request_text import (
    choose_boundary,
    declare_json_text,
    find_header,
    format_multipart,
    is_header_value,
    remove_header,
    set_header,
)

_MAX_BODY_BYTES = 10_000_000
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffd]")
"""Characters of a body that is no text, or that was not saved completely."""
_BINARY = "with a body that is not text"
_UNRECORDED = "with a body that the file does not contain"
_METHODS_WITH_BODY = {"POST", "PUT", "PATCH"}


def declare_har_body(request: Mapping[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    """Return the ``json`` or ``body`` of a request; ``headers`` are changed to describe it.

    Raises:
        NotConvertibleError: the file contains no body or a part of it, or the body is not text.
    """
    data = request.get("postData")
    data = data if isinstance(data, Mapping) else {}
    length = _read_body_length(request)
    body = _read_bytes(data, headers, length)
    if not body:
        if (length or 0) > 0 or (length is None and _has_unrecorded_body(request, data)):
            raise NotConvertibleError(_UNRECORDED)
        return {}
    content_type = find_header(headers, "Content-Type") or _read_text_field(data, "mimeType")
    text = _decode(_decompress(body, data, headers), content_type)
    if not text.isascii():
        content_type = re.sub(r"(?i)(charset=)[^;\s]+", r"\1utf-8", content_type)
    if content_type and is_header_value(content_type):
        set_header(headers, "Content-Type", content_type)
    is_json = "json" in content_type.lower() and "ndjson" not in content_type.lower()
    return declare_json_text(text) if is_json else {"body": text}


def _read_text_field(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""


def _read_body_length(request: Mapping[str, Any]) -> int | None:
    """Return the number of bytes of the body on the wire, if the file states it."""
    headers = request.get("headers")
    lengths = [
        header.get("value")
        for header in (headers if isinstance(headers, list) else ())
        if isinstance(header, Mapping) and str(header.get("name", "")).lower() == "content-length"
    ]
    for length in (*lengths, request.get("bodySize")):
        if re.fullmatch(r"\d{1,15}", str(length)):
            return int(str(length))
    return None


def _has_unrecorded_body(request: Mapping[str, Any], data: Mapping[str, Any]) -> bool:
    """Return whether a request of unknown length has a body: it has a type, or is sent in chunks."""
    headers = request.get("headers")
    names = {
        str(header.get("name", "")).lower()
        for header in (headers if isinstance(headers, list) else ())
        if isinstance(header, Mapping)
    }
    has_type = "content-type" in names and request.get("method") in _METHODS_WITH_BODY
    return "transfer-encoding" in names or (has_type and data.get("text") is None)


# --- Bytes --------------------------------------------------------------------------------------------


def _read_bytes(data: Mapping[str, Any], headers: dict[str, str], length: int | None) -> bytes:
    text, params = data.get("text"), data.get("params")
    if isinstance(text, str) and text:
        if "base64" in (data.get("encoding"), data.get("_encoding")):
            return _decode_base64(text)
        body = _encode_text(text, length)
        if length is not None and len(body) < length and _has_file(text, headers):
            raise NotConvertibleError(_UNRECORDED)
        return body
    if isinstance(params, list) and params:
        return _build_form(data, params, headers).encode()
    return b""


def _decode_base64(text: str) -> bytes:
    try:
        return b64decode("".join(text.split()), validate=True)
    except ValueError:
        raise NotConvertibleError("with a body that is not valid Base64") from None


def _encode_text(text: str, length: int | None) -> bytes:
    """Return the bytes of a text; some browsers save each byte of a body as a character (Latin-1)."""
    try:
        body = text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        raise NotConvertibleError(_BINARY) from None
    if text.isascii() or length == len(body):
        return body
    try:
        one_byte_each = text.encode("latin-1")
    except UnicodeEncodeError:
        return body
    return one_byte_each if length == len(one_byte_each) or _UNREADABLE.search(text) else body


def _has_file(text: str, headers: Mapping[str, str]) -> bool:
    return "multipart" in find_header(headers, "Content-Type") and "filename=" in text


def _build_form(data: Mapping[str, Any], params: list[Any], headers: dict[str, str]) -> str:
    """Return the fields of a form as a body, and set the content type."""
    content_type = find_header(headers, "Content-Type") or _read_text_field(data, "mimeType")
    fields = []
    for param in params:
        if not isinstance(param, Mapping) or not isinstance(param.get("name"), str):
            raise NotConvertibleError("with a field of a form that has no name")
        is_file = param.get("fileName") or (param.get("value") is None and param.get("contentType"))
        if is_file:
            raise NotConvertibleError("with a file in a form")
        value = param.get("value")
        fields.append((param["name"], "" if value is None else str(value)))
    if content_type.partition(";")[0].strip().lower() == "multipart/form-data":
        boundary = choose_boundary(content_type, [value for _, value in fields])
        set_header(headers, "Content-Type", f"multipart/form-data; boundary={boundary}")
        return format_multipart(fields, boundary)
    if not content_type:
        set_header(headers, "Content-Type", "application/x-www-form-urlencoded")
    return urlencode(fields)


# --- Text ---------------------------------------------------------------------------------------------


def _decompress(body: bytes, data: Mapping[str, Any], headers: dict[str, str]) -> bytes:
    """Return the body without its content encoding, and remove that header.

    Most programs save the text before compression: then the body is readable as it is.
    """
    encoding = find_header(headers, "Content-Encoding").lower()
    if encoding in ("", "identity"):
        return body
    try:
        decoder = zlib.decompressobj(_GZIP_OR_ZLIB)
        body = decoder.decompress(body, _MAX_BODY_BYTES)
        if decoder.unconsumed_tail or not decoder.eof:
            raise NotConvertibleError(_BINARY)
    except zlib.error:
        if not _is_readable(body, _read_text_field(data, "mimeType")):
            raise NotConvertibleError(f"with a body in the encoding {encoding}") from None
    remove_header(headers, "Content-Encoding")
    return body


def _is_readable(body: bytes, content_type: str) -> bool:
    try:
        return not _UNREADABLE.search(_decode(body, content_type))
    except NotConvertibleError:
        return False


def _decode(body: bytes, content_type: str) -> str:
    charset = re.search(r"(?i)charset=\"?([\w-]+)", content_type)
    for encoding in ("utf-8", *(charset.groups() if charset else ())):
        try:
            text = body.decode(encoding)
        except (ValueError, LookupError):
            continue
        if "\ufffd" in text:
            break
        return text
    raise NotConvertibleError(_BINARY)
