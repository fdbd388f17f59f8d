"""The evidence as the judge reads it: counters, buckets and gauges over the window or a part of it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from functools import cached_property
from math import inf, isfinite, isnan

from slo.counting.bucket_bounds import joined, of_one_histogram, without_bound
from slo.counting.counters import Increase, increase
from slo.counting.duplicate_series import advice, copied, of_asked, replica_labels
from slo.counting.histograms import Buckets, Observed, observed
from slo.counting.process_restarts import Lives, begun, created, young
from slo.model import Evidence, QueryResult, Reason, Series, Window
from slo.model.bucket_bounds import MalformedHistogramError
from slo.model.evidence import Instance, instance_of, labels_of, partial
from slo.promql.query_plan import PROCESS_START, UP, created_of
from slo.promql.syntax import Selector

_NEXT_SCRAPE = 1.5
"""Scrape intervals after which the next scrape of a target ought to be there."""


class UndecidedError(Exception):
    """The evidence can't tell: ``reason`` from the closed list, and a sentence that says why."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Counted:
    """Reads evidence; all methods raise :class:`UndecidedError` where a query has no usable answer.

    ``goes_on`` is a field of :class:`slo.lives.Lives`.
    """

    def __init__(self, evidence: Evidence, *, goes_on: bool = False) -> None:
        self.evidence = evidence
        self.goes_on = goes_on
        self.window = evidence.window
        self._increases: dict[Selector, Increase] = {}
        self._observed: dict[Selector, Observed] = {}
        self._pairs: dict[tuple[Selector, Selector], tuple[Increase, Increase]] = {}

    def result(self, key: str) -> QueryResult:
        """Give the answer to a selector or an expression."""
        if self.evidence.error:
            raise UndecidedError(Reason.PROMETHEUS_UNREACHABLE, self.evidence.error)
        result = self.evidence.results.get(key)
        if result is None or result.error:
            said = result.error if result else "it was not asked"
            raise UndecidedError(Reason.QUERY_FAILED, f"{key}: {said}")
        if missing := partial(result.warnings):
            raise UndecidedError(Reason.PARTIAL_DATA, f"{key}: {missing}")
        return result

    def increase(self, selector: Selector) -> Increase:
        """Count what a counter counted in the window."""
        counted = self._increase(selector)
        if counted.strange:
            detail = f"{counted.strange} series of {selector} hold NaN, Inf or less than 0: it is no counter"
            raise UndecidedError(Reason.NO_DATA, detail)
        if counted.unbased:
            raise UndecidedError(
                Reason.SCRAPE_GAP,
                f"{counted.unbased} series of {selector} have no sample before the window, and no scrape "
                "without them shows that they began inside it",
            )
        return counted

    def _increase(self, selector: Selector) -> Increase:
        if selector not in self._increases:
            series = self._closed_series(selector)
            self._increases[selector] = increase(series, self.window, self._lives(selector))
        return self._increases[selector]

    def paired(self, good: Selector, total: Selector) -> tuple[Increase, Increase]:
        """Count good events, and those of ``total`` of which it isn't known if they are good.

        Where ``good`` is one bucket of a histogram that ``total`` counts, these are of the targets that have
        no such bucket, or not throughout; what there is of it counts nothing.
        """
        if (good, total) not in self._pairs:
            self._pairs[good, total] = self._paired(good, total)
        return self._pairs[good, total]

    def _paired(self, good: Selector, total: Selector) -> tuple[Increase, Increase]:
        counted = self.increase(good)
        if not counted.series or not of_one_histogram(good, total):
            return counted, Increase()
        buckets, totals = self._closed_series(good), self._closed_series(total)
        lacking = without_bound(buckets, totals, self.window)
        if not lacking:
            return counted, Increase()
        known = (one for one in buckets if labels_of(one) not in lacking)
        unknown = (one for one in totals if labels_of(one) in lacking)
        return (
            increase(known, self.window, self._lives(good)),
            increase(unknown, self.window, self._lives(total)),
        )

    def _lives(self, selector: Selector) -> Lives:
        """Gather what proves births and restarts of a counter's series."""
        told = self.evidence.results.get(str(created_of(selector)))
        births = created(told.series) if told else {}
        return Lives(self.scrapes, self._begun, births, self.young, self.goes_on)

    def returned(self, selector: Selector) -> int:
        """Count how often series of what was counted came back, and may have been there all the while."""
        seen = [self._increases[selector]] if selector in self._increases else []
        if selector in self._observed:
            seen += [one for _, increases in self._observed[selector].groups for one in increases]
        return sum(one.returned for one in seen)

    @cached_property
    def young(self) -> frozenset[Instance]:
        """Targets that began inside the window: by their process, else by their counters."""
        known = {instance_of(one) for one in self.process_starts}
        counters = (
            one
            for result in self.evidence.results.values()
            for one in result.series
            if one.labels.get("__name__", "").endswith("_created") and instance_of(one) not in known
        )
        return young([*self.process_starts, *counters], self.window.start)

    @cached_property
    def _begun(self) -> Mapping[Instance, Sequence[float]]:
        return begun(self.process_starts)

    def reset_instances(self, selector: Selector) -> frozenset[Instance]:
        """Name the targets of which a counter began anew in the window; none where there is no answer."""
        try:
            return self._increase(selector).reset
        except UndecidedError:
            return frozenset()

    def buckets(self, selector: Selector, part: Window | None = None) -> Buckets:
        """Sum the buckets of a histogram over the window, or over the scrapes of a part of it."""
        try:
            if selector not in self._observed:
                self._observed[selector] = observed(
                    self._bucket_series(selector), self.window, self._lives(selector)
                )
            return self._observed[selector].buckets(part)
        except MalformedHistogramError as error:
            raise UndecidedError(Reason.MALFORMED_HISTOGRAM, f"{selector}: {error}") from None

    def _bucket_series(self, selector: Selector) -> tuple[Series, ...]:
        series = self._closed_series(selector)
        if not series:
            raise UndecidedError(Reason.NO_DATA, f"{selector} matched no series")
        return series

    def bucket_steps(self, selector: Selector) -> dict[float, Buckets]:
        """Give what each scrape added to the buckets of a histogram, by its time in Unix seconds."""
        self.buckets(selector)  # says what is wrong with them, if anything is
        return self._observed[selector].steps()

    def _closed_series(self, selector: Selector) -> tuple[Series, ...]:
        """Give a counter's samples up to the scrape that closes the window: what came later is not its own.

        A series that was born, or came back, after that scrape would else bring later events in.
        """
        closed = []
        for one in self._distinct(selector):
            scrapes = self.scrapes.get(instance_of(one), ())
            place = bisect_left(scrapes, self.window.end)
            kept = bisect_right(one.times, scrapes[place] if place < len(scrapes) else inf)
            whole = kept == len(one.times)
            closed.append(one if whole else Series(one.labels, one.times[:kept], one.values[:kept]))
        return joined(tuple(closed))

    def _distinct(self, selector: Selector) -> tuple[Series, ...]:
        """Give the series of a selector, of which none may tell what another tells."""
        series = self.result(str(selector)).series
        if copied(series, self._replicas):
            raise UndecidedError(Reason.QUERY_FAILED, advice(str(selector), self._replicas))
        return series

    @cached_property
    def _replicas(self) -> tuple[str, ...]:
        ups = self.evidence.results.get(UP)
        return replica_labels(ups.series) if ups else ()

    def values(self, selector: Selector, part: Window | None = None) -> list[float]:
        """List the samples of a gauge inside the window, or from a part's start to before its end; no NaN."""
        return [value for _, value in self.samples(selector, part)]

    def samples(self, selector: Selector, part: Window | None = None) -> list[tuple[float, float]]:
        """List what :meth:`values` does, each with its time."""
        return [sample for sample in self._samples(selector, part) if not isnan(sample[1])]

    def amounts(self, selector: Selector, part: Window | None = None) -> list[tuple[float, float]]:
        """List samples that are numbers of events each, with their times."""
        found = self._samples(selector, part)
        if any(not 0 <= value < inf for _, value in found):
            detail = f"samples of {selector} are NaN, Inf or less than 0, and should be numbers of events"
            raise UndecidedError(Reason.NO_DATA, detail)
        return found

    def _samples(self, selector: Selector, part: Window | None) -> list[tuple[float, float]]:
        part = part or self.closed
        series = self._distinct(selector)
        if not series:
            raise UndecidedError(Reason.NO_DATA, f"{selector} matched no series")
        return [
            (time, value)
            for one in series
            for time, value in zip(one.times, one.values, strict=True)
            if part.start <= time < part.end and time <= self.window.end
        ]

    def value(self, query: str) -> float:
        """Give the one finite number that Prometheus made of a query."""
        series = self.result(query).series
        if not series:
            raise UndecidedError(Reason.NO_DATA, f"{query} gave no series")
        if len(series) > 1:
            raise UndecidedError(
                Reason.QUERY_FAILED, f"{query} gave {len(series)} series where one is expected"
            )
        value = series[0].values[-1]
        if not isfinite(value):
            raise UndecidedError(Reason.NO_DATA, f"{query} gave {value}")
        return value

    @cached_property
    def scrapes(self) -> Mapping[Instance, Sequence[float]]:
        """Times of the successful scrapes of each target: of ``up == 1``, else of any of its samples."""
        times: dict[Instance, set[float]] = {}
        for series in self.ups:
            good = (t for t, v in zip(series.times, series.values, strict=True) if v == 1)
            times.setdefault(instance_of(series), set()).update(good)
        known = set(times)
        for result in self.evidence.results.values():
            for series in result.series if result.exact else ():
                if instance_of(series) not in known:
                    times.setdefault(instance_of(series), set()).update(series.times)
        return {instance: sorted(seen) for instance, seen in sorted(times.items())}

    @cached_property
    def departed(self) -> Mapping[Instance, float]:
        """Targets that were no longer known when others of their job closed the window, and since when.

        Replicas that were taken down, as in a deployment. One that does not answer stays known: ``up`` is 0.
        """
        seen = {instance_of(one): one.times[-1] for one in self.ups if one.times}
        known: dict[str, float] = {}
        for (job, _), time in seen.items():
            known[job] = max(known.get(job, time), time)
        soon = _NEXT_SCRAPE * (self.evidence.scrape_interval_seconds or 0.0)
        return {
            at: time
            for at, time in seen.items()
            if time < self.window.end <= known[at[0]] and known[at[0]] - time > soon
        }

    @property
    def ups(self) -> tuple[Series, ...]:
        """The ``up`` series of the jobs that the spec's series come from."""
        return self._given(UP)

    @property
    def process_starts(self) -> tuple[Series, ...]:
        """The ``process_start_time_seconds`` series of those jobs."""
        return self._given(PROCESS_START)

    def _given(self, name: str) -> tuple[Series, ...]:
        results = self.evidence.results
        told = results[name].series if name in results else ()
        keys = results.keys() - {UP, PROCESS_START}
        asked = (one for key in keys if results[key].exact for one in results[key].series)
        return tuple(sorted(of_asked(told, asked, self._replicas), key=instance_of))

    @property
    def closed(self) -> Window:
        """The window up to the scrapes that close it, so that their samples count as inside."""
        return Window(self.window.start, inf)
