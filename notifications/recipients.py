"""The people behind a group, as of now. Nobody outside the intent's workspace is ever among them."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from approvals.directory import people_named
from approvals.models import Gate, Membership, Person
from approvals.selectors import told_people
from intents.ids import parse_id
from intents.models import Intent
from notifications.asked import people_asked
from notifications.audience import Group, Telling


def recipients(telling: Telling, intent: Intent, gate: Gate | None) -> list[Person]:
    """Each person once, in the order to be told."""
    if telling.group == Group.REQUESTER:
        return _requester(intent)
    if telling.group == Group.NAMED:
        return people_named(intent.workspace, list(telling.names))
    if gate is None:
        return []
    if telling.group == Group.ASKED:
        return list(people_asked(gate, members(intent)))
    if telling.group == Group.CONCERNED:
        return list(_concerned(intent, gate))
    if not gate.is_open:
        return []
    if telling.group == Group.PENDING:
        return told_people(gate)
    return told_people(gate, people_named(intent.workspace, list(telling.names)))


def _concerned(intent: Intent, gate: Gate) -> QuerySet[Person]:
    admins = Membership.objects.filter(workspace_id=intent.workspace_id, is_active=True, is_admin=True)
    either = Q(pk__in=gate.seats.values("person")) | Q(pk__in=admins.values("person"))
    return members(intent).filter(either).order_by("joined_at", "email")


def _requester(intent: Intent) -> list[Person]:
    """Nobody for an intent that no person asked for."""
    person_id = parse_id(intent.requester)
    if person_id is None:
        return []
    return list(members(intent).filter(pk=person_id))


def members(intent: Intent) -> QuerySet[Person]:
    """The active members of the intent's workspace."""
    return Person.objects.filter(
        is_active=True, memberships__workspace_id=intent.workspace_id, memberships__is_active=True
    )
