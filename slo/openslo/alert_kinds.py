"""Alert policies, conditions and notification targets of OpenSLO v1 as written: strict models.

Source: the specification, https://github.com/OpenSLO/OpenSLO (README of v1, AlertPolicy and AlertCondition).
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import Field, model_validator

from slo.openslo.fields import AlertDuration, Description, Name, Text
from slo.openslo.kind_base import Kind, Metadata, Model

_Item = TypeVar("_Item", bound=Model)


class BurnRate(Model):
    """``condition`` of an AlertCondition; durations in seconds once read."""

    kind: Literal["burnrate"] = "burnrate"
    op: Literal["lte", "lt", "gte", "gt"]
    threshold: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    lookback_window: Annotated[AlertDuration, Field(gt=0)]
    alert_after: AlertDuration = 0.0


class AlertConditionSpec(Model):
    """``spec`` of an AlertCondition."""

    description: Description = ""
    severity: Text
    condition: BurnRate


class TargetSpec(Model):
    """``spec`` of an AlertNotificationTarget; who is told is for the production's own alerting."""

    description: Description = ""
    target: Text


class ConditionItem(Model):
    """One of a policy's ``conditions``: written there, or the name of an AlertCondition."""

    condition_ref: Name | None = None
    api_version: Literal["openslo/v1"] | None = None
    kind: Literal["AlertCondition"] | None = None
    metadata: Metadata | None = None
    spec: AlertConditionSpec | None = None

    @model_validator(mode="after")
    def _one_way(self) -> ConditionItem:
        return _written_or_named(self, "conditionRef", self.condition_ref, self.metadata, self.spec)


class TargetItem(Model):
    """One of a policy's ``notificationTargets``: written there, or the name of one."""

    target_ref: Name | None = None
    api_version: Literal["openslo/v1"] | None = None
    kind: Literal["AlertNotificationTarget"] | None = None
    metadata: Metadata | None = None
    spec: TargetSpec | None = None

    @model_validator(mode="after")
    def _one_way(self) -> TargetItem:
        return _written_or_named(self, "targetRef", self.target_ref, self.metadata, self.spec)


class AlertPolicySpec(Model):
    """``spec`` of an AlertPolicy."""

    description: Description = ""
    alert_when_breaching: bool = False
    alert_when_resolved: bool = False
    alert_when_no_data: bool = False
    conditions: Annotated[list[ConditionItem], Field(min_length=1, max_length=1)]
    notification_targets: list[TargetItem] = Field(default_factory=list)

    @model_validator(mode="after")
    def _tells_something(self) -> AlertPolicySpec:
        if not (self.alert_when_breaching or self.alert_when_resolved or self.alert_when_no_data):
            raise ValueError("would never alert; write alertWhenBreaching: true")
        return self


class PolicyItem(Model):
    """One of an SLO's ``alertPolicies``: written there, or the name of an AlertPolicy."""

    alert_policy_ref: Name | None = None
    api_version: Literal["openslo/v1"] | None = None
    kind: Literal["AlertPolicy"] | None = None
    metadata: Metadata | None = None
    spec: AlertPolicySpec | None = None

    @model_validator(mode="after")
    def _one_way(self) -> PolicyItem:
        return _written_or_named(self, "alertPolicyRef", self.alert_policy_ref, self.metadata, self.spec)


class AlertPolicy(Kind):
    """When an SLO's people are told."""

    kind: Literal["AlertPolicy"]
    spec: AlertPolicySpec


class AlertCondition(Kind):
    """A condition that policies name in ``conditionRef``."""

    kind: Literal["AlertCondition"]
    spec: AlertConditionSpec


class AlertNotificationTarget(Kind):
    """Who is told; read, and left to the production's own alerting."""

    kind: Literal["AlertNotificationTarget"]
    spec: TargetSpec


def _written_or_named(
    item: _Item, field: str, ref: str | None, metadata: Metadata | None, spec: Model | None
) -> _Item:
    written = metadata is not None and spec is not None
    named_alone = ref is not None and metadata is None and spec is None
    if not (named_alone or (ref is None and written)):
        raise ValueError(f"takes {field}, or metadata and spec")
    return item
