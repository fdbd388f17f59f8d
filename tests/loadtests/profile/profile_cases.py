"""Load profiles as text, the files they name, and what is said of those that are wrong."""

from __future__ import annotations

from dataclasses import dataclass

OPEN = """\
name: test
stages:
  - {duration: 30s, rate: 100}
  - {duration: 10s, rate: 100, to: 300}
requests:
  - {path: /}
"""
CLOSED = """\
name: test
arrivals: closed
stages:
  - {duration: 30s, users: 10}
requests:
  - {path: /}
"""


TRACE = """\
name: test
arrivals: trace
trace: t.csv
requests: [{name: a, path: /}]
"""
FED = """\
name: test
feeder: rows.csv
stages:
  - {duration: 1s, rate: 10}
requests:
  - {path: '/${user}?age=${age}'}
"""
FILES = {
    "t.csv": "time_seconds,request\n0,a\n0.5,a\n0.5,a\n2,a\n",
    "bad.csv": "time_seconds\n1\nsoon\n0.5\n",
    "rows.csv": 'user,age\nann,30\n"bob\r\nX-Evil: 1",40\n',
    "empty.csv": "user,age\n",
    "bad.jsonl": '{"user": "ann", "age": 3}\n{"user"\n',
    "rows.py": "def fail():\n    raise ValueError('no')\n",
    "users.py": "",
}


@dataclass(frozen=True)
class Bad:
    old: str
    new: str
    said: tuple[str, ...]
    base: str = OPEN


BAD = {
    "an unknown field": Bad(
        "name: test", "name: test\nwarm_up: 3s", ("profile.yaml:2", "warm_up", "warmup?")
    ),
    "no name": Bad("name: test\n", "", ("name", "is required")),
    "no stages": Bad(
        "stages:\n  - {duration: 30s, rate: 100}\n  - {duration: 10s, rate: 100, to: 300}",
        "stages: []",
        ("profile.yaml:2", "stages", "at least 1"),
    ),
    "a duration without a unit": Bad("30s", "30", ("profile.yaml:3", "stages[0].duration", "30s")),
    "a duration of nothing": Bad("30s", "0s", ("stages[0].duration", "no time at all")),
    "a negative rate": Bad("rate: 100}", "rate: -1}", ("profile.yaml:3", "stages[0].rate", "-1")),
    "a rate that is text": Bad("rate: 100}", "rate: fast}", ("stages[0].rate", "'fast'")),
    "a rate that is infinite": Bad("rate: 100}", "rate: .inf}", ("stages[0].rate", "finite")),
    "only rates of zero": Bad(
        "rate: 100", "rate: 0", ("none has a rate above 0",), OPEN.replace(", to: 300", "")
    ),
    "users in an open profile": Bad("rate: 100}", "users: 3}", ("stages[0].users", "stages[0].rate")),
    "a rate in a closed profile": Bad("users: 10", "rate: 10", ("stages[0].rate", "stages[0].users"), CLOSED),
    "arrivals of no kind": Bad(
        "name: test", "name: test\narrivals: burst", ("profile.yaml:2", "'burst' is not supported", "poisson")
    ),
    "a trace with stages": Bad(
        "name: test", "name: test\narrivals: trace\ntrace: t.csv", ("profile.yaml:4", "stages")
    ),
    "a trace that isn't there": Bad("t.csv", "none.csv", ("none.csv: can't be read",), TRACE),
    "a trace without its column": Bad(
        "t.csv", "rows.csv", ("rows.csv:1", "has the columns user, age; needs time_seconds"), TRACE
    ),
    "a trace with bad times": Bad(
        "t.csv",
        "bad.csv",
        ("bad.csv:3: time_seconds: 'soon' is no number", "bad.csv:4: time_seconds: '0.5' comes after 1"),
        TRACE,
    ),
    "a trace of requests that nothing is called": Bad(
        "name: a", "name: b", ("profile.yaml:3: trace: t.csv names 'a', which no request is called",), TRACE
    ),
    "a trace of requests for a locustfile": Bad(
        "requests: [{name: a, path: /}]", "locustfile: users.py", ("a locustfile chooses its tasks",), TRACE
    ),
    "a feeder of no kind": Bad("rows.csv", "rows.txt", ("rows.txt: should end in .csv, .jsonl",), FED),
    "a feeder that isn't there": Bad("rows.csv", "no.csv", ("no.csv: can't be read",), FED),
    "a feeder without rows": Bad("rows.csv", "empty.csv", ("empty.csv: holds no row",), FED),
    "a feeder of broken JSON": Bad("rows.csv", "bad.jsonl", ("bad.jsonl:2: is no JSON",), FED),
    "a feeder of Python that fails": Bad("rows.csv", "rows.py:fail", ("rows.py: fail() gives no rows",), FED),
    "a column that the rows have not": Bad(
        "${age}", "${size}", ("profile.yaml:6: requests[0]: asks for the column size",), FED
    ),
    "a feeder that nothing asks": Bad(
        "path: '/${user}?age=${age}'", "path: /", ("profile.yaml:2: feeder: no request asks",), FED
    ),
    "a feeder for a locustfile": Bad(
        "requests:\n  - {path: '/${user}?age=${age}'}", "locustfile: users.py", ("feeder", "declared"), FED
    ),
    "a row that would smuggle a header": Bad(
        "path: '/${user}?age=${age}'",
        "path: /, headers: {X-User: '${user}'}",
        ("row 2", "can't stand in the header X-User"),
        FED,
    ),
    "insecure for a locustfile": Bad(
        "requests:\n  - {path: /}",
        "locustfile: users.py\ninsecure: true",
        ("insecure", "is for declared requests"),
    ),
    "an expectation of nothing": Bad(
        "path: /", "path: /, expect: {}", ("requests[0].expect", "give status, contains or matches")
    ),
    "a pattern that is none": Bad(
        "path: /", "path: /, expect: {matches: '('}", ("requests[0].expect", "'('", "no")
    ),
    "two limits in one": Bad(
        "name: test", "name: test\nabort: [{error_ratio: 0.1, p95: 1s}]", ("abort[0]", "give one of")
    ),
    "a limit of none": Bad("name: test", "name: test\nabort: [{after: 3s}]", ("abort[0]", "give one of")),
    "a limit that is always held": Bad(
        "name: test", "name: test\nabort: [{error_ratio: 1}]", ("abort[0].error_ratio", "less than 1")
    ),
    "arrivals that are a list": Bad(
        "name: test", "name: test\narrivals: [1]", ("arrivals", "is not supported")
    ),
    "neither requests nor a locustfile": Bad(
        "requests:\n  - {path: /}\n", "", ("either a locustfile or requests",)
    ),
    "both": Bad("name: test", "name: test\nlocustfile: a.py", ("either a locustfile or requests",)),
    "a locustfile that isn't there": Bad(
        "requests:\n  - {path: /}",
        "locustfile: none.py",
        ("profile.yaml:5", "locustfile", "none.py is no file"),
    ),
    "a path without a slash": Bad("path: /", "path: home", ("profile.yaml:6", "requests[0].path", "'home'")),
    "a path with a line break": Bad("path: /", 'path: "/a\\r\\nX: y"', ("requests[0].path",)),
    "a header with a line break": Bad(
        "path: /", 'path: /, headers: {X-A: "b\\r\\nX-C: d"}', ("requests[0].headers.X-A",)
    ),
    "a header's name with a space": Bad("path: /", "path: /, headers: {X A: b}", ("requests[0].headers",)),
    "a method that is none": Bad("path: /", "path: /, method: FETCH", ("requests[0].method", "'FETCH'")),
    "a weight of zero": Bad("path: /", "path: /, weight: 0", ("requests[0].weight", "got 0")),
    "a status that is none": Bad("path: /", "path: /, expect: {status: 20}", ("requests[0].expect.status",)),
    "json and body": Bad("path: /", "path: /, json: {}, body: x", ("requests[0]", "json or body")),
    "no users in flight": Bad("name: test", "name: test\nmax_in_flight: 0", ("max_in_flight", "got 0")),
    "a list": Bad(OPEN, "- 1\n", ("should be a mapping",)),
    "two documents": Bad("name: test", "name: test\n---\nname: test", ("a second document",)),
    "not YAML": Bad("name: test", "name: [", ("is not YAML",)),
    "empty": Bad(OPEN, "", ("no YAML document",)),
}
