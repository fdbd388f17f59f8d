"""Locust's own HTML report and CSV of a load, whatever sent it: filled from the books."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import gevent
from locust.env import Environment
from locust.html import get_html_report
from locust.runners import STATE_RUNNING
from locust.stats import PERCENTILES_TO_REPORT, StatsCSV, stats_history

from loadtests.locust.locust_statistics import LocustStatistics
from loadtests.recording.recorder import Books


class LocustReport:
    """Keeps Locust's statistics of the measured load, beside what sends it."""

    def __init__(self, profile: str) -> None:
        self._environment = Environment(locustfile=profile)
        self._runner = self._environment.create_local_runner()

    @contextmanager
    def following(self, books: Books, host: str) -> Iterator[None]:
        """Show what is written in these books, and keep a history of it for the charts."""
        self._environment.host = host
        self._environment.stats.clear_all()
        books.tell(LocustStatistics(self._environment.stats).add)
        self._runner.update_state(STATE_RUNNING)
        history = gevent.spawn(stats_history, self._runner)
        try:
            yield
        finally:
            history.kill()

    def files(self) -> Mapping[str, str]:
        """Give the texts of the files by their names."""
        writer = StatsCSV(self._environment, PERCENTILES_TO_REPORT)
        return {
            "locust.html": get_html_report(self._environment, show_download_link=False),
            "locust_stats.csv": _csv(writer.requests_csv),
            "locust_failures.csv": _csv(writer.failures_csv),
        }


def _csv(write: Callable[[Any], None]) -> str:
    text = io.StringIO()
    write(csv.writer(text, lineterminator="\n"))
    return text.getvalue()
