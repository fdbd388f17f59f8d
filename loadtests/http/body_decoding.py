"""Response bodies as text: content encodings (RFC 9110, 8.4) and charset undone, in bounded memory."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import brotli  # type: ignore[import-untyped]

MAX_CHECKED_BYTES = 1_048_576
"""Bytes of a body that are kept and decoded for a check; an endless body must not fill the memory."""
_GZIP, _ZLIB, _RAW_DEFLATE = zlib.MAX_WBITS | 16, zlib.MAX_WBITS, -zlib.MAX_WBITS
_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s"';]+)""", re.IGNORECASE)
_MAX_ENCODINGS = 5


class UndecodableBodyError(Exception):
    """A body can't be decoded; the text says why."""


@dataclass(frozen=True, slots=True)
class ReceivedBody:
    """The start of a body as received, and the headers that say how it is encoded.

    ``is_cut``: more was received than is kept.
    """

    content: bytes
    headers: Iterable[tuple[bytes, bytes]]
    is_cut: bool = False

    def decode(self) -> tuple[str, bool]:
        """Return the text of the body, at most :data:`MAX_CHECKED_BYTES` of it, and whether it was cut.

        Raises:
            UndecodableBodyError: the content encoding is not supported, or the content does not follow it.
        """
        content, is_cut = self.content, self.is_cut
        for encoding in reversed(self._list_encodings()):
            decompress = _DECODERS.get(encoding)
            if decompress is None:
                raise UndecodableBodyError(f"the content encoding {encoding[:40]!a} is not supported")
            content, is_cut = decompress(content, is_cut)
        try:
            return content.decode(self._find_charset(), errors="replace"), is_cut
        except (LookupError, ValueError):  # an unknown charset, or one that can't replace, such as IDNA
            return content.decode(errors="replace"), is_cut

    def _list_encodings(self) -> list[str]:
        names = [
            name.strip().lower()
            for value in self._find_values(b"content-encoding")
            for name in value.split(",")
        ]
        encodings = [name for name in names if name not in {"", "identity"}]
        if len(encodings) > _MAX_ENCODINGS:
            raise UndecodableBodyError(f"{len(encodings)} content encodings")
        return encodings

    def _find_charset(self) -> str:
        for value in self._find_values(b"content-type"):
            if match := _CHARSET.search(value):
                return match[1]
        return "utf-8"

    def _find_values(self, name: bytes) -> list[str]:
        return [value.decode("latin-1") for key, value in self.headers if key.lower() == name]


def _decode_gzip(content: bytes, is_cut: bool) -> tuple[bytes, bool]:
    """Decode all members of a gzip stream (RFC 1952, 2.2)."""
    decoded = b""
    while True:
        part, rest, is_part_cut = _inflate(content, _GZIP, MAX_CHECKED_BYTES - len(decoded), is_cut)
        decoded += part
        if is_part_cut or not rest.strip(b"\0"):
            return decoded, is_part_cut or is_cut
        if len(decoded) >= MAX_CHECKED_BYTES:
            return decoded, True
        content = rest


def _decode_deflate(content: bytes, is_cut: bool) -> tuple[bytes, bool]:
    """Decode a zlib stream, or one without its header, as some servers send it."""
    try:
        decoded, _, is_part_cut = _inflate(content, _ZLIB, MAX_CHECKED_BYTES, is_cut)
    except UndecodableBodyError:
        decoded, _, is_part_cut = _inflate(content, _RAW_DEFLATE, MAX_CHECKED_BYTES, is_cut)
    return decoded, is_part_cut or is_cut


def _inflate(content: bytes, window_bits: int, limit: int, is_cut: bool) -> tuple[bytes, bytes, bool]:
    """Return the decoded bytes, those behind the end of the stream, and whether the limit cut it."""
    inflater = zlib.decompressobj(window_bits)
    try:
        decoded = inflater.decompress(content, max(limit, 1))
    except zlib.error as error:
        raise UndecodableBodyError(str(error)) from None
    if inflater.unconsumed_tail:
        return decoded, b"", True
    if not inflater.eof and not is_cut and content:
        if len(decoded) >= limit:
            return decoded, b"", True
        raise UndecodableBodyError("incomplete compressed data")
    return decoded, inflater.unused_data, False


def _decode_brotli(content: bytes, is_cut: bool) -> tuple[bytes, bool]:
    """Decode a Brotli stream (RFC 7932)."""
    decoder = brotli.Decompressor()
    try:
        decoded: bytes = decoder.process(content, output_buffer_limit=MAX_CHECKED_BYTES)
    except brotli.error as error:
        raise UndecodableBodyError(str(error) or "malformed Brotli data") from None
    if decoder.is_finished() or is_cut or not content:
        return decoded, is_cut
    if len(decoded) >= MAX_CHECKED_BYTES or not decoder.can_accept_more_data():
        return decoded[:MAX_CHECKED_BYTES], True
    raise UndecodableBodyError("incomplete compressed data")


_DECODERS: dict[str, Callable[[bytes, bool], tuple[bytes, bool]]] = {
    "gzip": _decode_gzip,
    "x-gzip": _decode_gzip,
    "deflate": _decode_deflate,
    "br": _decode_brotli,
}
