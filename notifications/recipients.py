"""The people behind a group, as of now. Nobody outside the intent's workspace is ever among them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from django.db.models import Q, QuerySet

from approvals.directory import people_named
from approvals.models import Gate, Membership, Person
from approvals.selectors import told_people
from approvals.terms import names_in
from approvals.undertakings import live_claims
from intents.ids import parse_id
from intents.models import Intent
from intents.prepared import Prepared
from notifications.asked import people_asked
from notifications.audience import Group, Telling
from notifications.models import Purpose

PESTERING = (Purpose.REMINDER, Purpose.ESCALATION)


def recipients(telling: Telling, intent: Intent, gate: Gate | None, now: datetime) -> list[Person]:
    """Each person once, in the order to be told."""
    if telling.group == Group.REQUESTER:
        return _requester(intent)
    if telling.group == Group.NAMED:
        return people_named(intent.workspace, list(telling.names))
    if gate is None:
        return []
    if telling.group in ABOUT:
        return list(ABOUT[telling.group](intent, gate))
    return _pending(telling, gate, now) if gate.is_open else []


def _pending(telling: Telling, gate: Gate, now: datetime) -> list[Person]:
    """Who may decide and has not. Whoever is looking at it is not asked again."""
    everybody = telling.group == Group.PENDING or set(telling.names) >= set(names_in(gate.terms.body))
    told = told_people(gate, None if everybody else people_named(gate.workspace, list(telling.names)))
    return _not_looking(gate, told, now) if telling.purpose in PESTERING else told


def still_asked(gate: Gate, now: datetime) -> list[Person]:
    """Who may decide, has not, and is not looking at it."""
    return _not_looking(gate, told_people(gate), now)


def _not_looking(gate: Gate, people: Iterable[Person], now: datetime) -> list[Person]:
    looking = {claim.person_id for claim in live_claims(gate, now)}
    return [person for person in people if person.pk not in looking]


def _concerned(intent: Intent, gate: Gate) -> QuerySet[Person]:
    admins = Membership.objects.filter(workspace_id=intent.workspace_id, is_active=True, is_admin=True)
    either = Q(pk__in=gate.seats.values("person")) | Q(pk__in=admins.values("person"))
    return members(intent).filter(either).order_by("joined_at", "email")


def _informed(_intent: Intent, gate: Gate) -> list[Person]:
    """Whoever has a seat is asked, and need not be told besides."""
    names = gate.terms.body.get("inform") or []
    seated = set(gate.seats.values_list("person_id", flat=True)) if names else set()
    return [person for person in people_named(gate.workspace, names) if person.pk not in seated]


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


def is_member(intent: Intent, person: Person) -> bool:
    """Whether this is one of them."""
    return bool(_MEMBER(workspace=intent.workspace_id, person=person.pk))


_MEMBER = Prepared(
    lambda workspace, person: Membership.objects.filter(
        workspace=workspace, person=person, is_active=True, person__is_active=True
    )[:1]
)
ABOUT: Mapping[Group, Callable[[Intent, Gate], Iterable[Person]]] = {
    Group.INFORMED: _informed,
    Group.ASKED: lambda intent, gate: people_asked(gate, members(intent)),
    Group.CONCERNED: _concerned,
}
"""Groups that a gate has, open or closed."""
