"""How bucket bounds (``le``) are written and read."""

from __future__ import annotations

from contextlib import suppress
from math import isfinite, isnan


class MalformedHistogramError(ValueError):
    """Bucket series that are no histogram; the message says what is wrong."""


def parse_bound(text: str) -> float:
    """Read an ``le`` label, however it is written (``0.5``, ``5e-1``, ``+Inf``).

    Raises:
        MalformedHistogramError: it is no number.
    """
    with suppress(ValueError):
        if not isnan(bound := float(text)):
            return bound
    raise MalformedHistogramError(f"bucket bound le={text!r} is not a number")


def spellings(text: str) -> tuple[str, ...]:
    """Give the other texts that client libraries and Prometheus 3 write for a bound, if it is a number."""
    try:
        bound = parse_bound(text)
    except MalformedHistogramError:
        return ()
    if not isfinite(bound):
        return ()
    written = {f"{bound:g}", f"{bound!r}", f"{bound:.16g}", f"{bound:f}".rstrip("0").rstrip(".")}
    if bound.is_integer():
        written |= {f"{int(bound)}", f"{int(bound)}.0"}
    return tuple(sorted(one for one in written if float(one) == bound and one != text))
