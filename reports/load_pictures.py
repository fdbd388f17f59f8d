"""Pictures of the load: what was offered, sent and completed, and what failed."""

from __future__ import annotations

import pandas as pd

from reports import charts, show
from reports.frames import per_second
from reports.pictures import Album, Key, Section
from reports.svg import DASHES
from slo.model import Proof

_KEYS = (
    Key("offered", "s7", "area"),
    Key("sent", "s1"),
    Key("completed", "s2", " ".join(map(str, DASHES[2]))),
    Key("failed", "bad", "area"),
)


def load(proof: Proof, album: Album) -> Section:
    """Draw the load over time, from the generator's own books."""
    heading = "Load"
    if proof.run is None:
        note = "No load was recorded: the window was judged as it was found, whoever made its load."
        return Section(heading, (), note)
    seconds = per_second(proof.run)
    if seconds.empty:
        return Section(heading, (), "The load generator recorded no second of load.")
    picture = album.picture(charts.rates(seconds), "Requests per second", _caption(seconds), _KEYS)
    return Section(heading, (picture,))


def _caption(seconds: pd.DataFrame) -> str:
    means = {name: show.number(float(seconds[name].mean())) for name in ("offered", "sent", "completed")}
    failed = seconds["failed"]
    total = float(failed.sum())
    said = "none failed"
    if total:
        worst = float(failed.index[int(failed.argmax())])
        said = (
            f"{show.count(total)} failed, most of them ({show.count(failed.max())}) at {show.number(worst)} s"
        )
    shown = ", ".join(f"{mean}/s {name}" for name, mean in means.items())
    return f"On average {shown}; {said}."
