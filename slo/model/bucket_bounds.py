"""Parsing and formatting of histogram bucket bounds (the ``le`` label)."""

from __future__ import annotations

from contextlib import suppress
from math import isfinite, isnan


class MalformedHistogramError(ValueError):
    """Bucket series that do not form a histogram; the message says why."""


def parse_bound(text: str) -> float:
    """Parse an ``le`` label in any notation (``0.5``, ``5e-1``, ``+Inf``).

    Raises:
        MalformedHistogramError: ``text`` is not a number.
    """
    with suppress(ValueError):
        if not isnan(bound := float(text)):
            return bound
    raise MalformedHistogramError(f"bucket bound le={text!r} is not a number")


def list_bound_spellings(text: str) -> tuple[str, ...]:
    """Return the other spellings that client libraries and Prometheus 3 use for a finite bound.

    ``1`` is also written ``1.0``; a text that is not a finite number has no other spellings.
    """
    try:
        bound = parse_bound(text)
    except MalformedHistogramError:
        return ()
    if not isfinite(bound):
        return ()
    spellings = {f"{bound:g}", f"{bound!r}", f"{bound:.16g}", f"{bound:f}".rstrip("0").rstrip(".")}
    if bound.is_integer():
        spellings |= {f"{int(bound)}", f"{int(bound)}.0"}
    return tuple(sorted(spelling for spelling in spellings if float(spelling) == bound and spelling != text))
