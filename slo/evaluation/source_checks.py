"""Checks of what the evidence comes from: the server's responses, and the processes behind scrape targets."""

from __future__ import annotations

from slo.counting import EvidenceReader
from slo.model import (
    TARGET_KEYS,
    Check,
    CheckStatus,
    QueryKey,
    QueryResult,
    Reason,
    ScrapeTarget,
    Spec,
    find_partial_data_warning,
    scrape_target_of,
)
from slo.promql import list_counters

_MAX_TARGETS = 3
"""Targets that a message describes; there may be hundreds."""
_REMEDY = (
    "each scrape shows the counters of another process. Let the processes share their metrics (multiprocess "
    "mode of the client library, in Python PROMETHEUS_MULTIPROC_DIR), or scrape each as a target of its own"
)


def check_target_queries(reader: EvidenceReader) -> Check | None:
    """Return the failed check if a query about scrape targets or clock failed; ``None`` if none did.

    Without these queries, gaps and restarts stay hidden.
    """
    for key, result in reader.evidence.results.items():
        if not _is_about_targets(key, result):
            continue
        if result.error:
            return _fail("target_queries", f"{key}: {result.error}", Reason.QUERY_FAILED)
        if warning := find_partial_data_warning(result.warnings):
            return _fail("target_queries", f"{key}: {warning}", Reason.PARTIAL_DATA)
        if fault := reader.find_query_fault(key):
            return _fail("target_queries", f"{key}: {fault}", Reason.QUERY_FAILED)
    return None


def _is_about_targets(key: QueryKey, result: QueryResult) -> bool:
    return key in TARGET_KEYS or (result.exact and key.text.partition("{")[0].endswith("_created"))


def check_processes(spec: Spec, reader: EvidenceReader) -> Check:
    """Check that a single process answers the scrapes of each target.

    A counter that falls while the start time of its process stays the same was not reset by a restart.
    """
    counters = list_counters(spec)
    shared = reader.find_shared_targets(counters)
    known = {scrape_target_of(series) for series in reader.process_start_series}
    restarted = reader.restarted_targets
    for target in {target for selector in counters for target in reader.find_fallen_targets(selector)}:
        if target in known and target not in restarted:
            shared.setdefault(target, "counters fell while the start time of the process stayed the same")
    if not shared:
        return Check("processes", CheckStatus.PASS, "no sign of several processes behind one scrape target")
    detail = f"several processes answer the scrapes of {_describe_targets(shared)}: {_REMEDY}"
    return _fail("processes", detail, Reason.MULTIPLE_PROCESSES, {"targets": len(shared)})


def _describe_targets(evidence_by_target: dict[ScrapeTarget, str]) -> str:
    texts = [
        f"{format_target(target)} ({text})"
        for target, text in sorted(evidence_by_target.items())[:_MAX_TARGETS]
    ]
    if further := len(evidence_by_target) - len(texts):
        texts.append(f"{further} more")
    return ", ".join(texts)


def format_target(target: ScrapeTarget) -> str:
    """Return a scrape target as its job and address."""
    job, address = target
    return f"{job or 'target'} {address}".strip()


def _fail(name: str, detail: str, reason: Reason, numbers: dict[str, float] | None = None) -> Check:
    return Check(name, CheckStatus.FAIL, detail, reason, numbers or {})
