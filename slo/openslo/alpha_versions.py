"""Conversion of OpenSLO v1alpha and v2alpha documents to v1, whose models validate them.

Fields without a counterpart in v1 stay as they are, so that the models report them. Problems name the fields
of the original version.

Sources: https://github.com/OpenSLO/OpenSLO: enhancements/v2alpha.md, and for v1alpha pkg/openslo/v1alpha of
its history (2024-12 to 2025-02).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slo.documents import Document, DocumentError, Location, Problem, format_field_path, format_value

V1ALPHA, V2ALPHA, V1 = "openslo/v1alpha", "openslo.com/v2alpha", "openslo/v1"
_V1ALPHA_KINDS = ("SLO", "Service")
_WINDOW_UNITS: Mapping[str, str] = {"Day": "d", "Week": "w", "Month": "M", "Quarter": "Q"}
_RATIO_PARTS = ("good", "bad", "total", "raw")
_KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class TranslatedDocument(Document):
    """A document converted to v1, with the locations of its parts in the original."""

    original_locations: Mapping[_KeyPath, _KeyPath] = field(default_factory=dict, repr=False)

    def find_original_location(self, loc: Location) -> _KeyPath:
        """Return the location in the original of the part at ``loc``."""
        place = tuple(loc)
        for length in range(len(place), 0, -1):
            if place[:length] in self.original_locations:
                return (*self.original_locations[place[:length]], *place[length:])
        return place

    def find_line(self, loc: Location) -> int:
        """Return the line (from 1) of the part at ``loc``, or of its nearest parent."""
        return super().find_line(self.find_original_location(loc))

    def make_problem(self, loc: Location, message: str) -> Problem:
        """Return a problem with the part at ``loc``, under its field path in the original."""
        return Problem(
            self.path, self.find_line(loc), format_field_path(self.find_original_location(loc)), message
        )


def convert_to_v1(document: Document) -> Document:
    """Return an alpha document as v1, any other document unchanged.

    Raises:
        DocumentError: an alpha document has parts that v1 can't express.
    """
    data = document.data
    version = data.get("apiVersion") if isinstance(data, dict) else None
    if version not in (V1ALPHA, V2ALPHA):
        return document
    translation = _Translation(document)
    if version == V2ALPHA:
        converted = _convert_v2alpha(translation, data)
    elif data.get("kind") in _V1ALPHA_KINDS or not isinstance(data.get("kind"), str):
        converted = _convert_v1alpha(translation, data)
    else:
        known = " and ".join(_V1ALPHA_KINDS)
        converted = translation.add_problem(
            ("kind",), f"{format_value(data['kind'])} is not a kind of v1alpha; its kinds are {known}"
        )
    if translation.problems:
        raise DocumentError(translation.problems)
    return TranslatedDocument(
        {**converted, "apiVersion": V1}, document.path, document.lines, translation.original_locations
    )


class _Translation:
    """State of a conversion: the original locations of moved parts, and problems."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.original_locations: dict[_KeyPath, _KeyPath] = {}
        self.problems: list[Problem] = []

    def add_problem(self, loc: Location, message: str) -> dict[str, Any]:
        self.problems.append(self.document.make_problem(loc, message))
        return {}

    def rename_keys(
        self, data: dict[str, Any], old: _KeyPath, new: _KeyPath, names: Mapping[str, str]
    ) -> dict[str, Any]:
        """Return a mapping with other keys; add a problem for each key that only v1 has."""
        for key in data:
            if key in names.values() and key not in names:
                old_name = next(name for name, new_name in names.items() if new_name == key)
                self.add_problem(
                    (*old, key), f"is a field of v1; in this version of OpenSLO it is {old_name}"
                )
        for old_name, new_name in names.items():
            if old_name in data:
                self.original_locations[*new, new_name] = (*old, old_name)
        return {names.get(key, key): value for key, value in data.items()}


# --- v2alpha ------------------------------------------------------------------------------------------

_V2ALPHA_SLI_KEYS = {"sli": "indicator", "sliRef": "indicatorRef"}


def _convert_v2alpha(translation: _Translation, data: dict[str, Any]) -> dict[str, Any]:
    spec, kind = data.get("spec"), data.get("kind")
    metadata = data.get("metadata")
    if isinstance(metadata, dict) and "displayName" in metadata:
        translation.add_problem(("metadata", "displayName"), "is not a field of v2alpha, which removed it")
    if not isinstance(spec, dict) or kind not in ("SLO", "SLI"):
        return data
    if kind == "SLI":
        return data | {"spec": _convert_v2alpha_sli(translation, spec, ("spec",), ("spec",))}
    converted = _convert_v2alpha_indicator(translation, spec, ("spec",))
    items = spec.get("objectives")
    if isinstance(items, list):
        converted["objectives"] = [
            _convert_v2alpha_indicator(translation, item, ("spec", "objectives", number))
            if isinstance(item, dict)
            else item
            for number, item in enumerate(items)
        ]
    return data | {"spec": converted}


def _convert_v2alpha_indicator(
    translation: _Translation, data: dict[str, Any], place: _KeyPath
) -> dict[str, Any]:
    """Convert the indicator of an SLO's ``spec`` or of an objective; an objective's labels are dropped."""
    converted = translation.rename_keys(data, place, place, _V2ALPHA_SLI_KEYS)
    if len(place) > 1 and isinstance(converted.get("labels"), dict):
        del converted["labels"]
    inline = data.get("sli")
    if isinstance(inline, dict) and isinstance(inline.get("spec"), dict):
        where = (*place, "indicator", "spec")
        converted["indicator"] = inline | {
            "spec": _convert_v2alpha_sli(translation, inline["spec"], (*place, "sli", "spec"), where)
        }
    return converted


def _convert_v2alpha_sli(
    translation: _Translation, spec: dict[str, Any], old: _KeyPath, new: _KeyPath
) -> dict[str, Any]:
    converted = dict(spec)
    threshold, ratio = spec.get("thresholdMetric"), spec.get("ratioMetric")
    if isinstance(threshold, dict):
        converted["thresholdMetric"] = _convert_v2alpha_metric(
            translation, threshold, (*old, "thresholdMetric"), (*new, "thresholdMetric")
        )
    if isinstance(ratio, dict):
        converted["ratioMetric"] = ratio | {
            name: _convert_v2alpha_metric(
                translation, ratio[name], (*old, "ratioMetric", name), (*new, "ratioMetric", name)
            )
            for name in _RATIO_PARTS
            if isinstance(ratio.get(name), dict)
        }
    return converted


def _convert_v2alpha_metric(
    translation: _Translation, metric: dict[str, Any], old: _KeyPath, new: _KeyPath
) -> dict[str, Any]:
    """Wrap a metric in a ``metricSource``, which v2alpha does not have."""
    names = {"dataSourceRef": "metricSourceRef"}
    source = translation.rename_keys(metric, old, (*new, "metricSource"), names)
    translation.original_locations[*new, "metricSource"] = old
    inline = source.pop("dataSourceSpec", None)
    if isinstance(inline, dict):
        translation.original_locations[*new, "metricSource", "type"] = (*old, "dataSourceSpec", "type")
        source["type"] = inline.get("type")
        for key in inline.keys() - {"type"}:
            message = "is not supported inside an SLI; declare a DataSource and refer to it in dataSourceRef"
            translation.add_problem((*old, "dataSourceSpec", key), message)
    elif inline is not None:
        translation.add_problem((*old, "dataSourceSpec"), f"should be a mapping, got {format_value(inline)}")
    return {"metricSource": source}


# --- v1alpha ------------------------------------------------------------------------------------------


def _convert_v1alpha(translation: _Translation, data: dict[str, Any]) -> dict[str, Any]:
    spec = data.get("spec")
    if data.get("kind") != "SLO" or not isinstance(spec, dict):
        return data
    converted = translation.rename_keys(spec, ("spec",), ("spec",), {"timeWindows": "timeWindow"})
    windows = spec.get("timeWindows")
    if isinstance(windows, list):
        converted["timeWindow"] = [
            _convert_v1alpha_window(translation, item, number) for number, item in enumerate(windows)
        ]
    name = data["metadata"].get("name") if isinstance(data.get("metadata"), dict) else None
    threshold = spec["indicator"].get("thresholdMetric") if isinstance(spec.get("indicator"), dict) else None
    if isinstance(threshold, dict):
        old: _KeyPath = ("spec", "indicator", "thresholdMetric")
        new: _KeyPath = ("spec", "indicator", "spec", "thresholdMetric")
        inside = {
            **spec["indicator"],
            "thresholdMetric": _convert_v1alpha_metric(translation, threshold, old, new),
        }
        converted["indicator"] = {"metadata": {"name": name}, "spec": inside}
    _move_ratio_to_indicator(translation, converted, name)
    return data | {"spec": converted}


def _convert_v1alpha_window(translation: _Translation, item: Any, number: int) -> Any:
    if not isinstance(item, dict):
        return item
    place: _KeyPath = ("spec", "timeWindows", number)
    rest = {key: value for key, value in item.items() if key not in ("unit", "count")}
    unit, count = item.get("unit"), item.get("count")
    if not isinstance(unit, str) or unit not in _WINDOW_UNITS:
        units = ", ".join(_WINDOW_UNITS)
        translation.add_problem((*place, "unit"), f"should be one of {units}, got {format_value(unit)}")
        return rest
    if isinstance(count, bool) or not isinstance(count, int) or not 0 < count < 10**7:
        translation.add_problem(
            (*place, "count"), f"should be a whole number above 0, got {format_value(count)}"
        )
        return rest
    translation.original_locations["spec", "timeWindow", number, "duration"] = (*place, "count")
    # In v1alpha a window is calendar-aligned by default.
    return {"isRolling": False} | rest | {"duration": f"{count}{_WINDOW_UNITS[unit]}"}


def _convert_v1alpha_metric(
    translation: _Translation, metric: dict[str, Any], old: _KeyPath, new: _KeyPath
) -> dict[str, Any]:
    source = (*new, "metricSource")
    translation.original_locations[source] = old
    translation.original_locations[*source, "type"] = (*old, "source")
    translation.original_locations[*source, "spec"] = old
    kind = metric.get("queryType")
    if kind is not None and kind not in ("promql", "PromQL", "query"):
        translation.add_problem((*old, "queryType"), f"{format_value(kind)} is not supported; write promql")
    inside = {key: value for key, value in metric.items() if key not in ("source", "queryType")}
    return {"metricSource": {"type": metric.get("source"), "spec": inside}}


def _move_ratio_to_indicator(translation: _Translation, converted: dict[str, Any], name: Any) -> None:
    """Move the ``ratioMetrics`` of the objectives to the indicator; they must all be the same."""
    items = converted.get("objectives")
    items = items if isinstance(items, list) else []
    numbers = [n for n, item in enumerate(items) if isinstance(item, dict) and "ratioMetrics" in item]
    if not numbers:
        return
    ratio = items[numbers[0]]["ratioMetrics"]
    for number in range(len(items)):
        if number not in numbers or items[number]["ratioMetrics"] != ratio:
            message = "differs from those of another objective; write an SLO for each"
            translation.add_problem(("spec", "objectives", number, "ratioMetrics"), message)
    if "indicator" in converted:
        translation.add_problem(
            ("spec", "indicator"), "can't be used together with ratioMetrics in the objectives"
        )
    # v1alpha requires a value here too, where it has no meaning.
    converted["objectives"] = [
        {key: value for key, value in item.items() if key not in ("ratioMetrics", "value")}
        if isinstance(item, dict)
        else item
        for item in items
    ]
    place: _KeyPath = ("spec", "objectives", numbers[0], "ratioMetrics")
    converted["indicator"] = {
        "metadata": {"name": name},
        "spec": {"ratioMetric": _convert_v1alpha_ratio(translation, ratio, place)},
    }


def _convert_v1alpha_ratio(translation: _Translation, ratio: Any, old: _KeyPath) -> Any:
    new: _KeyPath = ("spec", "indicator", "spec", "ratioMetric")
    translation.original_locations[new] = old
    if not isinstance(ratio, dict):
        return ratio
    names = {name: name for name in ("incremental", "counter") if name in ratio}
    moved = translation.rename_keys(ratio, old, new, dict.fromkeys(names, "counter"))
    for name in _RATIO_PARTS:
        if isinstance(ratio.get(name), dict):
            moved[name] = _convert_v1alpha_metric(translation, ratio[name], (*old, name), (*new, name))
    return moved
