"""Bad usages and inputs of the command line, the files they speak of, and what must be said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.support.specs import EVENTS, REFERRED, changed

PROFILE = """\
name: short
requests: [{path: /}]
stages: [{duration: 1s, rate: 5}]
"""
EXTERNAL = ("--stack", "external", "--target", "http://127.0.0.1:9", "--prometheus", "http://127.0.0.1:9")


def source(name: str, spec: str) -> str:
    return f"---\napiVersion: openslo/v1\nkind: DataSource\nmetadata: {{name: {name}}}\nspec: {spec}\n"


FILES = {
    "types.yaml": EVENTS.replace("type: Prometheus", "type: Thanos") + source("main", "{type: Mimir}"),
    "addresses.yaml": EVENTS
    + "".join(source(at, f"{{type: Mimir, connectionDetails: {{url: 'http://{at}'}}}}") for at in "ab"),
    "spec.yaml": EVENTS,
    "bad.yaml": changed(EVENTS, ("target: 0.99", "target: 99"), ("Occurrences", "Ocurrences")),
    "referred.yaml": REFERRED,
    "promql.yaml": changed(EVENTS, ("orders_total", "sum(orders_total")),
    "profile.yaml": PROFILE,
    "bad-profile.yaml": changed(PROFILE, ("1s", "soon"), ("rate: 5", "rate: -5")),
    "closed.yaml": PROFILE.replace("rate: 5", "users: 5") + "arrivals: closed\n",
    "tabs.yaml": "name:\n\t- x\n",
    "odd/evidence.json": '{"schema": 7}',
    "odd/run.json": "{",
    "policy.yaml": "policy:\n  confidence: 95\n  confidnce: 0.9\n",
    "baseline.yaml": "policy:\n  baseline:\n    runs: []\n    tolerance: 0\n    least_time: 5\n",
    "two.yaml": "policy: {}\n---\npolicy: {}\n",
}
OPTION = "Error: Invalid value for '{}': "


@dataclass(frozen=True)
class Bad:
    arguments: tuple[str, ...]
    says: str
    """Stands in standard error."""
    environment: Mapping[str, str] = field(default_factory=dict)


BAD_SPEC = (
    "bad.yaml:26: spec.budgetingMethod: should be 'Occurrences', 'Timeslices' or 'RatioTimeslices', "
    "got 'Ocurrences'\nbad.yaml:28: spec.objectives[0].target: 99 is not a ratio between 0 and 1; "
    "did you mean targetPercent: 99?\n"
)
USAGE: dict[str, Bad] = {
    "no such command": Bad(("runn",), "Error: No such command 'runn'."),
    "no such option": Bad(("run", "--durations", "3s"), "Error: No such option '--durations'."),
    "a duration without a unit": Bad(
        ("run", "--duration", "5"),
        OPTION.format("--duration") + "'5' is no duration; write one like 30s, 5m or 1h30m",
    ),
    "a rate of nothing": Bad(
        ("run", "--rate", "0"), OPTION.format("--rate") + "0.0 is not in the range x>0."
    ),
    "a rate that is no number": Bad(("run", "--rate", "nan", *EXTERNAL), OPTION.format("--rate")),
    "an infinite rate": Bad(("run", "--rate", "inf", *EXTERNAL), OPTION.format("--rate")),
    "a negative seed": Bad(
        ("run", "--seed", "-1", *EXTERNAL), OPTION.format("--seed") + "-1 is not in the range x>=0."
    ),
    "no worker": Bad(("run", "--workers", "0"), OPTION.format("--workers") + "0 is not in the range x>=1."),
    "a stack that is none": Bad(
        ("run", "--stack", "docker"),
        OPTION.format("--stack") + "'docker' is not one of 'processes', 'compose', 'external'.",
    ),
    "a fault without a value": Bad(
        ("run", "--fault", "error_ratio"),
        OPTION.format("--fault")
        + "'error_ratio' is no fault (no '='); write NAME=NUMBER, e.g. error_ratio=0.02",
    ),
    "a fault with a word": Bad(
        ("run", "--fault", "error_ratio=some"),
        OPTION.format("--fault") + "'error_ratio=some' is no fault; write NAME=NUMBER, e.g. error_ratio=0.02",
    ),
    "a fault that is no number": Bad(
        ("run", "--fault", "error_ratio=nan"), OPTION.format("--fault") + "'error_ratio=nan' is no fault"
    ),
    "a target without its Prometheus": Bad(
        ("run", "--target", "http://127.0.0.1:9"),
        "Error: --stack external needs both --target URL and --prometheus URL",
    ),
    "a Prometheus without its target": Bad(
        ("run", "--prometheus", "http://127.0.0.1:9"),
        "Error: --stack external needs both --target URL and --prometheus URL",
    ),
    "an external stack of nothing": Bad(
        ("run", "--stack", "external"),
        "Error: --stack external needs both --target URL and --prometheus URL",
    ),
    "a stack of processes with a target": Bad(
        ("run", "--stack", "processes", "--target", "http://127.0.0.1:9"),
        "Error: --target and --prometheus go with --stack external",
    ),
    "a stack of containers with a port to be scraped at": Bad(
        ("run", "--stack", "compose", "--metrics-port", "9646"),
        "Error: --metrics-port is of this machine, where the Prometheus of --stack compose does not scrape",
    ),
    "a stack of processes with an address to be scraped at": Bad(
        ("run", "--metrics-port", "192.0.2.1:9646"),
        "Error: --metrics-port HOST:PORT goes with --stack external; write the port alone",
    ),
    "a port to be scraped at that is none": Bad(
        ("run", "--metrics-port", "65536"),
        OPTION.format("--metrics-port")
        + "'65536' is no port; write one like 9646, or with an address of this machine 0.0.0.0:9646",
    ),
    "a Prometheus that is no address, for run": Bad(
        ("run", "--profile", "profile.yaml", "--target", "http://127.0.0.1:9", "--prometheus", "here:1"),
        "Error: 'here:1' is no address of a Prometheus; write one like http://localhost:9090",
    ),
    "a target that is no address": Bad(
        ("run", "--profile", "profile.yaml", "--target", "here:1", "--prometheus", "http://127.0.0.1:9"),
        "Error: 'here:1' is no address of a service; write one like http://127.0.0.1:8000",
    ),
    "a Prometheus that is no address, for check": Bad(
        ("check", "--start", "-1m", "--prometheus", "here:1"),
        "Error: 'here:1' is no address of a Prometheus; write one like http://localhost:9090",
    ),
    "a Prometheus that is no address, for lint": Bad(
        ("lint", "--prometheus", "here:1"),
        "Error: 'here:1' is no address of a Prometheus; write one like http://localhost:9090",
    ),
    "a CA file that is missing, for run": Bad(
        ("run", "--profile", "profile.yaml", *EXTERNAL),
        "Error: PROOFLOAD_PROMETHEUS_CA_FILE: there is no file nowhere.pem",
        {"PROOFLOAD_PROMETHEUS_CA_FILE": "nowhere.pem"},
    ),
    "two ways to say who asks, for check": Bad(
        ("check", "--start", "-1m"),
        "Error: PROOFLOAD_PROMETHEUS_BEARER_TOKEN and PROOFLOAD_PROMETHEUS_USERNAME are both set; give one",
        {"PROOFLOAD_PROMETHEUS_BEARER_TOKEN": "x", "PROOFLOAD_PROMETHEUS_USERNAME": "ann"},
    ),
    "data sources that contradict each other, for lint": Bad(
        ("lint", "--spec", "types.yaml", "--prometheus", "http://127.0.0.1:9"),
        "Error: the spec's data sources main, metricSource.type Thanos differ in type, tenant or headers",
    ),
    "data sources that contradict each other, for run": Bad(
        ("run", "--spec", "types.yaml", "--profile", "profile.yaml", *EXTERNAL),
        "Error: the spec's data sources main, metricSource.type Thanos differ in type, tenant or headers",
    ),
    "data sources of two addresses": Bad(
        ("check", "--spec", "addresses.yaml", "--start", "-1m"),
        "Error: the spec's DataSources name 2 addresses (http://a, http://b), and one server is asked",
    ),
    "no Prometheus at all": Bad(
        ("check", "--spec", "spec.yaml", "--start", "-1m"),
        "Error: give --prometheus URL: the spec's DataSource names none",
    ),
    "a check from nowhere": Bad(("check",), "Error: Missing option '--start'"),
    "a replay of a window": Bad(
        ("check", "--replay", ".", "--start", "-1m"),
        "Error: --replay goes without --prometheus, --start and --end",
    ),
    "a replay of nothing": Bad(
        ("check", "--replay", "nowhere", "--spec", "bad.yaml"),
        BAD_SPEC + "nowhere/evidence.json: can't be read: No such file or directory",
    ),
    "a replay of what is no evidence": Bad(
        ("check", "--replay", "odd"),
        "proofload: odd/evidence.json: holds no evidence of a run (ValueError: evidence of schema 7, "
        "expected 1)\n"
        "odd/run.json:1: is no JSON: ",
    ),
    "a confidence in percent": Bad(
        ("run", "--confidence", "95"), OPTION.format("--confidence") + "95.0 is not"
    ),
    "a configuration with mistakes": Bad(
        ("check", "--start", "-1m", "--config", "policy.yaml"),
        "proofload: policy.yaml:2: policy.confidence: should be less than 1, got 95\n"
        "policy.yaml:3: policy.confidnce: is not a known field; did you mean confidence?",
    ),
    "a baseline with mistakes": Bad(
        ("run", "--config", "baseline.yaml"),
        "baseline.yaml:3: policy.baseline.runs: List should have at least 1 item, not 0\n"
        "baseline.yaml:4: policy.baseline.tolerance: should be greater than 0, got 0\n"
        "baseline.yaml:5: policy.baseline.least_time: 5 is not a duration; write e.g. 1ms",
    ),
    "two configurations in one file": Bad(
        ("run", "--config", "two.yaml"), "two.yaml:3: is a second document; a configuration is one"
    ),
    "a configuration that is not there": Bad(
        ("lint", "--config", "nowhere.yaml"), "nowhere.yaml: can't be read: "
    ),
    "a load planned without a profile": Bad(
        ("lint", "--rate", "5"), "Error: --duration and --rate go with --profile"
    ),
    "a time that is a word": Bad(
        ("check", "--start", "yesterday"),
        OPTION.format("--start") + "'yesterday' is no time; write Unix seconds, RFC 3339 like "
        "2026-11-23T10:00:00Z, now, or -10m",
    ),
    "a time without its zone": Bad(
        ("check", "--start", "2026-01-01T10:00:00"),
        OPTION.format("--start")
        + "'2026-01-01T10:00:00' has no time zone; end it with Z or an offset like +01:00",
    ),
    "an end before the start": Bad(
        ("check", "--start", "20", "--end", "10"), "Error: --end (10.000) is not after --start (20.000)"
    ),
    "a window that began with the epoch": Bad(
        ("check", "--start", "0", "--end", "1760000000"),
        "Error: the window is 20,370 days long; at most 400 are judged",
    ),
    "an end in the future": Bad(
        ("check", "--start", "-1m", "--end", "2199-01-01T00:00:00Z"), "Error: --end lies in the future"
    ),
    "a spec that is missing": Bad(
        ("lint", "--spec", "nowhere.yaml"),
        "proofload: nowhere.yaml: can't be read: No such file or directory",
    ),
    "a spec with two errors, for lint": Bad(("lint", "--spec", "bad.yaml"), BAD_SPEC),
    "a spec with two errors, for run": Bad(("run", "--spec", "bad.yaml"), BAD_SPEC),
    "a spec with two errors, for check": Bad(("check", "--spec", "bad.yaml", "--start", "-1m"), BAD_SPEC),
    "two specs, one of them with errors": Bad(
        ("lint", "--spec", "spec.yaml", "--spec", "bad.yaml"), BAD_SPEC
    ),
    "a query that is no PromQL": Bad(
        ("run", "--spec", "promql.yaml"),
        "proofload: promql.yaml:4: SLO checkout, total: 'sum(orders_total' is",
    ),
    "a profile that is missing": Bad(
        ("run", "--profile", "nowhere.yaml"),
        "proofload: nowhere.yaml: can't be read: No such file or directory",
    ),
    "a profile with two errors": Bad(
        ("run", "--profile", "bad-profile.yaml"),
        "proofload: bad-profile.yaml:3: stages[0].duration: 'soon' is no duration; write one like 30s, 5m or "
        "1h30m\nbad-profile.yaml:3: stages[0].rate: ",
    ),
    "a profile that is no YAML": Bad(("run", "--profile", "tabs.yaml"), "proofload: tabs.yaml:2: "),
    "a profile with errors, for ui": Bad(
        ("ui", "--profile", "bad-profile.yaml"), "proofload: bad-profile.yaml:3: stages[0].duration: 'soon'"
    ),
    "a rate for users": Bad(
        ("run", "--profile", "closed.yaml", "--rate", "5"),
        "proofload: closed.yaml:4: arrivals: closed arrivals have no rate of their own: "
        "it can't be overridden",
    ),
    "a folder that can't be made": Bad(
        ("run", "--profile", "profile.yaml", "--out", "spec.yaml", *EXTERNAL),
        "proofload: can't make the run's folder spec.yaml/logs: Not a directory",
    ),
}
