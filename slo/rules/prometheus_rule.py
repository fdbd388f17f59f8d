"""Rules as an object of the Prometheus Operator.

Its API, ``monitoring.coreos.com/v1``: https://prometheus-operator.dev/docs/api-reference/api/
"""

from __future__ import annotations

import re

from ruamel.yaml import YAML

from slo.model import Spec
from slo.rules.rule_files import rules_text, yaml_text

LONGEST_NAME = 253
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
LABELS = {"app.kubernetes.io/part-of": "proofload"}


def object_name(text: str) -> str:
    """Give back a text that can be the name of a Kubernetes object (RFC 1123, a DNS subdomain).

    Raises:
        ValueError: it can't.
    """
    if len(text) > LONGEST_NAME or not _NAME.fullmatch(text):
        raise ValueError(
            f"{text!r} can't be an object's name: at most {LONGEST_NAME} of a-z, 0-9, '-' and '.', "
            "beginning and ending with a letter or digit"
        )
    return text


def prometheus_rule_text(spec: Spec, name: str) -> str:
    """Write the rules of a spec as a PrometheusRule.

    Raises:
        ProblemsError: what can't be turned into rules.
    """
    made = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": name, "labels": LABELS},
        "spec": YAML(typ="safe").load(rules_text(spec)),
    }
    return yaml_text(made, "proofload rules --prometheus-rule")
