"""All the pictures of a report, section by section, in the order they are read."""

from __future__ import annotations

from reports.latency_pictures import latency
from reports.load_pictures import load
from reports.metric_pictures import metrics
from reports.pictures import Album, Section
from reports.svg import styled
from slo.model import Proof


def gallery(proof: Proof) -> list[Section]:
    """Draw every picture; the same proof gives the same bytes."""
    album = Album()
    with styled():
        return [load(proof, album), latency(proof, album), metrics(proof, album)]
