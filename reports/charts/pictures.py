"""The pictures of a report: charts with captions that say what is seen, in sections."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.figure import Figure

from reports.charts.svg import DASHES, inline


@dataclass(frozen=True, slots=True)
class Key:
    """One line of a legend: a label from outside or ours, a CSS variable, a dash pattern."""

    label: str
    colour: str
    dash: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart with its title, caption and legend; ``svg`` is markup of our own making."""

    title: str
    caption: str
    svg: Markup
    keys: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Pictures under one heading; ``note`` says why there are none, or what is left out."""

    heading: str
    pictures: tuple[Picture, ...]
    note: str = ""


class Album:
    """Collects pictures and gives each a number, so that the ids inside them differ."""

    def __init__(self) -> None:
        self._number = 0

    def picture(self, drawn: Figure, title: str, caption: str, keys: Sequence[Key] = ()) -> Picture:
        """Turn a figure into a picture; title and caption are also what a screen reader says."""
        self._number += 1
        svg = inline(drawn, f"picture {self._number}", f"{title}. {caption}")
        return Picture(title, caption, Markup(svg), tuple(keys))  # noqa: S704 - matplotlib escapes its texts


def line_keys(labels: Sequence[str]) -> Iterator[Key]:
    """Give the legend of :func:`reports.charts.lines`: the same colours and dashes in the same order."""
    for number, label in enumerate(labels):
        place = number % len(DASHES)
        yield Key(label, f"s{place + 1}", " ".join(map(str, DASHES[place])))
