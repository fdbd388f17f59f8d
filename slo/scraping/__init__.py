"""Scrape targets of the evidence: when each was scraped, who answered, and when its processes started.

What a scrape proves of a series, and which series are copies of each other; nothing is counted here.
"""

from slo.scraping.duplicate_series import (
    CONVENTIONAL_REPLICA_LABELS,
    describe_duplicates,
    describe_jobs_of_same_target,
    find_jobs_of_same_target,
    find_replica_labels,
    has_duplicates,
)
from slo.scraping.multiple_processes import find_shared_targets
from slo.scraping.process_restarts import (
    NO_CREATED_TIMESTAMPS,
    START_TIME_ROUNDING_SECONDS,
    CreatedTimestamps,
    RestartEvidence,
    find_new_start_times,
    find_process_restarts,
    read_created_timestamps,
)
from slo.scraping.scrape_index import ScrapeIndex
from slo.scraping.scrape_times import (
    SAME_SCRAPE_SECONDS,
    have_scrape_times,
    is_scrape_time,
    select_counted_samples,
)

__all__ = [
    "CONVENTIONAL_REPLICA_LABELS",
    "NO_CREATED_TIMESTAMPS",
    "SAME_SCRAPE_SECONDS",
    "START_TIME_ROUNDING_SECONDS",
    "CreatedTimestamps",
    "RestartEvidence",
    "ScrapeIndex",
    "describe_duplicates",
    "describe_jobs_of_same_target",
    "find_jobs_of_same_target",
    "find_new_start_times",
    "find_process_restarts",
    "find_replica_labels",
    "find_shared_targets",
    "has_duplicates",
    "have_scrape_times",
    "is_scrape_time",
    "read_created_timestamps",
    "select_counted_samples",
]
