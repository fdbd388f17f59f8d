"""Lines of the logs of common servers, and what becomes of them."""

from __future__ import annotations

from typing import Any

import pytest

from loadtests.convert import declare_requests, list_arrivals, read_access_log

NOON = 1_794_830_400.0  # 2026-11-16T12:00:00Z
COMBINED = '192.0.2.1 - - [16/Nov/2026:12:00:00 +0000] "{}" {} 12 "-" "agent"'

FORMATS: dict[str, tuple[str, tuple[str, str], float]] = {
    "the Common Log Format": (
        '192.0.2.1 - ann [16/Nov/2026:13:00:00 +0100] "GET /a?b=1 HTTP/1.0" 200 12',
        ("GET", "/a?b=1"),
        NOON,
    ),
    "the Combined Log Format": (COMBINED.format("HEAD /a HTTP/2.0", 200), ("HEAD", "/a"), NOON),
    "Apache with the virtual host": (
        f"shop.test:443 {COMBINED.format('GET /a HTTP/1.1', 200)}",
        ("GET", "/a"),
        NOON,
    ),
    "ingress-nginx": (
        f"{COMBINED.format('GET /a HTTP/1.1', 200)} 98 0.003 [shop-80] [] 10.0.0.1:8080 12 0.003 200 4f0a",
        ("GET", "/a"),
        NOON,
    ),
    "Traefik": (
        f'{COMBINED.format("GET /a HTTP/1.1", 200)} 7 "shop" "http://10.0.0.1:80" 3ms',
        ("GET", "/a"),
        NOON,
    ),
    "Django and Werkzeug": ('[16/Nov/2026 12:00:00] "GET /a HTTP/1.1" 200 12', ("GET", "/a"), NOON),
    "Envoy and Istio": (
        '[2026-11-16T12:00:00.250Z] "GET /a HTTP/2" 200 - "-" 0 12 3 2 "-" "agent" "id" "shop" "10.0.0.1:80"',
        ("GET", "/a"),
        NOON + 0.25,
    ),
    "HAProxy": (
        (
            "Nov 16 12:00:00 lb haproxy[14389]: 192.0.2.1:33317 [16/Nov/2026:12:00:00.655] http-in shop/s1 "
            '10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "GET /a HTTP/1.1"'
        ),
        ("GET", "/a"),
        NOON + 0.655,
    ),
    "AWS application load balancer": (
        (
            "h2 2026-11-16T12:00:00.500000Z app/lb/50dc 192.0.2.1:2817 10.0.0.1:80 0.0 0.001 0.0 200 "
            '200 34 366 "GET https://shop.test:443/a?b=1 HTTP/2.0" "curl/7.46.0" - -'
        ),
        ("GET", "/a?b=1"),
        NOON + 0.5,
    ),
    "AWS S3": (
        (
            "79a5 bucket [16/Nov/2026:12:00:00 +0000] 192.0.2.3 79a5 3E57427F3EXAMPLE REST.GET.OBJECT k "
            '"GET /a HTTP/1.1" 200 - 113 - 7 - "-" "S3Console/0.4" -'
        ),
        ("GET", "/a"),
        NOON,
    ),
    "Squid": (
        "1794830400.500   921 192.0.2.1 TCP_MISS/200 507 GET http://shop.test/a - DIRECT/10.0.0.1 text/html",
        ("GET", "/a"),
        NOON + 0.5,
    ),
    "Varnish, with an absolute URL": (
        '192.0.2.1 - - [16/Nov/2026:12:00:00 +0000] "GET http://shop.test/a?b HTTP/1.1" 200 12 "-" "agent"',
        ("GET", "/a?b"),
        NOON,
    ),
    "Caddy, JSON": (
        '{"ts":1794830400.5,"request":{"method":"GET","uri":"/a?b=1","headers":{}},"status":200}',
        ("GET", "/a?b=1"),
        NOON + 0.5,
    ),
    "Traefik, JSON": (
        '{"DownstreamStatus":200,"RequestMethod":"GET","RequestPath":"/a","time":"2026-11-16T12:00:00Z"}',
        ("GET", "/a"),
        NOON,
    ),
    "nginx, JSON with the request line": (
        '{"time_iso8601":"2026-11-16T13:00:00+01:00","request":"GET /a HTTP/1.1","status":"200"}',
        ("GET", "/a"),
        NOON,
    ),
    "nginx, JSON with the query apart": (
        '{"time_local":"16/Nov/2026:12:00:00 +0000","method":"GET","uri":"/a","args":"b=1","status":200}',
        ("GET", "/a?b=1"),
        NOON,
    ),
    "Google Cloud load balancer, JSON": (
        (
            '{"httpRequest":{"requestMethod":"GET","requestUrl":"https://shop.test/a","status":200},'
            '"timestamp":"2026-11-16T12:00:00.123456789Z"}'
        ),
        ("GET", "/a"),
        NOON + 0.123456789,
    ),
    "a line inside the JSON of a log pipeline": (
        '{"log":"192.0.2.1 - - [16/Nov/2026:12:00:00 +0000] \\"GET /a HTTP/1.1\\" 200 1\\n","id":"x"}',
        ("GET", "/a"),
        NOON,
    ),
    "IIS": (
        (
            "#Software: Microsoft Internet Information Services 10.0\n"
            "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port c-ip sc-status\n"
            "2026-11-16 12:00:00 10.0.0.1 GET /a b=1 443 192.0.2.1 200"
        ),
        ("GET", "/a?b=1"),
        NOON,
    ),
    "CloudFront": (
        (
            "#Version: 1.0\n#Fields: date time x-edge-location cs-method cs-uri-stem sc-status cs-uri-query\n"
            "2026-11-16\t12:00:00\tFRA2\tGET\t/a\t200\t-"
        ),
        ("GET", "/a"),
        NOON,
    ),
    "CloudFront without the names of its fields": (
        "2026-11-16\t12:00:00\tCDG50-P2\t703\t192.0.2.1\tGET\tx.cloudfront.net\t/a\t200\t-\tcurl\tb=1\t-\tHit",
        ("GET", "/a?b=1"),
        NOON,
    ),
    "Envoy in Kubernetes, JSON": (
        (
            '2026-11-16T13:00:00+01:00 stdout F {"start_time":"2026-11-16T12:00:00Z","method":"GET",'
            '"x-envoy-origin-path":"/a","response_code":200}'
        ),
        ("GET", "/a"),
        NOON,
    ),
    "a byte order mark": ("\ufeff" + COMBINED.format("GET /a HTTP/1.1", 200), ("GET", "/a"), NOON),
}


@pytest.mark.parametrize(("text", "request_", "time"), FORMATS.values(), ids=FORMATS)
def test_a_format_is_read(text: str, request_: tuple[str, str], time: float) -> None:
    log = read_access_log(text.splitlines(keepends=True))
    assert log.requests == [request_]
    assert list(log.arrival_times) == pytest.approx([time], abs=1e-6)
    assert list(log.statuses[0]) == [200]
    assert not log.skipped.counts


TARGETS = {
    "nginx: quotation marks": (r"/search?q=\x22hat\x22", "/search?q=%22hat%22"),
    "nginx: UTF-8": (r"/caf\xC3\xA9", "/caf%C3%A9"),
    "nginx: a backslash": (r"/a\x5Cb", "/a%5Cb"),
    "Apache: quotation marks": (r"/search?q=\"hat\"", "/search?q=%22hat%22"),
    "Apache: a backslash": (r"/a\\b", "/a%5Cb"),
    "Apache: UTF-8 in lower case": (r"/caf\xc3\xa9", "/caf%C3%A9"),
    "Apache: a backslash before what looks like an escape": (r"/a\\x41", "/a%5Cx41"),
    "Apache: control characters": (r"/a\tb\n", "/a%09b%0A"),
    "bytes that are not UTF-8": (r"/caf\xE9", "/caf%E9"),
    "UTF-8 without escapes": ("/café", "/caf%C3%A9"),
    "a byte that is not UTF-8, without escapes": ("/caf\udce9", "/caf%E9"),
    "percent-encoding stays": ("/a%20b?q=100%", "/a%20b?q=100%"),
    "a blank": ("/a b", "/a%20b"),
    "a fragment": ("/a#top", "/a"),
    "an absolute URL without a path": ("http://shop.test", "/"),
}


@pytest.mark.parametrize(("target", "path"), TARGETS.values(), ids=TARGETS)
def test_a_target_is_sent_as_the_server_got_it(target: str, path: str) -> None:
    log = read_access_log([COMBINED.format(f"GET {target} HTTP/1.1", 200)])
    assert log.requests == [("GET", path)]


STATUSES: dict[str, tuple[list[Any], int | None]] = {
    "a success is not expected by number": ([200], None),
    "an error of the service is expected": ([404], 404),
    "the most frequent status decides": ([404, 404, 200], 404),
    "nginx: the client closed the connection": ([499], None),
    "nginx: no response": ([444], None),
    "the client sent its request too slowly": ([408], None),
    "AWS: the client closed the connection": ([460], None),
    "no response": (["-", "000", "0"], None),
    "what the client caused does not count": ([499, 499, 404], 404),
}


@pytest.mark.parametrize(("statuses", "expected"), STATUSES.values(), ids=STATUSES)
def test_the_expected_status_is_one_of_the_service(statuses: list[Any], expected: int | None) -> None:
    log = read_access_log([COMBINED.format("GET /a HTTP/1.1", status) for status in statuses])
    [request] = declare_requests(log, 9)
    assert request.get("expect") == (None if expected is None else {"status": expected})
    assert request["weight"] == len(statuses)


SKIPPED = {
    "another method": (COMBINED.format("POST /a HTTP/1.1", 200), "requests with other methods"),
    "a tunnel": (COMBINED.format("CONNECT shop.test:443 HTTP/1.1", 200), "requests with other methods"),
    "the server as a whole": (COMBINED.format("OPTIONS * HTTP/1.1", 200), "requests with other methods"),
    "HTTP/2 without TLS": (COMBINED.format("PRI * HTTP/2.0", 400), "requests with other methods"),
    "no path": (COMBINED.format("GET * HTTP/1.1", 400), "requests without a valid path"),
    "a WebSocket": (COMBINED.format("GET /ws HTTP/1.1", 101), "requests that switched"),
    "a broken IPv6 address": (
        COMBINED.format("GET http://[::1/ HTTP/1.1", 400),
        "requests without a valid path",
    ),
    "bytes instead of a request": (COMBINED.format(r"\x16\x03\x01", 400), "lines of another format"),
    "no request": (COMBINED.format("-", 408), "lines of another format"),
    "a day that does not exist": (
        COMBINED.format("GET /a HTTP/1.1", 200).replace("16/Nov", "31/Nov"),
        "lines of another format",
    ),
    "JSON that is cut off": ('{"status": 200, "request": {"method"', "lines of another format"),
    "JSON nested too deep": ('{"a":' * 100_000, "lines of another format"),
    "JSON of something else": ('{"level": "info", "msg": "started", "ts": 1}', "lines of another format"),
    "a line of an error log": (
        "[Mon Nov 16 12:00:00 2026] [error] File does not exist",
        "lines of another format",
    ),
}


@pytest.mark.parametrize(("odd", "reason"), SKIPPED.values(), ids=SKIPPED)
def test_one_odd_line_is_left_out_and_the_others_stay(odd: str, reason: str) -> None:
    good = COMBINED.format("GET /a HTTP/1.1", 200)
    log = read_access_log([good, odd, good])
    assert (log.requests, len(log.arrival_times)) == ([("GET", "/a")], 2)
    [(named, number)] = log.skipped.counts.items()
    assert (named.startswith(reason), number, log.skipped.first_places[named]) == (True, 1, "line 2")


def test_fractions_of_a_second_are_the_recorded_ones() -> None:
    lines = [f'[2026-11-16T12:00:0{second}Z] "GET /a HTTP/2" 200' for second in ("0.500", "2.000", "0.750")]
    log = read_access_log(lines)
    assert [time for time, _ in list_arrivals(log, {"GET /a"})] == [0, 0.25, 1.5]
