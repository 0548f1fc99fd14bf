"""Who is meant by a name: `team:sre`, `schedule:primary` (whoever is on call), `person:ana@acme.example`, an e-mail
address, a member's id, a team's name.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet

from approvals.models import Person, Schedule, Team
from approvals.rotas import PREFIX, roster_named
from intents import clock
from intents.ids import parse_id
from intents.models import Workspace


def people_named(workspace: Workspace, names: Iterable[str], at: datetime | None = None) -> list[Person]:
    """The active members that these names stand for, each once, in order. An unknown name is nobody.

    A schedule is whoever is on call `at` that moment; without one, now.
    """
    return _each_once(_members(workspace), workspace, names, at)


def deciders_named(workspace: Workspace, names: Iterable[str], at: datetime | None = None) -> list[Person]:
    """Those of `people_named` who may decide in this workspace. One query for each name, three for a schedule."""
    return _each_once(_members(workspace, memberships__can_decide=True), workspace, names, at)


def canonical_name(workspace: Workspace, name: str) -> str:
    """The name in the form that requirements use, or "" if it stands for nothing here."""
    text = name.strip()
    if text.startswith("team:"):
        return text if _team(workspace, text) else ""
    if text.startswith(PREFIX):
        known = Schedule.objects.filter(workspace=workspace, name=text.removeprefix(PREFIX)).exists()
        return text if known else ""
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
    """How a list of names is written for people: `sre, primary (on call), ana@acme.example`."""
    return ", ".join(_label(name) for name in names)


def _label(name: str) -> str:
    if name.startswith(PREFIX):
        return f"{name.removeprefix(PREFIX)} (on call)"
    return name.removeprefix("team:").removeprefix("person:")


def _each_once(
    among: QuerySet[Person], workspace: Workspace, names: Iterable[str], at: datetime | None
) -> list[Person]:
    found: dict[str, Person] = {}
    for name in names:
        for person in _people(among, workspace, name, at):
            found.setdefault(person.ref, person)
    return list(found.values())


def _people(among: QuerySet[Person], workspace: Workspace, name: str, at: datetime | None) -> list[Person]:
    if name.startswith(PREFIX):
        name = _on_call(workspace, name, at or clock.now())
    if name.startswith("team:"):
        team = among.filter(teams__workspace=workspace, teams__name=name.removeprefix("team:"))
        return list(team.order_by("joined_at", "email"))
    person = _person(among, name.removeprefix("person:"))
    return [person] if person else []


def _on_call(workspace: Workspace, name: str, at: datetime) -> str:
    roster = roster_named(workspace, name, at)
    return (roster.on_call(at) if roster else None) or ""


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
