"""Marks a run in Grafana: an annotation from its start to its end that tells the verdict.

Grafana's HTTP API, *Create Annotation*: ``POST /api/annotations`` with ``time`` and ``timeEnd`` in
milliseconds, ``tags`` and ``text``; one without a dashboard belongs to the organization and is found by its
tags. The token is that of a service account with ``annotations:create``.
(https://grafana.com/docs/grafana/v12.4/developer-resources/api-reference/http-api/annotations/)
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Mapping
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import LocationParseError

from slo.model import Outcome, Proof
from slo.prometheus.connection import BearerAuth

TAG = "proofload"
"""By which the dashboards of ``monitoring/`` find the annotations of runs."""
URL, TOKEN = "PROOFLOAD_GRAFANA_URL", "PROOFLOAD_GRAFANA_TOKEN"
TIMEOUT_SECONDS = 3.0
"""For the connection, and again for the answer: a verdict doesn't wait for Grafana."""


class _NotMarkedError(Exception):
    """Why Grafana has no annotation of the run; the text tells nothing that is secret."""


def mark_run(environment: Mapping[str, str], proof: Proof, run: str) -> str | None:
    """Leave an annotation where the environment names a Grafana; give a warning when that did not work.

    Nothing is raised: whether a run was marked has no bearing on its verdict.
    """
    url, token = environment.get(URL, "").strip(), environment.get(TOKEN, "").strip()
    if not (url or token):
        return None
    try:
        _post(*_usable(url, token), annotation(proof, run))
    except _NotMarkedError as error:
        return f"warning: the run is not marked in Grafana: {error}"
    return None


def annotation(proof: Proof, run: str) -> dict[str, object]:
    """Give the body of the request; Grafana shows the text as HTML, so it is escaped."""
    verdict = proof.verdict
    counts = Counter(one.outcome for one in verdict.objectives)
    lines = [
        f"{verdict.outcome.value}: run {run}",
        ", ".join(f"{counts[outcome]} {outcome.value}" for outcome in Outcome if counts[outcome]),
        *(
            f"missed: {one.slo} / {one.objective}"
            for one in verdict.objectives
            if one.outcome is Outcome.MISSED
        ),
    ]
    return {
        "time": round(verdict.window.start * 1000),
        "timeEnd": round(verdict.window.end * 1000),
        "tags": [TAG, verdict.outcome.value],
        "text": html.escape("\n".join(filter(None, lines))),
    }


def _usable(url: str, token: str) -> tuple[str, str]:
    """Check what will be sent to where; a token is printable ASCII, for it stands in a header."""
    for name, value in ((URL, url), (TOKEN, token)):
        if not value:
            raise _NotMarkedError(f"{name} is not set")
    if not (token.isascii() and token.isprintable()):
        raise _NotMarkedError(f"{TOKEN} has characters that can't be sent")
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        sound = sound and not (parts.username or parts.password or parts.query or parts.fragment)
    except ValueError:  # an impossible port or IPv6 address
        sound = False
    if not sound:
        raise _NotMarkedError(f"{URL} is no address; write one like http://localhost:3000")
    return url.rstrip("/"), token


def _post(url: str, token: str, body: Mapping[str, object]) -> None:
    """Send it once; no redirect is followed, for the token is meant for this address alone."""
    try:
        answer = requests.post(
            f"{url}/api/annotations",
            json=body,
            auth=BearerAuth(token),
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
            stream=True,
        )
        answer.close()
    except (requests.RequestException, LocationParseError) as error:  # the latter: a label of a name too long
        raise _NotMarkedError(f"{type(error).__name__} at {url}") from None
    if answer.status_code != requests.codes.ok:
        raise _NotMarkedError(f"{url} answered {answer.status_code}")
