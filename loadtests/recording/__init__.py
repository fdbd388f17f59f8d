"""Records what a load sent: the recorder, its statistics and histograms, and the files of a load.

Memory does not grow with the number of requests; the package imports neither Locust nor gevent.
"""

from loadtests.recording.failure_reasons import (
    FAILURE_REASONS,
    OTHER_REASON,
    UNANSWERED_AT_END,
    UNEXPECTED_ANSWER,
    UNEXPECTED_BODY,
    classify_failure,
)
from loadtests.recording.hdr_histogram import DurationHistogram
from loadtests.recording.recorder import NOT_SENT, Recorder
from loadtests.recording.run_files import write_run_files
from loadtests.recording.run_json import run_from_json, run_to_json
from loadtests.recording.stats import RequestStats, StatsTable

__all__ = [
    "FAILURE_REASONS",
    "NOT_SENT",
    "OTHER_REASON",
    "UNANSWERED_AT_END",
    "UNEXPECTED_ANSWER",
    "UNEXPECTED_BODY",
    "DurationHistogram",
    "Recorder",
    "RequestStats",
    "StatsTable",
    "classify_failure",
    "run_from_json",
    "run_to_json",
    "write_run_files",
]
