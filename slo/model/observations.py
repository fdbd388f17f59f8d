"""What the verdict counted, series by series: the numbers that reports show and draw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from slo.model.evidence import Series


@dataclass(frozen=True, slots=True)
class SeriesCounts:
    """Events of one counter's series, from the scrape that opens the window to the one that closes it.

    ``times`` are Unix seconds, ``events`` the events since the first of them; both have the same length.
    ``before`` and ``after`` are the counter's values at the window's edges; ``None`` if there is no sample.
    ``is_valid`` is false if samples are NaN, Inf or negative: nothing was counted.
    """

    labels: Mapping[str, str]
    times: tuple[float, ...]
    events: tuple[float, ...]
    before: float | None = None
    after: float | None = None
    is_valid: bool = True

    @property
    def total(self) -> float:
        """Events in the window."""
        return self.events[-1] if self.events else 0.0


@dataclass(frozen=True, slots=True)
class HistogramCounts:
    """Observations of histograms with the same bounds.

    Attributes:
        bounds: upper bounds of the buckets, ascending; the last is +Inf.
        counts: observations at or below each bound in the window.
        step_ends: ends of the steps of about one scrape interval, in Unix seconds.
        quantiles: for each step, one value for each quantile that was asked for; ``None`` if nothing was
            observed, or if the value lies above the last finite bound.
    """

    bounds: tuple[float, ...]
    counts: tuple[float, ...]
    step_ends: tuple[float, ...] = ()
    quantiles: tuple[tuple[float | None, ...], ...] = ()


class Observations(Protocol):
    """Count series of the evidence by the rules of the verdict; nothing is counted before it is asked for."""

    def count_series(self, series: Sequence[Series]) -> Iterator[SeriesCounts]:
        """Count the events of each series of a counter, one after the other."""
        ...

    def is_whole_histogram(self, series: Sequence[Series]) -> bool:
        """Return whether bucket series form complete histograms with the same bounds."""
        ...

    def count_histogram(
        self, series: Sequence[Series], quantiles: Sequence[float] = (), max_steps: int = 50
    ) -> HistogramCounts | None:
        """Count the observations of a histogram; ``None`` if it is incomplete or its bounds change."""
        ...

    def select_window_samples(self, series: Sequence[Series]) -> tuple[Series, ...]:
        """Return the samples of gauges inside the window, its edges included, without NaN."""
        ...
