"""Withdrawing a request from its page: the requester's right, and an admin's."""

from __future__ import annotations

import uuid

from approvals.models import Membership, Person
from intents.lifecycle import Status, is_final
from intents.models import Intent
from intents.principal import PersonRef, Principal
from intents.services.resume import resolve

REASON_LIMIT = 500


def may_withdraw(intent: Intent, person: Person) -> bool:
    """True while the intent runs, for its requester and for admins of its workspace."""
    member = _member(person, intent.workspace_id)
    return member is not None and not is_final(intent.status) and (intent.requester == person.ref or member.is_admin)


def withdraw(intent: Intent, person: Person, reason: str) -> None:
    """CANCELED, reason `withdrawn`. DomainError if it is too late, or not this person's to withdraw."""
    body = {"status": Status.CANCELED, "reason": reason[:REASON_LIMIT]}
    resolve(intent, None, principal_of(person, intent.workspace_id), body)


def principal_of(person: Person, workspace_id: uuid.UUID) -> Principal:
    """This signed-in person as the lower app sees them, with their rights in the workspace."""
    member = _member(person, workspace_id)
    ref = PersonRef(
        id=person.ref,
        email=person.email,
        name=person.name,
        can_decide=bool(member and member.can_decide),
        is_admin=bool(member and member.is_admin),
    )
    return Principal(workspace_id, person=ref)


def _member(person: Person, workspace_id: uuid.UUID) -> Membership | None:
    return Membership.objects.filter(person=person, workspace_id=workspace_id, is_active=True).first()
