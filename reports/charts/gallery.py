"""All the pictures of a report, section by section, in the order they are read."""

from __future__ import annotations

from reports.charts.latency_charts import latency
from reports.charts.load_charts import load
from reports.charts.metric_charts import metrics
from reports.charts.pictures import Album, Section
from reports.charts.svg import styled
from slo.model import Proof


def gallery(proof: Proof) -> list[Section]:
    """Draw every picture; the same proof gives the same bytes."""
    album = Album()
    with styled():
        return [load(proof, album), latency(proof, album), metrics(proof, album)]
