"""Strict models of OpenSLO v1's alert policies, alert conditions and notification targets.

Source: the specification, https://github.com/OpenSLO/OpenSLO (README of v1, AlertPolicy and AlertCondition).
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import Field, model_validator

from slo.openslo.fields import AlertDuration, CamelCaseModel, Description, KindDocument, Metadata, Name, Text

_Item = TypeVar("_Item", bound=CamelCaseModel)


class BurnRate(CamelCaseModel):
    """``condition`` of an AlertCondition; durations in seconds."""

    kind: Literal["burnrate"] = "burnrate"
    op: Literal["lte", "lt", "gte", "gt"]
    threshold: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    lookback_window: Annotated[AlertDuration, Field(gt=0)]
    alert_after: AlertDuration = 0.0


class AlertConditionSpec(CamelCaseModel):
    """``spec`` of an AlertCondition."""

    description: Description = ""
    severity: Text
    condition: BurnRate


class NotificationTargetSpec(CamelCaseModel):
    """``spec`` of an AlertNotificationTarget, which is validated but not used."""

    description: Description = ""
    target: Text


class ConditionItem(CamelCaseModel):
    """An item of a policy's ``conditions``: inline, or a reference to an AlertCondition."""

    condition_ref: Name | None = None
    api_version: Literal["openslo/v1"] | None = None
    kind: Literal["AlertCondition"] | None = None
    metadata: Metadata | None = None
    spec: AlertConditionSpec | None = None

    @model_validator(mode="after")
    def _check_reference_or_inline(self) -> ConditionItem:
        return _require_reference_or_inline(
            self, "conditionRef", self.condition_ref, self.metadata, self.spec
        )


class NotificationTargetItem(CamelCaseModel):
    """An item of a policy's ``notificationTargets``: inline, or a reference to one."""

    target_ref: Name | None = None
    api_version: Literal["openslo/v1"] | None = None
    kind: Literal["AlertNotificationTarget"] | None = None
    metadata: Metadata | None = None
    spec: NotificationTargetSpec | None = None

    @model_validator(mode="after")
    def _check_reference_or_inline(self) -> NotificationTargetItem:
        return _require_reference_or_inline(self, "targetRef", self.target_ref, self.metadata, self.spec)


class AlertPolicySpec(CamelCaseModel):
    """``spec`` of an AlertPolicy."""

    description: Description = ""
    alert_when_breaching: bool = False
    alert_when_resolved: bool = False
    alert_when_no_data: bool = False
    conditions: Annotated[list[ConditionItem], Field(min_length=1, max_length=1)]
    notification_targets: list[NotificationTargetItem] = Field(default_factory=list)

    @model_validator(mode="after")
    def _check_alerts_sometimes(self) -> AlertPolicySpec:
        if not (self.alert_when_breaching or self.alert_when_resolved or self.alert_when_no_data):
            raise ValueError("would never alert; write alertWhenBreaching: true")
        return self


class PolicyItem(CamelCaseModel):
    """An item of an SLO's ``alertPolicies``: inline, or a reference to an AlertPolicy."""

    alert_policy_ref: Name | None = None
    api_version: Literal["openslo/v1"] | None = None
    kind: Literal["AlertPolicy"] | None = None
    metadata: Metadata | None = None
    spec: AlertPolicySpec | None = None

    @model_validator(mode="after")
    def _check_reference_or_inline(self) -> PolicyItem:
        return _require_reference_or_inline(
            self, "alertPolicyRef", self.alert_policy_ref, self.metadata, self.spec
        )


class AlertPolicy(KindDocument):
    """The condition of an alert and the events that it notifies of."""

    kind: Literal["AlertPolicy"]
    spec: AlertPolicySpec


class AlertCondition(KindDocument):
    """A condition that policies refer to in ``conditionRef``."""

    kind: Literal["AlertCondition"]
    spec: AlertConditionSpec


class AlertNotificationTarget(KindDocument):
    """The receiver of an alert; validated, but not used: receivers are configured in Alertmanager."""

    kind: Literal["AlertNotificationTarget"]
    spec: NotificationTargetSpec


def _require_reference_or_inline(
    item: _Item, field: str, reference: str | None, metadata: Metadata | None, spec: CamelCaseModel | None
) -> _Item:
    is_reference = reference is not None and metadata is None and spec is None
    is_inline = reference is None and metadata is not None and spec is not None
    if not (is_reference or is_inline):
        raise ValueError(f"takes {field}, or metadata and spec")
    return item
