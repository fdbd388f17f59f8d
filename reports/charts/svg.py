"""Matplotlib figures as SVG to stand inside an HTML page: themed by CSS variables, always the same bytes."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from markupsafe import escape
from matplotlib.figure import Figure

WIDTH, HEIGHT = 440.0, 200.0
"""Size of a picture in CSS pixels, before it is scaled to its column; text stays legible on a phone."""
POINTS_PER_INCH = 72

INK, MUTED, GRID, BAD, ASKED = (f"#0000{n:02x}" for n in range(0xA0, 0xA5))
SERIES = tuple(f"#0000{n:02x}" for n in range(0xB0, 0xB7))
"""Stand-ins for colours: each becomes the CSS variable of the same place in ``_VARIABLES``."""
_VARIABLES = {INK: "ink", MUTED: "muted", GRID: "grid", BAD: "bad", ASKED: "asked"} | {
    colour: f"s{n}" for n, colour in enumerate(SERIES, 1)
}
DASHES: tuple[tuple[float, ...], ...] = ((), (6, 2), (2, 1.5), (7, 2, 2, 2), (10, 3), (1, 2), (4, 1, 1, 1))
"""Dash pattern of each series in pixels: colour is never the only difference."""

_NOT_NEEDED = re.compile(r"<metadata>.*?</metadata>|<style .*?</style>|font-family:[^;\"]*;? ?", re.DOTALL)
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # a label from outside may hold dollar signs
    "font.size": 11,
    "lines.linewidth": 1.6,
    "lines.scale_dashes": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.titlecolor": INK,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": GRID,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "ytick.minor.size": 0,
    "axes.unicode_minus": False,
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the style of the report; figures have to be made and turned into SVG inside."""
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        # The browser draws the text with fonts of its own; ours only estimate its width.
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from", category=UserWarning)
        yield


def figure(width: float = WIDTH, height: float = HEIGHT) -> Figure:
    """Make an empty figure; sizes in CSS pixels."""
    made = Figure(figsize=(width / POINTS_PER_INCH, height / POINTS_PER_INCH), layout="constrained")
    made.patch.set_visible(False)
    return made


def inline(drawn: Figure, name: str, description: str) -> str:
    """Give a figure as an SVG element.

    Args:
        drawn: the figure; its axes' backgrounds are left out, so that the page shows through.
        name: makes the ids inside differ from those of other pictures of the page.
        description: what a screen reader says instead of the picture.
    """
    for axes in drawn.axes:
        axes.patch.set_visible(False)
    stream = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": name}):
        drawn.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return _described(_slim(_themed(stream.getvalue())), description)


def _themed(text: str) -> str:
    def variable(found: re.Match[str]) -> str:
        return f"var(--{_VARIABLES[found.group()]})"

    colours = re.compile("|".join(_VARIABLES))
    return re.sub(r'style="[^"]*"', lambda style: colours.sub(variable, style.group()), text)


def _slim(text: str) -> str:
    """Leave out what a page does not need, and ids that nothing refers to: they would not be unique."""
    text = text[text.index("<svg") :]
    text = _NOT_NEEDED.sub("", text)
    used = set(re.findall(r'(?:url\(|xlink:href=")#([^)"]+)', text))
    text = re.sub(r' id="([^"]+)"', lambda found: found.group() if found.group(1) in used else "", text)
    text = re.sub(r' transform="rotate\(-0 [^"]*"', "", text)
    return re.sub(r"\s*\n\s*", " ", text)


def _described(text: str, description: str) -> str:
    label = escape(description)
    return re.sub(
        r'<svg [^>]*?viewBox="([^"]+)"[^>]*>',
        lambda found: (
            '<svg xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'viewBox="{found.group(1)}" role="img" aria-label="{label}">'
        ),
        text,
        count=1,
    )
