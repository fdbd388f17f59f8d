"""Writes docs/reliability.md from the tables of the tests: ``python -m ci.reliability_page``.

Each row is a case of a test, so the page can't claim what no test shows; a test compares page and tables.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from slo.model import Outcome, Reason

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reliability.md"


class FaultTable(NamedTuple):
    """A table of faults: cases by what is broken, and how the expected end of a case is described."""

    module: str
    name: str
    describe: Callable[[Any], str | None]
    """Return the verdict or exit code that has to come; ``None`` for a case without a fault."""
    prefix: str = ""
    """Precedes the name of each case."""


class InputTable(NamedTuple):
    """A table of inputs that are refused with one clear error."""

    kind: str
    module: str
    names: tuple[str, ...]


# --- The tables ---------------------------------------------------------------------------------


def _describe_expected(case: Any) -> str | None:
    """Describe a case that must not be decided."""
    return f"UNDECIDED `{case.expected}`" if isinstance(case.expected, Reason) else None


def _describe_any(case: Any) -> str:
    """Describe a case with a fault, whether it decides or not."""
    return _describe_expected(case) or str(case.expected)


def _describe_source(source: Any) -> str | None:
    if not source.text:
        return None
    counts = f", {source.counts[0]:g} bad of {source.counts[1]:g}" if source.counts else ""
    return (
        f"UNDECIDED `{source.reason}`" if source.outcome is Outcome.UNDECIDED else f"{source.outcome}{counts}"
    )


def _describe_run(fault: Any) -> str:
    verdicts = ", ".join(f"{name} {verdict}" for name, verdict in fault.verdicts.items())
    return f"exit code {fault.code}" + (f": {verdicts}" if verdicts else "")


def _always(text: str) -> Callable[[Any], str]:
    return lambda _: text


FAULTS: dict[str, tuple[FaultTable, ...]] = {
    "Scrape targets and processes": (
        FaultTable("tests.slo.prometheus.test_sources_real", "SOURCES", _describe_source),
        FaultTable(
            "tests.slo.scraping.test_multiple_processes",
            "VERDICTS",
            _always("UNDECIDED `multiple_processes`"),
        ),
        FaultTable("tests.slo.counting.test_own_sample_times", "CASES", _describe_any),
        FaultTable("tests.slo.scraping.test_duplicate_series", "KINDS", _always("UNDECIDED `query_failed`")),
        FaultTable("tests.slo.evaluation.check_cases", "SCRAPES", _describe_expected),
        FaultTable("tests.slo.evaluation.check_cases", "TARGETS", _describe_expected),
        FaultTable("tests.slo.evaluation.check_cases", "RESTARTS", _describe_expected),
        FaultTable("tests.slo.evaluation.check_cases", "DEPLOYMENTS", _describe_expected),
    ),
    "Responses of Prometheus": (
        FaultTable(
            "tests.slo.evaluation.test_target_queries",
            "KEYS",
            _always("UNDECIDED `query_failed`"),
            "a query is refused: ",
        ),
        FaultTable(
            "tests.slo.evaluation.test_target_queries",
            "KEYS",
            _always("UNDECIDED `partial_data`"),
            "a response with a warning of missing data: ",
        ),
        FaultTable(
            "tests.slo.evaluation.test_target_queries",
            "MALFORMED",
            _always("UNDECIDED `query_failed`"),
            "a malformed response: ",
        ),
        FaultTable(
            "tests.slo.prometheus.test_client",
            "REFUSALS",
            _always("UNDECIDED `query_failed`"),
            "Prometheus refuses a query ",
        ),
        FaultTable(
            "tests.slo.prometheus.test_client",
            "FAILURES",
            _always("UNDECIDED `prometheus_unreachable`"),
            "Prometheus stops responding ",
        ),
        FaultTable("tests.slo.evaluation.check_cases", "CLOCKS", _describe_expected),
    ),
    "Samples": (
        FaultTable("tests.slo.evaluation.verdict_cases", "EVENTS", _describe_expected),
        FaultTable("tests.slo.evaluation.verdict_cases", "LATENCIES", _describe_expected),
        FaultTable("tests.slo.evaluation.verdict_cases", "GAUGES", _describe_expected),
        FaultTable("tests.slo.evaluation.slice_cases", "SLICES", _describe_expected),
        FaultTable("tests.slo.evaluation.server_cases", "SERVER", _describe_expected),
    ),
    "Loads and whole runs": (
        FaultTable("tests.slo.evaluation.check_cases", "RUNS", _describe_expected),
        FaultTable("tests.slo.evaluation.check_cases", "COUNTED", _describe_expected),
        FaultTable("tests.slo.evaluation.run_cases", "CHECKED", _describe_expected),
        FaultTable("tests.proofload.test_main_job", "FAULTS", _describe_run),
    ),
}
INPUTS = (
    InputTable("specs (OpenSLO)", "tests.slo.openslo.test_spec_reader", ("INVALID",)),
    InputTable("specs of OpenSLO v1alpha and v2alpha", "tests.slo.openslo.test_alpha_versions", ("REFUSED",)),
    InputTable("PromQL that can't be evaluated", "tests.slo.promql.test_query_plan", ("PROBLEMS",)),
    InputTable("PromQL with unknown variables", "tests.slo.promql.test_parser", ("REJECTED",)),
    InputTable("YAML documents", "tests.slo.documents.test_yaml_source", ("BAD", "INVALID")),
    InputTable("load profiles", "tests.loadtests.profile.profile_cases", ("INVALID_PROFILES",)),
    InputTable("durations", "tests.loadtests.profile.test_durations", ("INVALID_DURATIONS",)),
    InputTable("locustfiles", "tests.loadtests.session.test_generator", ("INVALID_LOCUSTFILES",)),
    InputTable("HAR, OpenAPI and access logs", "tests.proofload.cli.test_profile", ("BAD",)),
    InputTable("entries of HAR files, left out by name", "tests.loadtests.convert.test_har", ("LEFT_OUT",)),
    InputTable("OpenAPI operations, left out by name", "tests.loadtests.convert.test_openapi", ("LEFT_OUT",)),
    InputTable(
        "lines of access logs, left out by name", "tests.loadtests.convert.test_access_log", ("SKIPPED",)
    ),
    InputTable("SLOs of other tools", "tests.support.import_cases", ("BAD",)),
    InputTable("hostile YAML", "tests.slo.importers.test_hostile_input", ("HOSTILE",)),
    InputTable("command lines", "tests.proofload.cli.usage_cases", ("USAGE",)),
    InputTable("times on the command line", "tests.proofload.cli.test_option_types", ("INVALID_TIMES",)),
    InputTable("options of rules", "tests.proofload.cli.test_rules", ("INVALID",)),
    InputTable("specs without rules", "tests.slo.rules.rules_cases", ("REFUSED",)),
    InputTable("evidence.json", "tests.slo.prometheus.test_evidence_json", ("INVALID",)),
    InputTable("run.json", "tests.loadtests.recording.test_recorder", ("INVALID_RECORDS",)),
    InputTable("history files", "tests.proofload.history.test_history", ("BROKEN",)),
    InputTable("responses of the Prometheus API", "tests.slo.prometheus.test_client", ("FAULTS",)),
    InputTable(
        "connection settings", "tests.slo.prometheus.test_connection", ("INVALID_SETTINGS", "INVALID_URLS")
    ),
    InputTable("names of backends and tenants", "tests.slo.prometheus.test_backends", ("INVALID_SETTINGS",)),
    InputTable(
        "HTTP responses of a service", "tests.loadtests.http.test_messages", ("MALFORMED", "INCOMPLETE")
    ),
    InputTable(
        "settings of Grafana annotations", "tests.proofload.output.test_grafana_annotations", ("INVALID",)
    ),
    InputTable("downloads of Prometheus", "tests.proofload.stack.test_prometheus_binary", ("BAD",)),
    InputTable("requests to the reference service", "tests.target_service.api.test_bad_input", ("REFUSED",)),
    InputTable("settings of the reference service", "tests.target_service.test_settings", ("BAD",)),
    InputTable("model cards", "tests.target_service.ml.test_model_card", ("INVALID",)),
)


# --- The page -----------------------------------------------------------------------------------


def list_faults() -> Iterator[tuple[str, str, str, str]]:
    """Yield (section, what is broken, what has to come, file of the test) of each fault."""
    for section, tables in FAULTS.items():
        for table in tables:
            for name, case in _read_table(table.module, table.name).items():
                if expected := table.describe(case):
                    text = getattr(case, "text", "") if table.name == "SOURCES" else name
                    yield section, table.prefix + text, expected, _locate(table.module)


def list_inputs() -> Iterator[tuple[str, int, str]]:
    """Yield (kind, number, file of the test) of each kind of bad input."""
    for table in INPUTS:
        number = sum(len(_read_table(table.module, name)) for name in table.names)
        yield table.kind, number, _locate(table.module)


def _read_table(module: str, name: str) -> Mapping[str, Any]:
    table: Mapping[str, Any] = getattr(importlib.import_module(module), name)
    return table


def _locate(module: str) -> str:
    return module.replace(".", "/") + ".py"


def format_page() -> str:
    """Return the whole page."""
    faults, inputs = list(list_faults()), list(list_inputs())
    total = sum(number for _, number, _ in inputs)
    lines = [
        "# Reliability",
        "",
        "What has to come when something is broken. Each row is a case of a test, and this page is written",
        "from the tables of the tests by `python -m ci.reliability_page`; a test fails if it is out of date.",
        "",
        f"**{len(faults)} faults**, none of which may give a false MET, and **{total} bad inputs**.",
    ]
    for section in FAULTS:
        rows = [fault for fault in faults if fault[0] == section]
        lines += ["", f"## {section}", "", "| what is broken | verdict | test |", "| --- | --- | --- |"]
        lines += [f"| {_escape(name)} | {expected} | `{file}` |" for _, name, expected, file in rows]
    lines += [
        "",
        "## Bad inputs",
        "",
        "Each is refused with one clear error, exit code 2 on the command line.",
        "",
    ]
    lines += ["| input | cases | test |", "| --- | --- | --- |"]
    lines += [f"| {kind} | {number} | `{file}` |" for kind, number, file in inputs]
    return "\n".join(lines) + "\n"


def _escape(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def main() -> None:
    """Write the page."""
    sys.path.insert(0, str(ROOT))
    PAGE.write_text(format_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
