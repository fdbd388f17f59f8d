"""Parsed PromQL: matchers, selectors, grouping labels, and the shape of an expression."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from slo.model import QueryKey, format_label_name, format_selector, make_samples_key, quote_promql


class PromQLError(ValueError):
    """An expression that is not PromQL, or that can't be evaluated over the run's window."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """One label matcher; ``op`` is ``=``, ``!=``, ``=~`` or ``!~``."""

    label: str
    op: str
    value: str

    def __str__(self) -> str:
        """Format the matcher as PromQL."""
        return f"{format_label_name(self.label)}{self.op}{quote_promql(self.value)}"


@dataclass(frozen=True, slots=True)
class Selector:
    """An instant vector selector: a metric name (empty when only matchers name it) and matchers."""

    metric: str
    matchers: tuple[Matcher, ...] = ()

    def __str__(self) -> str:
        """Format the selector as PromQL, always in the same notation."""
        return format_selector(self.metric, map(str, self.matchers))

    @property
    def key(self) -> QueryKey:
        """Key of the selector's raw samples in the evidence."""
        return make_samples_key(str(self))

    def with_metric(self, metric: str) -> Selector:
        """Return a selector of another metric with the same matchers."""
        return Selector(metric, self.matchers)


class Shape(StrEnum):
    """Shapes of expressions; all but ``OPAQUE`` can be computed exactly from raw samples."""

    SELECTOR = "selector"
    INCREASE = "increase"
    QUANTILE = "quantile"
    OPAQUE = "opaque"


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression.

    ``SELECTOR``: ``selector`` itself. ``INCREASE``: ``rate`` or ``increase`` of the selector, or sums of that
    or of the selector; an ``or vector(0)`` is ignored. ``QUANTILE``: ``histogram_quantile`` at ``quantile``
    over the summed buckets of ``selector`` (with its ``_bucket`` suffix), if they form one histogram.
    ``OPAQUE``: any other expression; only Prometheus can evaluate it.
    """

    text: str
    shape: Shape
    selector: Selector | None = None
    quantile: float | None = None
    has_rate: bool = False
    """The expression takes ``rate`` or ``increase`` of the selector, so its metric is a counter."""


@dataclass(frozen=True, slots=True)
class GroupingLabels:
    """Labels that an aggregation keeps: ``names`` (``by``), or all labels but ``names`` (``without``)."""

    names: frozenset[str] = frozenset()
    keeps_others: bool = False

    def __contains__(self, label: str) -> bool:
        """Return whether the aggregation keeps a label."""
        return (label in self.names) is not self.keeps_others

    def apply_by(self, names: frozenset[str]) -> GroupingLabels:
        """Return the labels that ``by (names)`` keeps of these."""
        return GroupingLabels(names - self.names if self.keeps_others else names & self.names)

    def apply_without(self, names: frozenset[str]) -> GroupingLabels:
        """Return the labels that ``without (names)`` keeps of these."""
        return GroupingLabels(
            self.names | names if self.keeps_others else self.names - names, self.keeps_others
        )


ALL_LABELS = GroupingLabels(keeps_others=True)


@dataclass(frozen=True, slots=True)
class SelectorSum:
    """Sums of a selector by ``labels``, or of its ``rate``: the function and its range in seconds."""

    selector: Selector
    labels: GroupingLabels = ALL_LABELS
    rate: tuple[str, float] | None = None
