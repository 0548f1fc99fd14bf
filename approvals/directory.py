"""Who is meant by a name: `team:sre`, `person:ana@acme.example`, an e-mail address, a member's id, a team's name."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from approvals.models import Membership, Person, Team
from intents.ids import parse_id
from intents.models import Workspace


def people_named(workspace: Workspace, names: Iterable[str]) -> list[Person]:
    """The active members that these names stand for, each once, in order. An unknown name is nobody."""
    found: dict[str, Person] = {}
    for name in names:
        for person in _people(workspace, name):
            found.setdefault(person.ref, person)
    return list(found.values())


def deciders_named(workspace: Workspace, names: Iterable[str]) -> list[Person]:
    """Those of `people_named` who may decide in this workspace."""
    allowed = set(
        Membership.objects.filter(workspace=workspace, is_active=True, can_decide=True).values_list(
            "person_id", flat=True
        )
    )
    return [person for person in people_named(workspace, names) if person.pk in allowed]


def canonical_name(workspace: Workspace, name: str) -> str:
    """The name in the form that requirements use, or "" if it stands for nothing here."""
    text = name.strip()
    if text.startswith("team:"):
        return text if _team(workspace, text) else ""
    person = _person(workspace, text.removeprefix("person:"))
    if person is not None:
        return f"person:{person.email}"
    return f"team:{text}" if _team(workspace, f"team:{text}") else ""


def member(workspace: Workspace, name: str) -> Person | None:
    """The active member with this e-mail address or id."""
    return _person(workspace, name.strip().removeprefix("person:"))


def member_ref(workspace: Workspace, name: str) -> str:
    """The opaque id of `member`, or ""."""
    person = member(workspace, name)
    return person.ref if person else ""


def label(names: Iterable[str]) -> str:
    """How a list of names is written for people: `sre, ana@acme.example`."""
    return ", ".join(name.removeprefix("team:").removeprefix("person:") for name in names)


def _people(workspace: Workspace, name: str) -> list[Person]:
    if name.startswith("team:"):
        team = _team(workspace, name)
        return list(_members(workspace).filter(teams=team).order_by("joined_at", "email")) if team else []
    person = _person(workspace, name.removeprefix("person:"))
    return [person] if person else []


def _team(workspace: Workspace, name: str) -> Team | None:
    return Team.objects.filter(workspace=workspace, name=name.removeprefix("team:")).first()


def _person(workspace: Workspace, name: str) -> Person | None:
    person_id = parse_id(name)
    match = Q(pk=person_id) if person_id else Q(email=name.lower())
    return _members(workspace).filter(match).first()


def _members(workspace: Workspace) -> QuerySet[Person]:
    return Person.objects.filter(
        is_active=True, memberships__workspace=workspace, memberships__is_active=True
    ).distinct()
