"""OpenSLO v1alpha and v2alpha, put into the words of v1 at the border; everything is validated there, once.

What v1 has no words for is left as it stands, so that the models of v1 refuse it by name; faults name the
field that the author wrote.

Sources: https://github.com/OpenSLO/OpenSLO: enhancements/v2alpha.md, and for v1alpha pkg/openslo/v1alpha of
its history (2024-12 to 2025-02).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slo.documents.yaml_source import Document, DocumentError, Location, Problem, field_name, shown

V1ALPHA, V2ALPHA, V1 = "openslo/v1alpha", "openslo.com/v2alpha", "openslo/v1"
_V1ALPHA_KINDS = ("SLO", "Service")
_UNITS: Mapping[str, str] = {"Day": "d", "Week": "w", "Month": "M", "Quarter": "Q"}
_METRICS = ("good", "bad", "total", "raw")
_Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Translated(Document):
    """A document in the words of v1 that remembers where its author wrote each part."""

    origin: Mapping[_Place, _Place] = field(default_factory=dict, repr=False)

    def written(self, loc: Location) -> _Place:
        """The place in the file of what now stands at ``loc``."""
        place = tuple(loc)
        for length in range(len(place), 0, -1):
            if place[:length] in self.origin:
                return (*self.origin[place[:length]], *place[length:])
        return place

    def line(self, loc: Location) -> int:
        """1-based line of what now stands at ``loc``, or of its nearest parent."""
        return super().line(self.written(loc))

    def problem(self, loc: Location, message: str) -> Problem:
        """A problem with what now stands at ``loc``, under the name that its author gave it."""
        return Problem(self.path, self.line(loc), field_name(self.written(loc)), message)


def as_v1(document: Document) -> Document:
    """The document in the words of v1; any but an alpha one as it is.

    Raises:
        DocumentError: parts of an alpha document that have no meaning in v1.
    """
    data = document.data
    version = data.get("apiVersion") if isinstance(data, dict) else None
    if version not in (V1ALPHA, V2ALPHA):
        return document
    move = _Move(document)
    if version == V2ALPHA:
        made = _v2alpha(move, data)
    elif data.get("kind") in _V1ALPHA_KINDS or not isinstance(data.get("kind"), str):
        made = _v1alpha(move, data)
    else:
        known = " and ".join(_V1ALPHA_KINDS)
        made = move.fault(("kind",), f"{shown(data['kind'])} is no kind of v1alpha, which has {known}")
    if move.problems:
        raise DocumentError(move.problems)
    return Translated({**made, "apiVersion": V1}, document.path, document.lines, move.origin)


class _Move:
    """The way of a document's parts to their new places."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.origin: dict[_Place, _Place] = {}
        self.problems: list[Problem] = []

    def fault(self, loc: Location, message: str) -> dict[str, Any]:
        self.problems.append(self.document.problem(loc, message))
        return {}

    def renamed(
        self, data: dict[str, Any], old: _Place, new: _Place, names: Mapping[str, str]
    ) -> dict[str, Any]:
        """A mapping under other keys; a key that only v1 has is refused."""
        for key in data:
            if key in names.values() and key not in names:
                before = next(name for name, now in names.items() if now == key)
                self.fault((*old, key), f"is v1's word; this version of OpenSLO has {before}")
        for before, now in names.items():
            if before in data:
                self.origin[*new, now] = (*old, before)
        return {names.get(key, key): value for key, value in data.items()}


# --- v2alpha ------------------------------------------------------------------------------------------

_SLI_NAMES = {"sli": "indicator", "sliRef": "indicatorRef"}


def _v2alpha(move: _Move, data: dict[str, Any]) -> dict[str, Any]:
    spec, kind = data.get("spec"), data.get("kind")
    metadata = data.get("metadata")
    if isinstance(metadata, dict) and "displayName" in metadata:
        move.fault(("metadata", "displayName"), "is not a field of v2alpha, which took it out")
    if not isinstance(spec, dict) or kind not in ("SLO", "SLI"):
        return data
    if kind == "SLI":
        return data | {"spec": _v2_sli(move, spec, ("spec",), ("spec",))}
    made = _v2_holder(move, spec, ("spec",))
    items = spec.get("objectives")
    if isinstance(items, list):
        made["objectives"] = [
            _v2_holder(move, item, ("spec", "objectives", number)) if isinstance(item, dict) else item
            for number, item in enumerate(items)
        ]
    return data | {"spec": made}


def _v2_holder(move: _Move, data: dict[str, Any], place: _Place) -> dict[str, Any]:
    """An SLO's ``spec`` or an objective; an objective's labels say nothing that is judged."""
    made = move.renamed(data, place, place, _SLI_NAMES)
    if len(place) > 1 and isinstance(made.get("labels"), dict):
        del made["labels"]
    inline = data.get("sli")
    if isinstance(inline, dict) and isinstance(inline.get("spec"), dict):
        where = (*place, "indicator", "spec")
        made["indicator"] = inline | {"spec": _v2_sli(move, inline["spec"], (*place, "sli", "spec"), where)}
    return made


def _v2_sli(move: _Move, spec: dict[str, Any], old: _Place, new: _Place) -> dict[str, Any]:
    made = dict(spec)
    threshold, ratio = spec.get("thresholdMetric"), spec.get("ratioMetric")
    if isinstance(threshold, dict):
        made["thresholdMetric"] = _v2_metric(
            move, threshold, (*old, "thresholdMetric"), (*new, "thresholdMetric")
        )
    if isinstance(ratio, dict):
        made["ratioMetric"] = ratio | {
            name: _v2_metric(move, ratio[name], (*old, "ratioMetric", name), (*new, "ratioMetric", name))
            for name in _METRICS
            if isinstance(ratio.get(name), dict)
        }
    return made


def _v2_metric(move: _Move, metric: dict[str, Any], old: _Place, new: _Place) -> dict[str, Any]:
    """A metric inside a ``metricSource``, which v2alpha has not."""
    names = {"dataSourceRef": "metricSourceRef"}
    source = move.renamed(metric, old, (*new, "metricSource"), names)
    move.origin[*new, "metricSource"] = old
    inline = source.pop("dataSourceSpec", None)
    if isinstance(inline, dict):
        move.origin[*new, "metricSource", "type"] = (*old, "dataSourceSpec", "type")
        source["type"] = inline.get("type")
        for key in inline.keys() - {"type"}:
            message = "is not supported inside an SLI; declare a DataSource, and name it in dataSourceRef"
            move.fault((*old, "dataSourceSpec", key), message)
    elif inline is not None:
        move.fault((*old, "dataSourceSpec"), f"should be a mapping, got {shown(inline)}")
    return {"metricSource": source}


# --- v1alpha ------------------------------------------------------------------------------------------


def _v1alpha(move: _Move, data: dict[str, Any]) -> dict[str, Any]:
    spec = data.get("spec")
    if data.get("kind") != "SLO" or not isinstance(spec, dict):
        return data
    made = move.renamed(spec, ("spec",), ("spec",), {"timeWindows": "timeWindow"})
    windows = spec.get("timeWindows")
    if isinstance(windows, list):
        made["timeWindow"] = [_v1alpha_window(move, item, number) for number, item in enumerate(windows)]
    name = data["metadata"].get("name") if isinstance(data.get("metadata"), dict) else None
    threshold = spec["indicator"].get("thresholdMetric") if isinstance(spec.get("indicator"), dict) else None
    if isinstance(threshold, dict):
        old: _Place = ("spec", "indicator", "thresholdMetric")
        new: _Place = ("spec", "indicator", "spec", "thresholdMetric")
        inside = {**spec["indicator"], "thresholdMetric": _v1alpha_metric(move, threshold, old, new)}
        made["indicator"] = {"metadata": {"name": name}, "spec": inside}
    _ratio_of_objectives(move, made, name)
    return data | {"spec": made}


def _v1alpha_window(move: _Move, item: Any, number: int) -> Any:
    if not isinstance(item, dict):
        return item
    place: _Place = ("spec", "timeWindows", number)
    rest = {key: value for key, value in item.items() if key not in ("unit", "count")}
    unit, count = item.get("unit"), item.get("count")
    if not isinstance(unit, str) or unit not in _UNITS:
        said = ", ".join(_UNITS)
        move.fault((*place, "unit"), f"should be one of {said}, got {shown(unit)}")
        return rest
    if isinstance(count, bool) or not isinstance(count, int) or not 0 < count < 10**7:
        move.fault((*place, "count"), f"should be a whole number above 0, got {shown(count)}")
        return rest
    move.origin["spec", "timeWindow", number, "duration"] = (*place, "count")
    # v1alpha takes a window that says nothing for one of the calendar.
    return {"isRolling": False} | rest | {"duration": f"{count}{_UNITS[unit]}"}


def _v1alpha_metric(move: _Move, metric: dict[str, Any], old: _Place, new: _Place) -> dict[str, Any]:
    source = (*new, "metricSource")
    move.origin[source] = old
    move.origin[*source, "type"] = (*old, "source")
    move.origin[*source, "spec"] = old
    kind = metric.get("queryType")
    if kind is not None and kind not in ("promql", "PromQL", "query"):
        move.fault((*old, "queryType"), f"{shown(kind)} is not supported; write promql")
    inside = {key: value for key, value in metric.items() if key not in ("source", "queryType")}
    return {"metricSource": {"type": metric.get("source"), "spec": inside}}


def _ratio_of_objectives(move: _Move, made: dict[str, Any], name: Any) -> None:
    """Put the ``ratioMetrics`` of the objectives, where they are all the same, into the indicator."""
    items = made.get("objectives")
    items = items if isinstance(items, list) else []
    found = [n for n, item in enumerate(items) if isinstance(item, dict) and "ratioMetrics" in item]
    if not found:
        return
    ratio = items[found[0]]["ratioMetrics"]
    for number in range(len(items)):
        if number not in found or items[number]["ratioMetrics"] != ratio:
            message = "differs from that of another objective; write an SLO for each"
            move.fault(("spec", "objectives", number, "ratioMetrics"), message)
    if "indicator" in made:
        move.fault(("spec", "indicator"), "goes without ratioMetrics in the objectives")
    # v1alpha asks for a value even here, where it says nothing.
    made["objectives"] = [
        {key: value for key, value in item.items() if key not in ("ratioMetrics", "value")}
        if isinstance(item, dict)
        else item
        for item in items
    ]
    place: _Place = ("spec", "objectives", found[0], "ratioMetrics")
    made["indicator"] = {
        "metadata": {"name": name},
        "spec": {"ratioMetric": _v1alpha_ratio(move, ratio, place)},
    }


def _v1alpha_ratio(move: _Move, ratio: Any, old: _Place) -> Any:
    new: _Place = ("spec", "indicator", "spec", "ratioMetric")
    move.origin[new] = old
    if not isinstance(ratio, dict):
        return ratio
    names = {name: name for name in ("incremental", "counter") if name in ratio}
    moved = move.renamed(ratio, old, new, dict.fromkeys(names, "counter"))
    for name in _METRICS:
        if isinstance(ratio.get(name), dict):
            moved[name] = _v1alpha_metric(move, ratio[name], (*old, name), (*new, name))
    return moved
