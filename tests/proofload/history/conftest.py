"""Settings of the tests of the history."""

from __future__ import annotations

from functools import partial

import pytest

from proofload import pipeline
from reports.writers import write_reports


@pytest.fixture(autouse=True)
def reports_without_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the reports without ``report.html``, whose charts take a second for each run."""
    formats = ("json", "junit", "csv", "markdown")
    monkeypatch.setattr(pipeline, "write_reports", partial(write_reports, formats=formats))
