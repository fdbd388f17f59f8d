"""Creates a Grafana annotation from the start to the end of a run, with its verdict.

Grafana's HTTP API, *Create Annotation*: ``POST /api/annotations`` with ``time`` and ``timeEnd`` in
milliseconds, ``tags`` and ``text``. An annotation without a dashboard belongs to the organization and is
found by its tags. The token belongs to a service account with the permission ``annotations:create``.
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
from slo.prometheus import BearerAuth

ANNOTATION_TAG = "proofload"
"""The tag by which the dashboards of ``monitoring/`` find the annotations of runs."""
URL_VARIABLE, TOKEN_VARIABLE = "PROOFLOAD_GRAFANA_URL", "PROOFLOAD_GRAFANA_TOKEN"
TIMEOUT_SECONDS = 3.0
"""Timeout of the connection and of the response, so that a verdict does not wait for Grafana."""


class _AnnotationError(Exception):
    """The annotation could not be created; the message contains no secret."""


def annotate_run(environment: Mapping[str, str], proof: Proof, run_id: str) -> str | None:
    """Create an annotation if the environment names a Grafana server; return a warning if that fails.

    Raises nothing: an annotation that fails does not change the verdict.
    """
    url, token = environment.get(URL_VARIABLE, "").strip(), environment.get(TOKEN_VARIABLE, "").strip()
    if not (url or token):
        return None
    try:
        _post_annotation(*_validate_settings(url, token), build_annotation(proof, run_id))
    except _AnnotationError as error:
        return f"warning: no Grafana annotation of the run: {error}"
    return None


def build_annotation(proof: Proof, run_id: str) -> dict[str, object]:
    """Return the body of the request; its text is escaped because Grafana renders it as HTML."""
    verdict = proof.verdict
    counts = Counter(objective.outcome for objective in verdict.objectives)
    lines = [
        f"{verdict.outcome.value}: run {run_id}",
        ", ".join(f"{counts[outcome]} {outcome.value}" for outcome in Outcome if counts[outcome]),
        *(
            f"missed: {objective.slo} / {objective.objective}"
            for objective in verdict.objectives
            if objective.outcome is Outcome.MISSED
        ),
    ]
    return {
        "time": round(verdict.window.start * 1000),
        "timeEnd": round(verdict.window.end * 1000),
        "tags": [ANNOTATION_TAG, verdict.outcome.value],
        "text": html.escape("\n".join(filter(None, lines))),
    }


def _validate_settings(url: str, token: str) -> tuple[str, str]:
    """Return a URL and token that can be used; a token must be printable ASCII for the HTTP header."""
    for name, value in ((URL_VARIABLE, url), (TOKEN_VARIABLE, token)):
        if not value:
            raise _AnnotationError(f"{name} is not set")
    if not (token.isascii() and token.isprintable()):
        raise _AnnotationError(f"{TOKEN_VARIABLE} contains characters that an HTTP header can't contain")
    try:
        parts = urlsplit(url)
        is_valid = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        is_valid = is_valid and not (parts.username or parts.password or parts.query or parts.fragment)
    except ValueError:  # an invalid port or IPv6 address
        is_valid = False
    if not is_valid:
        raise _AnnotationError(f"{URL_VARIABLE} is not a URL; write e.g. http://localhost:3000")
    return url.rstrip("/"), token


def _post_annotation(url: str, token: str, body: Mapping[str, object]) -> None:
    """Send the annotation once; no redirect is followed, so that the token is sent to this URL only."""
    try:
        response = requests.post(
            f"{url}/api/annotations",
            json=body,
            auth=BearerAuth(token),
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
            stream=True,
        )
        response.close()
    except (
        requests.RequestException,
        LocationParseError,
    ) as error:  # LocationParseError: a host name with a label that is too long
        raise _AnnotationError(f"{type(error).__name__} at {url}") from None
    if response.status_code != requests.codes.ok:
        raise _AnnotationError(f"{url} responded with {response.status_code}")
