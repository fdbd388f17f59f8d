"""Which of a spec's data sources a command means: one server is asked for all of its SLOs."""

from __future__ import annotations

import re

from slo.model import DataSource, Spec


def address(spec: Spec) -> str | None:
    """Give the address that the spec's data sources name, if any.

    Raises:
        ValueError: they name several.
    """
    urls = sorted({one.url for one in _meant(spec) if one.url})
    if len(urls) > 1:
        raise ValueError(
            f"the spec's DataSources name {len(urls)} addresses ({', '.join(urls)}), and one server is "
            "asked: give --prometheus URL, or judge their SLOs apart"
        )
    return urls[0] if urls else None


def declared(spec: Spec, url: str) -> DataSource | None:
    """Give what the spec says of the server at an address; of one that it does not name it says nothing.

    Data sources without an address speak of whichever server is asked.

    Raises:
        ValueError: several of the spec's data sources contradict each other.
    """
    here = [one for one in _meant(spec) if one.url is None or _same(one.url, url)]
    told = [one for one in here if (one.type, one.tenant, one.headers) != (_PLAIN, None, ())]
    if len({(one.type, one.tenant, one.headers) for one in told}) > 1:
        names = ", ".join(one.name or f"metricSource.type {one.type}" for one in told)
        raise ValueError(
            f"the spec's data sources {names} differ in type, tenant or headers, and one server is asked: "
            "judge their SLOs apart"
        )
    return told[0] if told else None


_PLAIN = "Prometheus"
"""The type that names the API, which many speak: it says nothing of the server."""


def _meant(spec: Spec) -> tuple[DataSource, ...]:
    """The data sources that SLOs name; where none is named, all."""
    named = {slo.data_source for slo in spec.slos} - {None}
    if not named:
        return spec.data_sources
    return tuple(one for one in spec.data_sources if not one.name or one.name in named)


def _same(one: str, other: str) -> bool:
    return _plain(one) == _plain(other)


def _plain(url: str) -> str:
    """Write an address without user and password, which a document never holds, and without a last slash."""
    return re.sub(r"//[^/@]*@", "//", url, count=1).rstrip("/")
