"""Profiles as text, the files that they name, and invalid profiles with the messages about them."""

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
WITH_FEEDER = """\
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
class InvalidProfile:
    old: str
    new: str
    messages: tuple[str, ...]
    base: str = OPEN


INVALID_PROFILES = {
    "an unknown field": InvalidProfile(
        "name: test", "name: test\nwarm_up: 3s", ("profile.yaml:2", "warm_up", "warmup?")
    ),
    "no name": InvalidProfile("name: test\n", "", ("name", "is required")),
    "no stages": InvalidProfile(
        "stages:\n  - {duration: 30s, rate: 100}\n  - {duration: 10s, rate: 100, to: 300}",
        "stages: []",
        ("profile.yaml:2", "stages", "at least 1"),
    ),
    "a duration without a unit": InvalidProfile("30s", "30", ("profile.yaml:3", "stages[0].duration", "30s")),
    "a duration of zero": InvalidProfile("30s", "0s", ("stages[0].duration", "a duration of zero")),
    "a negative rate": InvalidProfile("rate: 100}", "rate: -1}", ("profile.yaml:3", "stages[0].rate", "-1")),
    "a rate that is text": InvalidProfile("rate: 100}", "rate: fast}", ("stages[0].rate", "'fast'")),
    "a rate that is infinite": InvalidProfile("rate: 100}", "rate: .inf}", ("stages[0].rate", "finite")),
    "only rates of zero": InvalidProfile(
        "rate: 100", "rate: 0", ("no stage has a rate above 0",), OPEN.replace(", to: 300", "")
    ),
    "users in an open profile": InvalidProfile(
        "rate: 100}", "users: 3}", ("stages[0].users", "stages[0].rate")
    ),
    "a rate in a closed profile": InvalidProfile(
        "users: 10", "rate: 10", ("stages[0].rate", "stages[0].users"), CLOSED
    ),
    "an unknown kind of arrivals": InvalidProfile(
        "name: test", "name: test\narrivals: burst", ("profile.yaml:2", "'burst' is not supported", "poisson")
    ),
    "a trace with stages": InvalidProfile(
        "name: test", "name: test\narrivals: trace\ntrace: t.csv", ("profile.yaml:4", "stages")
    ),
    "a trace file that does not exist": InvalidProfile(
        "t.csv", "none.csv", ("none.csv: can't be read",), TRACE
    ),
    "a trace without the time column": InvalidProfile(
        "t.csv", "rows.csv", ("rows.csv:1", "has the columns user, age; time_seconds is required"), TRACE
    ),
    "a trace with invalid times": InvalidProfile(
        "t.csv",
        "bad.csv",
        ("bad.csv:3: time_seconds: 'soon' is not a number", "bad.csv:4: time_seconds: '0.5' follows 1"),
        TRACE,
    ),
    "a trace with request names that no request has": InvalidProfile(
        "name: a", "name: b", ("profile.yaml:3: trace: t.csv names 'a'; no request has that name",), TRACE
    ),
    "a trace with request names, and a locustfile": InvalidProfile(
        "requests: [{name: a, path: /}]",
        "locustfile: users.py",
        ("a locustfile chooses its own tasks",),
        TRACE,
    ),
    "a feeder with an unknown extension": InvalidProfile(
        "rows.csv", "rows.txt", ("rows.txt: should end in .csv, .jsonl",), WITH_FEEDER
    ),
    "a feeder file that does not exist": InvalidProfile(
        "rows.csv", "no.csv", ("no.csv: can't be read",), WITH_FEEDER
    ),
    "a feeder without rows": InvalidProfile(
        "rows.csv", "empty.csv", ("empty.csv: contains no rows",), WITH_FEEDER
    ),
    "a feeder with invalid JSON": InvalidProfile(
        "rows.csv", "bad.jsonl", ("bad.jsonl:2: is not JSON",), WITH_FEEDER
    ),
    "a feeder function that raises": InvalidProfile(
        "rows.csv", "rows.py:fail", ("rows.py: fail() returned no rows",), WITH_FEEDER
    ),
    "a column that the rows do not have": InvalidProfile(
        "${age}", "${size}", ("profile.yaml:6: requests[0]: uses the column size",), WITH_FEEDER
    ),
    "a feeder that no request uses": InvalidProfile(
        "path: '/${user}?age=${age}'", "path: /", ("profile.yaml:2: feeder: no request uses",), WITH_FEEDER
    ),
    "a feeder for a locustfile": InvalidProfile(
        "requests:\n  - {path: '/${user}?age=${age}'}",
        "locustfile: users.py",
        ("feeder", "declared"),
        WITH_FEEDER,
    ),
    "a row that would inject a header": InvalidProfile(
        "path: '/${user}?age=${age}'",
        "path: /, headers: {X-User: '${user}'}",
        ("row 2", "contains a control character, in the header X-User"),
        WITH_FEEDER,
    ),
    "insecure for a locustfile": InvalidProfile(
        "requests:\n  - {path: /}",
        "locustfile: users.py\ninsecure: true",
        ("insecure", "applies to declared requests"),
    ),
    "an empty expectation": InvalidProfile(
        "path: /", "path: /, expect: {}", ("requests[0].expect", "give status, contains or matches")
    ),
    "an invalid regular expression": InvalidProfile(
        "path: /", "path: /, expect: {matches: '('}", ("requests[0].expect", "'('", "no")
    ),
    "an abort condition with two limits": InvalidProfile(
        "name: test", "name: test\nabort: [{error_ratio: 0.1, p95: 1s}]", ("abort[0]", "give one of")
    ),
    "an abort condition without a limit": InvalidProfile(
        "name: test", "name: test\nabort: [{after: 3s}]", ("abort[0]", "give one of")
    ),
    "an abort condition that can never be exceeded": InvalidProfile(
        "name: test", "name: test\nabort: [{error_ratio: 1}]", ("abort[0].error_ratio", "less than 1")
    ),
    "arrivals that are a list": InvalidProfile(
        "name: test", "name: test\narrivals: [1]", ("arrivals", "is not supported")
    ),
    "neither requests nor a locustfile": InvalidProfile(
        "requests:\n  - {path: /}\n", "", ("either a locustfile or requests",)
    ),
    "both requests and a locustfile": InvalidProfile(
        "name: test", "name: test\nlocustfile: a.py", ("either a locustfile or requests",)
    ),
    "a locustfile that does not exist": InvalidProfile(
        "requests:\n  - {path: /}",
        "locustfile: none.py",
        ("profile.yaml:5", "locustfile", "none.py is not a file"),
    ),
    "a path without a slash": InvalidProfile(
        "path: /", "path: home", ("profile.yaml:6", "requests[0].path", "'home'")
    ),
    "a path with a line break": InvalidProfile("path: /", 'path: "/a\\r\\nX: y"', ("requests[0].path",)),
    "a header with a line break": InvalidProfile(
        "path: /", 'path: /, headers: {X-A: "b\\r\\nX-C: d"}', ("requests[0].headers.X-A",)
    ),
    "a header name with a space": InvalidProfile(
        "path: /", "path: /, headers: {X A: b}", ("requests[0].headers",)
    ),
    "an unknown method": InvalidProfile(
        "path: /", "path: /, method: FETCH", ("requests[0].method", "'FETCH'")
    ),
    "a weight of zero": InvalidProfile("path: /", "path: /, weight: 0", ("requests[0].weight", "got 0")),
    "a status that does not exist": InvalidProfile(
        "path: /", "path: /, expect: {status: 20}", ("requests[0].expect.status",)
    ),
    "json and body": InvalidProfile("path: /", "path: /, json: {}, body: x", ("requests[0]", "json or body")),
    "a limit of no requests in flight": InvalidProfile(
        "name: test", "name: test\nmax_in_flight: 0", ("max_in_flight", "got 0")
    ),
    "a list instead of a mapping": InvalidProfile(OPEN, "- 1\n", ("should be a mapping",)),
    "two documents": InvalidProfile("name: test", "name: test\n---\nname: test", ("a second document",)),
    "not YAML": InvalidProfile("name: test", "name: [", ("is not YAML",)),
    "an empty file": InvalidProfile(OPEN, "", ("no YAML document",)),
}
