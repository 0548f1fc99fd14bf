"""A yes that was taken over from the intent that was tried before: whose it was."""

from __future__ import annotations

from django.db.models import QuerySet

from approvals.models import Decision, Gate
from approvals.outcomes import OutcomeClass


def original(gate: Gate) -> Gate:
    """The gate on which people gave the answers that this one goes by; the nearest that is still kept."""
    while gate.carried_from is not None:
        before = Gate.objects.select_related("terms", "workspace").filter(pk=gate.carried_from).first()
        if before is None:
            break
        gate = before
    return gate


def votes_for(gate: Gate) -> QuerySet[Decision]:
    """The yes votes by which it was settled, in their order."""
    return original(gate).decisions.filter(taken_back_at=None, outcome_class=OutcomeClass.YES).order_by("at", "pk")


def deciders_of(gate: Gate) -> list[str]:
    """Who had said yes, by e-mail address."""
    return list(votes_for(gate).values_list("person__email", flat=True))
