"""Matplotlib figures as inline SVG for an HTML page: coloured by CSS variables, deterministic bytes."""

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
from matplotlib.text import Text

from reports.text import formatting

WIDTH, HEIGHT = 440.0, 200.0
"""Size of a chart in CSS pixels before it is scaled to its column; small enough to be legible on a phone."""
POINTS_PER_INCH = 72

INK, MUTED, GRID, BAD, THRESHOLD = (f"#0000{n:02x}" for n in range(0xA0, 0xA5))
SERIES_COLOURS = tuple(f"#0000{n:02x}" for n in range(0xB0, 0xB7))
"""Placeholder colours: each is replaced with its CSS variable in ``_VARIABLES``."""
_VARIABLES = {INK: "ink", MUTED: "muted", GRID: "grid", BAD: "bad", THRESHOLD: "threshold"} | {
    colour: f"s{n}" for n, colour in enumerate(SERIES_COLOURS, 1)
}
DASHES: tuple[tuple[float, ...], ...] = ((), (6, 2), (2, 1.5), (7, 2, 2, 2), (10, 3), (1, 2), (4, 1, 1, 1))
"""Dash pattern of each series in pixels, so that colour is not the only difference."""

_UNUSED_MARKUP = re.compile(r"<metadata>.*?</metadata>|<style .*?</style>|font-family:[^;\"]*;? ?", re.DOTALL)
_MATPLOTLIB_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # an untrusted label may contain dollar signs
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
def use_report_style() -> Iterator[None]:
    """Apply the report's matplotlib style; create figures and render them inside this context."""
    with mpl.rc_context(_MATPLOTLIB_STYLE), warnings.catch_warnings():
        # The browser uses its own fonts; matplotlib's fonts only estimate the width of the text.
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from", category=UserWarning)
        yield


def create_figure(width: float = WIDTH, height: float = HEIGHT) -> Figure:
    """Create an empty figure; sizes in CSS pixels."""
    figure = Figure(figsize=(width / POINTS_PER_INCH, height / POINTS_PER_INCH), layout="constrained")
    figure.patch.set_visible(False)
    return figure


def render_svg(drawing: Figure, id_salt: str, description: str) -> str:
    """Return a figure as an SVG element.

    Args:
        drawing: the figure; its axes become transparent.
        id_salt: makes the ids inside the SVG unique on the page.
        description: text for screen readers.
    """
    for axes in drawing.axes:
        axes.patch.set_visible(False)
    for label in drawing.findobj(Text):
        label.set_text(formatting.replace_unsafe(label.get_text()))
    stream = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": id_salt}):
        drawing.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = _remove_unused(_apply_theme(stream.getvalue()))
    return _add_description(text, formatting.replace_unsafe(description))


def _apply_theme(text: str) -> str:
    def to_variable(match: re.Match[str]) -> str:
        return f"var(--{_VARIABLES[match.group()]})"

    colours = re.compile("|".join(_VARIABLES))
    return re.sub(r'style="[^"]*"', lambda style: colours.sub(to_variable, style.group()), text)


def _remove_unused(text: str) -> str:
    """Remove metadata and styles, and ids that nothing refers to: they would not be unique on the page."""
    text = text[text.index("<svg") :]
    text = _UNUSED_MARKUP.sub("", text)
    used = set(re.findall(r'(?:url\(|xlink:href=")#([^)"]+)', text))
    text = re.sub(r' id="([^"]+)"', lambda match: match.group() if match.group(1) in used else "", text)
    text = re.sub(r' transform="rotate\(-0 [^"]*"', "", text)
    return re.sub(r"\s*\n\s*", " ", text)


def _add_description(text: str, description: str) -> str:
    label = escape(description)
    return re.sub(
        r'<svg [^>]*?viewBox="([^"]+)"[^>]*>',
        lambda match: (
            '<svg xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'viewBox="{match.group(1)}" role="img" aria-label="{label}">'
        ),
        text,
        count=1,
    )
