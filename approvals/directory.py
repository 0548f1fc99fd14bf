"""Who is meant by a name: `team:sre`, `person:ana@acme.example`, an e-mail address, a member's id, a team's name."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from approvals.models import Person, Team
from intents.ids import parse_id
from intents.models import Workspace


def people_named(workspace: Workspace, names: Iterable[str]) -> list[Person]:
    """The active members that these names stand for, each once, in order. An unknown name is nobody."""
    return _each_once(_members(workspace), workspace, names)


def deciders_named(workspace: Workspace, names: Iterable[str]) -> list[Person]:
    """Those of `people_named` who may decide in this workspace. One query for each name."""
    return _each_once(_members(workspace, memberships__can_decide=True), workspace, names)


def canonical_name(workspace: Workspace, name: str) -> str:
    """The name in the form that requirements use, or "" if it stands for nothing here."""
    text = name.strip()
    if text.startswith("team:"):
        return text if _team(workspace, text) else ""
    person = member(workspace, text)
    if person is not None:
        return f"person:{person.email}"
    return f"team:{text}" if _team(workspace, f"team:{text}") else ""


def member(workspace: Workspace, name: str) -> Person | None:
    """The active member with this e-mail address or id."""
    return _person(_members(workspace), name.strip().removeprefix("person:"))


def member_ref(workspace: Workspace, name: str) -> str:
    """The opaque id of `member`, or ""."""
    person = member(workspace, name)
    return person.ref if person else ""


def label(names: Iterable[str]) -> str:
    """How a list of names is written for people: `sre, ana@acme.example`."""
    return ", ".join(name.removeprefix("team:").removeprefix("person:") for name in names)


def _each_once(among: QuerySet[Person], workspace: Workspace, names: Iterable[str]) -> list[Person]:
    found: dict[str, Person] = {}
    for name in names:
        for person in _people(among, workspace, name):
            found.setdefault(person.ref, person)
    return list(found.values())


def _people(among: QuerySet[Person], workspace: Workspace, name: str) -> list[Person]:
    if name.startswith("team:"):
        team = among.filter(teams__workspace=workspace, teams__name=name.removeprefix("team:"))
        return list(team.order_by("joined_at", "email"))
    person = _person(among, name.removeprefix("person:"))
    return [person] if person else []


def _team(workspace: Workspace, name: str) -> Team | None:
    return Team.objects.filter(workspace=workspace, name=name.removeprefix("team:")).first()


def _person(among: QuerySet[Person], name: str) -> Person | None:
    person_id = parse_id(name)
    match = Q(pk=person_id) if person_id else Q(email=name.lower())
    return among.filter(match).first()


def _members(workspace: Workspace, **rights: bool) -> QuerySet[Person]:
    """Each once: a person has one membership in a workspace."""
    return Person.objects.filter(
        is_active=True, memberships__workspace=workspace, memberships__is_active=True, **rights
    )
