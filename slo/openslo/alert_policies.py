"""Translation of alert policies to :mod:`slo.model`, with their references resolved."""

from __future__ import annotations

from collections.abc import Iterator

from slo import model
from slo.documents import Document, Location
from slo.openslo.alert_kinds import (
    AlertCondition,
    AlertNotificationTarget,
    AlertPolicy,
    AlertPolicySpec,
    ConditionItem,
    PolicyItem,
)
from slo.openslo.document_index import DocumentIndex, parse_part
from slo.openslo.fields import Metadata


def validate_alert_documents(document_index: DocumentIndex) -> None:
    """Add the problems of all alert documents, also of those that no SLO refers to."""
    for document in document_index.list_documents("AlertCondition"):
        document_index.validate(AlertCondition, document)
    for document in document_index.list_documents("AlertNotificationTarget"):
        document_index.validate(AlertNotificationTarget, document)
    for document in document_index.list_documents("AlertPolicy"):
        policy = document_index.validate(AlertPolicy, document)
        if policy is not None:
            _translate_policy(document_index, document, ("spec",), policy.metadata, policy.spec)


def translate_alert_policies(
    document_index: DocumentIndex, document: Document, items: list[PolicyItem] | None
) -> Iterator[model.AlertPolicy]:
    """Yield the alert policies of an SLO; a reference to a missing document adds a problem."""
    for index, item in enumerate(items or ()):
        place: Location = ("spec", "alertPolicies", index)
        if item.alert_policy_ref is not None:
            found = document_index.resolve_reference(
                "AlertPolicy", item.alert_policy_ref, document, (*place, "alertPolicyRef")
            )
            policy = parse_part(AlertPolicy, found.data) if found else None
            if found and policy:
                yield from _translate_policy(document_index, found, ("spec",), policy.metadata, policy.spec)
        elif item.metadata is not None and item.spec is not None:
            yield from _translate_policy(document_index, document, (*place, "spec"), item.metadata, item.spec)


def _translate_policy(
    document_index: DocumentIndex,
    document: Document,
    place: Location,
    metadata: Metadata,
    spec: AlertPolicySpec,
) -> list[model.AlertPolicy]:
    """Return a policy with its condition; nothing if a reference is invalid."""
    # References are only checked if the spec declares notification targets at all, as with services.
    for index, target in enumerate(spec.notification_targets):
        if target.target_ref is not None and document_index.list_documents("AlertNotificationTarget"):
            where = (*place, "notificationTargets", index, "targetRef")
            document_index.resolve_reference("AlertNotificationTarget", target.target_ref, document, where)
    condition = _translate_condition(document_index, document, (*place, "conditions", 0), spec.conditions[0])
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


def _translate_condition(
    document_index: DocumentIndex, document: Document, place: Location, item: ConditionItem
) -> model.AlertCondition | None:
    metadata, spec = item.metadata, item.spec
    if item.condition_ref is not None:
        found = document_index.resolve_reference(
            "AlertCondition", item.condition_ref, document, (*place, "conditionRef")
        )
        referenced = parse_part(AlertCondition, found.data) if found else None
        metadata, spec = (referenced.metadata, referenced.spec) if referenced else (None, None)
    if metadata is None or spec is None:
        return None
    burn_rate = spec.condition
    return model.AlertCondition(
        name=metadata.name,
        severity=spec.severity,
        op=model.Op(burn_rate.op),
        threshold=burn_rate.threshold,
        lookback_seconds=burn_rate.lookback_window,
        alert_after_seconds=burn_rate.alert_after,
    )
