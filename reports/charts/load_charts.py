"""Pictures of the load: what was offered, sent and completed, and what failed."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from reports.charts import plots
from reports.charts.frames import per_second
from reports.charts.pictures import Album, Key, Picture, Section, line_keys
from reports.charts.svg import DASHES
from reports.text import formatting
from slo.model import Proof

_KEYS = (
    Key("offered", "s7", "area"),
    Key("sent", "s1"),
    Key("completed", "s2", " ".join(map(str, DASHES[2]))),
    Key("failed", "bad", "area"),
)


def load(proof: Proof, album: Album) -> Section:
    """Draw the load over time, from the generator's own books: requests, and their response times."""
    heading = "What the client sent and saw"
    if proof.run is None:
        note = "No load was recorded: the window was judged as it was found, whoever made its load."
        return Section(heading, (), note)
    seconds = per_second(proof.run)
    if seconds.empty:
        return Section(heading, (), "The load generator recorded no second of load.")
    requests = album.picture(plots.rates(seconds), "Requests per second", _caption(seconds), _KEYS)
    return Section(heading, (requests, *_percentiles(seconds[["p50", "p95", "p99"]], album)))


def _percentiles(seconds: pd.DataFrame, album: Album) -> Iterator[Picture]:
    if not seconds.notna().any(axis=None):
        return
    caption = (
        "Of each second, as the load generator saw it, from the intended start of a request"
        f"{highest(seconds, 'p99')}."
    )
    keys = tuple(line_keys(list(seconds.columns)))
    yield album.picture(plots.lines(seconds, "seconds"), "Response time, percentiles", caption, keys)


def highest(frame: pd.DataFrame, name: str) -> str:
    """Say when a column of durations was highest, to follow a sentence; empty when it never was."""
    column = frame[name].dropna()
    if column.empty:
        return ""
    when = float(column.index[int(column.argmax())])
    return f"; highest {name} {formatting.seconds(float(column.max()))}, at {formatting.number(when)} s"


def _caption(seconds: pd.DataFrame) -> str:
    means = {
        name: formatting.number(float(seconds[name].mean())) for name in ("offered", "sent", "completed")
    }
    failed = seconds["failed"]
    total = float(failed.sum())
    said = "none failed"
    if total:
        first = float(failed.index[int((failed > 0).to_numpy().argmax())])
        said = f"{formatting.count(total)} failed, the first at {formatting.number(first)} s"
    shown = ", ".join(f"{mean}/s {name}" for name, mean in means.items())
    return f"On average {shown}; {said}."
