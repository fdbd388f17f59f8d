"""``contains`` and ``matches`` look at the decoded body, in bounded memory."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from dataclasses import dataclass

import brotli  # type: ignore[import-untyped]
import pytest

from loadtests.http import ReceivedBody, build_body_check
from loadtests.http.body_decoding import MAX_CHECKED_BYTES
from loadtests.http.response_parser import MAX_BODY_BYTES, MalformedResponseError, ResponseParser
from loadtests.profile import Expectation

TEXT = "größe: ok, 日本"
GOOD, WRONG = None, "unexpected body"
CUT = "unexpected body: not in the first 1,048,576 bytes"
FILLER = b"x" * MAX_CHECKED_BYTES


@dataclass(frozen=True)
class Case:
    content: bytes
    expected: str | None
    """The error class, or its beginning."""
    encoding: str = ""
    content_type: str = ""
    contains: str | None = "größe: ok"
    matches: str | None = None
    is_cut: bool = False


def deflate_raw(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


CASES = {
    "not encoded": Case(TEXT.encode(), GOOD),
    "another text": Case(b"error", WRONG),
    "an empty body": Case(b"", WRONG),
    "gzip": Case(gzip.compress(TEXT.encode()), GOOD, "gzip"),
    "gzip by its old name, in capitals": Case(gzip.compress(TEXT.encode()), GOOD, "X-GZIP"),
    "gzip in two members": Case(
        gzip.compress("grö".encode()) + gzip.compress("ße: ok".encode()), GOOD, "gzip"
    ),
    "gzip of another text": Case(gzip.compress(b"error"), WRONG, "gzip"),
    "deflate": Case(zlib.compress(TEXT.encode()), GOOD, "deflate"),
    "deflate without its header": Case(deflate_raw(TEXT.encode()), GOOD, "deflate"),
    "Brotli": Case(brotli.compress(TEXT.encode()), GOOD, "br"),
    "two encodings": Case(brotli.compress(gzip.compress(TEXT.encode())), GOOD, "gzip, br"),
    "identity": Case(TEXT.encode(), GOOD, "identity"),
    "an empty body of gzip": Case(b"", WRONG, "gzip"),
    "an encoding that is not supported": Case(b"x", "unexpected body: the content encoding 'zstd'", "zstd"),
    "no gzip": Case(TEXT.encode(), "unexpected body: Error", "gzip"),
    "half of a gzip stream": Case(gzip.compress(FILLER)[:500], "unexpected body: incomplete", "gzip"),
    "half of a Brotli stream": Case(brotli.compress(TEXT.encode())[:-4], "unexpected body: incomplete", "br"),
    "no Brotli": Case(b"\xff\xff\xff\xff", "unexpected body: ", "br"),
    "a charset": Case(TEXT[:9].encode("latin-1"), GOOD, content_type="text/plain; charset=ISO-8859-1"),
    "a charset in quotes": Case(TEXT.encode("utf-16"), GOOD, content_type='text/plain; charset="utf-16"'),
    "an unknown charset": Case(TEXT.encode(), GOOD, content_type="text/plain; charset=nosuch"),
    "a codec that is no charset": Case(TEXT.encode(), GOOD, content_type="text/plain; charset=hex"),
    "a codec that can't replace": Case(TEXT.encode(), GOOD, content_type="text/plain; charset=idna"),
    "a regular expression sees characters, not bytes": Case(
        TEXT.encode(), GOOD, contains=None, matches="^gr.[ßs]e: ok, [日月]本$"
    ),
    "a regular expression on a compressed body": Case(
        gzip.compress(TEXT.encode()), GOOD, "gzip", contains=None, matches=r"ok\b"
    ),
    "contains and matches, of which one does not hold": Case(TEXT.encode(), WRONG, matches="error"),
    "the text is in the kept part of a longer body": Case(TEXT.encode(), GOOD, is_cut=True),
    "the text may be in the part that is not kept": Case(b"error", CUT, is_cut=True),
    "a gzip stream of which the start was kept": Case(
        gzip.compress(TEXT.encode() + FILLER)[:200], GOOD, "gzip", is_cut=True
    ),
    "a gzip bomb": Case(gzip.compress(b"x" * 50_000_000 + TEXT.encode()), CUT, "gzip"),
    "a Brotli bomb": Case(brotli.compress(b"x" * 50_000_000 + TEXT.encode(), quality=1), CUT, "br"),
    "a deflate bomb": Case(zlib.compress(b"x" * 50_000_000 + TEXT.encode()), CUT, "deflate"),
    "a gzip bomb of many members": Case(gzip.compress(b"x" * 500_000) * 100, CUT, "gzip"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_body_is_decoded_before_it_is_checked(case: Case) -> None:
    headers = [(b"Content-Encoding", case.encoding.encode()), (b"content-type", case.content_type.encode())]
    check = build_body_check(Expectation(status=None, contains=case.contains, matches=case.matches))
    assert check
    tracemalloc.start()
    error = check(ReceivedBody(case.content, headers, case.is_cut))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    if case.expected in {GOOD, WRONG}:
        assert error == case.expected
    else:
        assert error
        assert error.startswith(str(case.expected))
    assert peak < 16 * MAX_CHECKED_BYTES


def test_the_parser_keeps_the_start_of_an_endless_body() -> None:
    parser = ResponseParser(expects_no_body=False, keeps_content=True, max_kept_bytes=100_000)
    parser.feed(b"HTTP/1.1 200 OK\r\n\r\n")
    chunk = b"y" * 65_536
    tracemalloc.start()
    for _ in range(MAX_BODY_BYTES // len(chunk)):
        parser.feed(chunk)
    with pytest.raises(MalformedResponseError, match="answer too large"):
        parser.feed(chunk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(parser.body) == 100_000
    assert peak < 1_000_000
