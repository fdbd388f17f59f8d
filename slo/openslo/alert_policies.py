"""From the alert policies of an SLO, written there or referred to, to the words of :mod:`slo.model`."""

from __future__ import annotations

from collections.abc import Iterator

from slo import model
from slo.documents.yaml_source import Document, Location
from slo.openslo.alert_kinds import (
    AlertCondition,
    AlertNotificationTarget,
    AlertPolicy,
    AlertPolicySpec,
    ConditionItem,
    PolicyItem,
)
from slo.openslo.document_index import Catalogue, part
from slo.openslo.kind_base import Metadata


def validate(catalogue: Catalogue) -> None:
    """Note the problems of every document about alerts, also of those that no SLO names."""
    for document in catalogue.documents("AlertCondition"):
        catalogue.validated(AlertCondition, document)
    for document in catalogue.documents("AlertNotificationTarget"):
        catalogue.validated(AlertNotificationTarget, document)
    for document in catalogue.documents("AlertPolicy"):
        policy = catalogue.validated(AlertPolicy, document)
        if policy is not None:
            _translated(catalogue, document, ("spec",), policy.metadata, policy.spec)


def policies(
    catalogue: Catalogue, document: Document, written: list[PolicyItem] | None
) -> Iterator[model.AlertPolicy]:
    """Give the policies of an SLO; what a reference does not lead to is noted as a problem."""
    for index, item in enumerate(written or ()):
        place: Location = ("spec", "alertPolicies", index)
        if item.alert_policy_ref is not None:
            found = catalogue.named(
                "AlertPolicy", item.alert_policy_ref, document, (*place, "alertPolicyRef")
            )
            policy = part(AlertPolicy, found.data) if found else None
            if found and policy:
                yield from _translated(catalogue, found, ("spec",), policy.metadata, policy.spec)
        elif item.metadata is not None and item.spec is not None:
            yield from _translated(catalogue, document, (*place, "spec"), item.metadata, item.spec)


def _translated(
    catalogue: Catalogue, document: Document, place: Location, metadata: Metadata, spec: AlertPolicySpec
) -> list[model.AlertPolicy]:
    """Translate a policy, with its condition; none where a reference leads nowhere."""
    # As with services: where targets are declared, a name that is not among them is a slip.
    for index, target in enumerate(spec.notification_targets):
        if target.target_ref is not None and catalogue.documents("AlertNotificationTarget"):
            where = (*place, "notificationTargets", index, "targetRef")
            catalogue.named("AlertNotificationTarget", target.target_ref, document, where)
    condition = _condition(catalogue, document, (*place, "conditions", 0), spec.conditions[0])
    if condition is None:
        return []
    return [
        model.AlertPolicy(
            name=metadata.name,
            condition=condition,
            when_breaching=spec.alert_when_breaching,
            when_resolved=spec.alert_when_resolved,
            when_no_data=spec.alert_when_no_data,
        )
    ]


def _condition(
    catalogue: Catalogue, document: Document, place: Location, item: ConditionItem
) -> model.AlertCondition | None:
    metadata, spec = item.metadata, item.spec
    if item.condition_ref is not None:
        found = catalogue.named("AlertCondition", item.condition_ref, document, (*place, "conditionRef"))
        written = part(AlertCondition, found.data) if found else None
        metadata, spec = (written.metadata, written.spec) if written else (None, None)
    if metadata is None or spec is None:
        return None
    asked = spec.condition
    return model.AlertCondition(
        name=metadata.name,
        severity=spec.severity,
        op=model.Op(asked.op),
        threshold=asked.threshold,
        lookback_seconds=asked.lookback_window,
        alert_after_seconds=asked.alert_after,
    )
