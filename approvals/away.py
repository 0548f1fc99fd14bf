"""Reading: who is away, and who is told instead on a gate. Nobody gets a right by it; each has a seat of their own."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet

from approvals.models import Absence, Delegation, Gate, Person
from intents.models import Intent
from intents.prepared import Prepared

BOUND = "who is bound up with this request, so somebody else decides."

Pairs = Iterable[tuple[Person, Person, bool]]
"""Who is away or has delegated, who is asked instead, and whether the latter has agreed to that."""


def absences_at(workspace_id: Any, at: Any) -> QuerySet[Absence]:
    """The absences that are in force at this moment. `workspace_id` may be a column of an outer query."""
    started = Absence.objects.filter(workspace=workspace_id, starts_at__lte=at, ends_at__gt=at)
    return started.filter(Q(ended_at=None) | Q(ended_at__gt=at))


def overlapping(workspace_id: UUID, starts_at: datetime, ends_at: datetime) -> QuerySet[Absence]:
    """The absences that are in force at some moment between the two."""
    rows = Absence.objects.filter(workspace=workspace_id, starts_at__lt=ends_at, ends_at__gt=starts_at)
    return rows.filter(Q(ended_at=None) | Q(ended_at__gt=starts_at) & Q(ended_at__gt=F("starts_at")))


def told_instead(gate: Gate, people: Iterable[Person], at: datetime) -> list[Person]:
    """Whom to tell for these people, each once: a delegate for whoever has one, nobody for who is away without."""
    given = {row.person_id: row.to for row in running_with_people(gate)}
    away = away_at(gate.workspace_id, at)
    found: dict[UUID, Person] = {}
    for person in people:
        instead = given.get(person.pk) or (None if person.pk in away else person)
        if instead is not None:
            found.setdefault(instead.pk, instead)
    return list(found.values())


def in_words(gate: Gate) -> list[str]:
    """Who is asked instead of whom, a sentence each."""
    rows = running(gate).select_related("person", "to", "absence").order_by("at", "pk")
    return [
        f"{row.person.name} is away: {row.to.name} is asked instead."
        if row.absence
        else f"{row.person.name} has asked {row.to.name} to decide instead."
        for row in rows
    ]


def running(gate: Gate) -> QuerySet[Delegation]:
    """The delegations of this gate that have not ended."""
    return gate.delegations.filter(ended_at=None)


def running_with_people(gate: Gate) -> list[Delegation]:
    """The same with both people of each, read at once."""
    return RUNNING(gate=gate.pk)


def running_of(intent: Intent) -> QuerySet[Delegation]:
    """Those of the intent's open gate."""
    rows = Delegation.objects.filter(gate__intent=intent, gate__closed_at=None, ended_at=None)
    return rows.select_related("gate", "person", "to")


def given_and_taken(gate: Gate, person: Person) -> tuple[Delegation | None, list[Delegation]]:
    """What this person has delegated on this gate, and what was delegated to them."""
    rows = _EITHER(gate=gate.pk, person=person.pk)
    given = next((row for row in rows if row.person_id == person.pk), None)
    return given, [row for row in rows if row.to_id == person.pk]


def addresses_of(delegations: Iterable[Delegation]) -> str:
    """Whose they are, as the record names them; "" of none."""
    return ", ".join(row.person.email for row in delegations)


def away_at(workspace_id: UUID, at: datetime) -> set[UUID]:
    """Who is away at this moment."""
    return {row.person_id for row in AWAY(workspace_id=workspace_id, at=at)}


def anybody_away(workspace_id: UUID, at: datetime) -> bool:
    """Whether any absence is in force at this moment."""
    return bool(_ONE_AWAY(workspace_id=workspace_id, at=at))


_EITHER = Prepared(
    lambda gate, person: (
        Delegation.objects.select_related("person", "to")
        .filter(Q(person=person) | Q(to=person), gate=gate, ended_at=None)
        .order_by("at", "pk")
    )
)
_ONE_AWAY = Prepared(lambda workspace_id, at: absences_at(workspace_id, at)[:1])
AWAY = Prepared(absences_at)
RUNNING = Prepared(lambda gate: Delegation.objects.select_related("person", "to").filter(gate=gate, ended_at=None))


def pairs_of(absences: Iterable[Absence]) -> list[tuple[Person, Person, bool]]:
    """Those of them that name a delegate."""
    return [(row.person, row.delegate, row.accepted_at is not None) for row in absences if row.delegate]


def pairs_on_gates(delegations: Iterable[Delegation]) -> list[tuple[Person, Person, bool]]:
    """The same of what was handed over on a gate: nobody is asked there whether they want it."""
    return [(row.person, row.to, False) for row in delegations]


def linked(bound: Collection[str], pairs: Pairs) -> dict[str, str]:
    """The delegates and the delegators of these people (opaque ids), each with a sentence: nobody goes round four eyes
    by another's hand. One hop. A delegate only if they have agreed to be one: nobody is kept out by another's word.
    """
    found = {}
    for person, delegate, agreed in pairs:
        if person.ref in bound and agreed:
            found[delegate.ref] = f"{delegate.name} stands in for {person.name}, {BOUND}"
        if delegate.ref in bound:
            found[person.ref] = f"{person.name} is represented by {delegate.name}, {BOUND}"
    return found
