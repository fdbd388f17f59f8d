"""Invalid usages and inputs of the command line, their files, and the expected messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.support.specs import EVENTS_SPEC, SPEC_WITH_REFERENCES, replace_in_text

PROFILE = """\
name: short
requests: [{path: /}]
stages: [{duration: 1s, rate: 5}]
"""
EXTERNAL = ("--stack", "external", "--target", "http://127.0.0.1:9", "--prometheus", "http://127.0.0.1:9")


def source(name: str, spec: str) -> str:
    return f"---\napiVersion: openslo/v1\nkind: DataSource\nmetadata: {{name: {name}}}\nspec: {spec}\n"


FILES = {
    "types.yaml": EVENTS_SPEC.replace("type: Prometheus", "type: Thanos") + source("main", "{type: Mimir}"),
    "addresses.yaml": EVENTS_SPEC
    + "".join(source(at, f"{{type: Mimir, connectionDetails: {{url: 'http://{at}'}}}}") for at in "ab"),
    "spec.yaml": EVENTS_SPEC,
    "bad.yaml": replace_in_text(EVENTS_SPEC, ("target: 0.99", "target: 99"), ("Occurrences", "Ocurrences")),
    "referred.yaml": SPEC_WITH_REFERENCES,
    "promql.yaml": replace_in_text(EVENTS_SPEC, ("orders_total", "sum(orders_total")),
    "profile.yaml": PROFILE,
    "bad-profile.yaml": replace_in_text(PROFILE, ("1s", "soon"), ("rate: 5", "rate: -5")),
    "closed.yaml": PROFILE.replace("rate: 5", "users: 5") + "arrivals: closed\n",
    "tabs.yaml": "name:\n\t- x\n",
    "odd/evidence.json": '{"schema": 7}',
    "odd/run.json": "{",
    "damaged/evidence.json": '{"schema": 7}',
    "damaged/policy.json": '{"schema": 1, "confidence": 95, "baseline": null}',
    "policy.yaml": "policy:\n  confidence: 95\n  confidnce: 0.9\n",
    "failed.yaml": "policy:\n  failed_requests: 1%\n  other_traffic: 5\n",
    "share.yaml": "policy:\n  failed_requests: 1.5\n",
    "nan.yaml": "policy:\n  failed_requests: .nan\n",
    "negative.yaml": "policy:\n  failed_requests: -0.01\n",
    "baseline.yaml": "policy:\n  baseline:\n    runs: []\n    tolerance: 0\n    least_time: 5\n",
    "two.yaml": "policy: {}\n---\npolicy: {}\n",
}
OPTION = "Error: Invalid value for '{}': "


@dataclass(frozen=True)
class UsageCase:
    arguments: tuple[str, ...]
    message: str
    """Part of standard error."""
    environment: Mapping[str, str] = field(default_factory=dict)


BAD_SPEC = (
    "bad.yaml:26: spec.budgetingMethod: should be 'Occurrences', 'Timeslices' or 'RatioTimeslices', "
    "got 'Ocurrences'\nbad.yaml:28: spec.objectives[0].target: 99 is not a ratio between 0 and 1; "
    "did you mean targetPercent: 99?\n"
)
USAGE: dict[str, UsageCase] = {
    "an unknown command": UsageCase(("runn",), "Error: No such command 'runn'."),
    "an unknown option": UsageCase(("run", "--durations", "3s"), "Error: No such option '--durations'."),
    "a duration without a unit": UsageCase(
        ("run", "--duration", "5"),
        OPTION.format("--duration") + "'5' is not a duration; write one like 30s, 5m or 1h30m",
    ),
    "a rate of 0": UsageCase(
        ("run", "--rate", "0"), OPTION.format("--rate") + "0.0 is not in the range x>0."
    ),
    "a rate that is NaN": UsageCase(("run", "--rate", "nan", *EXTERNAL), OPTION.format("--rate")),
    "an infinite rate": UsageCase(("run", "--rate", "inf", *EXTERNAL), OPTION.format("--rate")),
    "a negative seed": UsageCase(
        ("run", "--seed", "-1", *EXTERNAL), OPTION.format("--seed") + "-1 is not in the range x>=0."
    ),
    "no workers": UsageCase(
        ("run", "--workers", "0"), OPTION.format("--workers") + "0 is not in the range x>=1."
    ),
    "an unknown stack": UsageCase(
        ("run", "--stack", "docker"),
        OPTION.format("--stack") + "'docker' is not one of 'processes', 'compose', 'external'.",
    ),
    "a fault without a value": UsageCase(
        ("run", "--fault", "error_ratio"),
        OPTION.format("--fault")
        + "'error_ratio' is not a fault (no '='); write NAME=NUMBER, e.g. error_ratio=0.02",
    ),
    "a fault with a text as value": UsageCase(
        ("run", "--fault", "error_ratio=some"),
        OPTION.format("--fault")
        + "'error_ratio=some' is not a fault; write NAME=NUMBER, e.g. error_ratio=0.02",
    ),
    "a fault that is NaN": UsageCase(
        ("run", "--fault", "error_ratio=nan"), OPTION.format("--fault") + "'error_ratio=nan' is not a fault"
    ),
    "a target without a Prometheus": UsageCase(
        ("run", "--target", "http://127.0.0.1:9"),
        "Error: --stack external needs both --target URL and --prometheus URL",
    ),
    "a Prometheus without a target": UsageCase(
        ("run", "--prometheus", "http://127.0.0.1:9"),
        "Error: --stack external needs both --target URL and --prometheus URL",
    ),
    "an external stack without URLs": UsageCase(
        ("run", "--stack", "external"),
        "Error: --stack external needs both --target URL and --prometheus URL",
    ),
    "a stack of processes with a target": UsageCase(
        ("run", "--stack", "processes", "--target", "http://127.0.0.1:9"),
        "Error: --target and --prometheus need --stack external",
    ),
    "a metrics port with a stack of containers": UsageCase(
        ("run", "--stack", "compose", "--metrics-port", "9646"),
        "Error: --metrics-port can't be used with --stack compose: its Prometheus does not scrape this "
        "machine",
    ),
    "a metrics address with a stack of processes": UsageCase(
        ("run", "--metrics-port", "192.0.2.1:9646"),
        "Error: --metrics-port HOST:PORT needs --stack external; give only the port",
    ),
    "an invalid metrics port": UsageCase(
        ("run", "--metrics-port", "65536"),
        OPTION.format("--metrics-port")
        + "'65536' is not a port; write one like 9646, or with an address of this machine: 0.0.0.0:9646",
    ),
    "an invalid Prometheus URL, for run": UsageCase(
        ("run", "--profile", "profile.yaml", "--target", "http://127.0.0.1:9", "--prometheus", "here:1"),
        "Error: 'here:1' is not the URL of a Prometheus; write e.g. http://localhost:9090",
    ),
    "an invalid target URL": UsageCase(
        ("run", "--profile", "profile.yaml", "--target", "here:1", "--prometheus", "http://127.0.0.1:9"),
        "Error: 'here:1' is not an HTTP URL; write one like http://127.0.0.1:8000",
    ),
    "an invalid Prometheus URL, for check": UsageCase(
        ("check", "--start", "-1m", "--prometheus", "here:1"),
        "Error: 'here:1' is not the URL of a Prometheus; write e.g. http://localhost:9090",
    ),
    "an invalid Prometheus URL, for lint": UsageCase(
        ("lint", "--prometheus", "here:1"),
        "Error: 'here:1' is not the URL of a Prometheus; write e.g. http://localhost:9090",
    ),
    "a missing CA file, for run": UsageCase(
        ("run", "--profile", "profile.yaml", *EXTERNAL),
        "Error: PROOFLOAD_PROMETHEUS_CA_FILE: no such file: nowhere.pem",
        {"PROOFLOAD_PROMETHEUS_CA_FILE": "nowhere.pem"},
    ),
    "two kinds of credentials, for check": UsageCase(
        ("check", "--start", "-1m"),
        "Error: PROOFLOAD_PROMETHEUS_BEARER_TOKEN and PROOFLOAD_PROMETHEUS_USERNAME are both set; set one",
        {"PROOFLOAD_PROMETHEUS_BEARER_TOKEN": "x", "PROOFLOAD_PROMETHEUS_USERNAME": "ann"},
    ),
    "conflicting data sources, for lint": UsageCase(
        ("lint", "--spec", "types.yaml", "--prometheus", "http://127.0.0.1:9"),
        "Error: the spec's data sources main, metricSource.type Thanos differ in type, tenant or headers",
    ),
    "conflicting data sources, for run": UsageCase(
        ("run", "--spec", "types.yaml", "--profile", "profile.yaml", *EXTERNAL),
        "Error: the spec's data sources main, metricSource.type Thanos differ in type, tenant or headers",
    ),
    "data sources with two URLs": UsageCase(
        ("check", "--spec", "addresses.yaml", "--start", "-1m"),
        "Error: the spec's DataSources name 2 URLs (http://a, http://b), but a run queries one server",
    ),
    "no Prometheus URL": UsageCase(
        ("check", "--spec", "spec.yaml", "--start", "-1m"),
        "Error: --prometheus URL is missing, and no DataSource of the spec has a URL",
    ),
    "a check without a start": UsageCase(("check",), "Error: Missing option '--start'"),
    "a replay with a window": UsageCase(
        ("check", "--replay", ".", "--start", "-1m"),
        "Error: --replay can't be combined with --prometheus, --start or --end",
    ),
    "a replay of a missing directory": UsageCase(
        ("check", "--replay", "nowhere", "--spec", "bad.yaml"),
        BAD_SPEC + "nowhere/evidence.json: can't be read: No such file or directory",
    ),
    "a replay of invalid evidence": UsageCase(
        ("check", "--replay", "odd"),
        "proofload: odd/evidence.json: is not a valid evidence file of a run (ValueError: evidence of schema "
        "7, expected 1)\n"
        "odd/run.json:1: is not JSON: ",
    ),
    "a replay with a damaged policy": UsageCase(
        ("check", "--replay", "damaged"),
        "damaged/policy.json: is not a valid policy file of a run (ValueError: confidence: Input should "
        "be less than 1)",
    ),
    "a confidence in percent": UsageCase(
        ("run", "--confidence", "95"), OPTION.format("--confidence") + "95.0 is not"
    ),
    "a configuration with problems": UsageCase(
        ("check", "--start", "-1m", "--config", "policy.yaml"),
        "proofload: policy.yaml:2: policy.confidence: should be less than 1, got 95\n"
        "policy.yaml:3: policy.confidnce: is not a known field; did you mean confidence?",
    ),
    "a share of failed requests in percent, and other traffic as a number": UsageCase(
        ("run", "--config", "failed.yaml"),
        "failed.yaml:2: policy.failed_requests: should be a valid number, got '1%'\n"
        "failed.yaml:3: policy.other_traffic: should be a valid boolean, got 5",
    ),
    "a share of failed requests above 1": UsageCase(
        ("run", "--config", "share.yaml"),
        "share.yaml:2: policy.failed_requests: should be less than or equal to 1, got 1.5",
    ),
    "a share of failed requests that is NaN": UsageCase(
        ("run", "--config", "nan.yaml"), "nan.yaml:2: policy.failed_requests: "
    ),
    "a negative share of failed requests": UsageCase(
        ("check", "--start", "-1m", "--config", "negative.yaml"),
        "negative.yaml:2: policy.failed_requests: should be greater than or equal to 0, got -0.01",
    ),
    "a baseline with problems": UsageCase(
        ("run", "--config", "baseline.yaml"),
        "baseline.yaml:3: policy.baseline.runs: List should have at least 1 item, not 0\n"
        "baseline.yaml:4: policy.baseline.tolerance: should be greater than 0, got 0\n"
        "baseline.yaml:5: policy.baseline.least_time: 5 is not a duration; write e.g. 1ms",
    ),
    "two configurations in one file": UsageCase(
        ("run", "--config", "two.yaml"),
        "two.yaml:3: is a second document; a configuration is a single document",
    ),
    "a missing configuration": UsageCase(
        ("lint", "--config", "nowhere.yaml"), "nowhere.yaml: can't be read: "
    ),
    "a planned rate without a profile": UsageCase(
        ("lint", "--rate", "5"), "Error: --duration and --rate need --profile"
    ),
    "a time that is a text": UsageCase(
        ("check", "--start", "yesterday"),
        OPTION.format("--start") + "'yesterday' is not a time; write Unix seconds, RFC 3339 like "
        "2026-11-23T10:00:00Z, now, or -10m",
    ),
    "a time without a time zone": UsageCase(
        ("check", "--start", "2026-01-01T10:00:00"),
        OPTION.format("--start")
        + "'2026-01-01T10:00:00' has no time zone; end it with Z or an offset like +01:00",
    ),
    "an end before the start": UsageCase(
        ("check", "--start", "20", "--end", "10"), "Error: --end (10.000) is not after --start (20.000)"
    ),
    "a window that starts at the epoch": UsageCase(
        ("check", "--start", "0", "--end", "1760000000"),
        "Error: the window is 20,370 days long; the maximum is 400 days",
    ),
    "an end in the future": UsageCase(
        ("check", "--start", "-1m", "--end", "2199-01-01T00:00:00Z"), "Error: --end is in the future"
    ),
    "a missing spec": UsageCase(
        ("lint", "--spec", "nowhere.yaml"),
        "proofload: nowhere.yaml: can't be read: No such file or directory",
    ),
    "a spec with two problems, for lint": UsageCase(("lint", "--spec", "bad.yaml"), BAD_SPEC),
    "a spec with two problems, for run": UsageCase(("run", "--spec", "bad.yaml"), BAD_SPEC),
    "a spec with two problems, for check": UsageCase(
        ("check", "--spec", "bad.yaml", "--start", "-1m"), BAD_SPEC
    ),
    "two specs, one with problems": UsageCase(
        ("lint", "--spec", "spec.yaml", "--spec", "bad.yaml"), BAD_SPEC
    ),
    "a query that is not PromQL": UsageCase(
        ("run", "--spec", "promql.yaml"),
        "proofload: promql.yaml:4: SLO checkout, total: 'sum(orders_total' is",
    ),
    "a missing profile": UsageCase(
        ("run", "--profile", "nowhere.yaml"),
        "proofload: nowhere.yaml: can't be read: No such file or directory",
    ),
    "a profile with two problems": UsageCase(
        ("run", "--profile", "bad-profile.yaml"),
        "proofload: bad-profile.yaml:3: stages[0].duration: 'soon' is not a duration; write one like 30s, 5m "
        "or 1h30m\nbad-profile.yaml:3: stages[0].rate: ",
    ),
    "a profile that is not YAML": UsageCase(("run", "--profile", "tabs.yaml"), "proofload: tabs.yaml:2: "),
    "a profile with problems, for ui": UsageCase(
        ("ui", "--profile", "bad-profile.yaml"), "proofload: bad-profile.yaml:3: stages[0].duration: 'soon'"
    ),
    "a rate for a closed load": UsageCase(
        ("run", "--profile", "closed.yaml", "--rate", "5"),
        "proofload: closed.yaml:4: arrivals: closed arrivals have no rate that could be overridden",
    ),
    "a run directory that can't be created": UsageCase(
        ("run", "--profile", "profile.yaml", "--out", "spec.yaml", *EXTERNAL),
        "proofload: can't create the run directory spec.yaml/logs: Not a directory",
    ),
}
