"""The rules and their tests as YAML."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from slo.model import Spec
from slo.model.burn_rate_windows import INTERVAL_SECONDS, duration
from slo.rules.alerting import alerting_rules
from slo.rules.recording import recording_rules
from slo.rules.rule_objectives import Target, targets
from slo.rules.time_compression import hurried


def rules_text(spec: Spec, times_faster: int = 1) -> str:
    """Write the rules of a spec, their time running so many times faster.

    Raises:
        ProblemsError: what can't be turned into rules.
    """
    data: dict[str, Any] = {"groups": [_group(target) for target in targets(spec)]}
    if times_faster == 1:
        return yaml_text(data, "proofload rules")
    return yaml_text(hurried(data, times_faster), f"proofload rules --times-faster {times_faster}")


def _group(target: Target) -> dict[str, Any]:
    """Put all rules of an objective into one group: they are evaluated in order, at one time."""
    return {
        "name": f"slo/{target.slo.service}/{target.name}",
        "interval": duration(INTERVAL_SECONDS),
        "rules": [*recording_rules(target), *alerting_rules(target)],
    }


def yaml_text(data: Mapping[str, Any], origin: str) -> str:
    """Write plain data as YAML that says where it is from."""
    yaml = YAML()
    yaml.width = 10_000
    yaml.representer.ignore_aliases = lambda _: True
    out = StringIO()
    out.write(f"# Written by {origin}: change the spec and write it anew.\n")
    yaml.dump(_blocks(data), out)
    return out.getvalue()


def _blocks(data: Any) -> Any:
    """Let texts of several lines stand as blocks."""
    if isinstance(data, Mapping):
        return {key: _blocks(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_blocks(value) for value in data]
    return LiteralScalarString(data) if isinstance(data, str) and "\n" in data else data
