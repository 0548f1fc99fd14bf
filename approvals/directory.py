"""Who is meant by a name: `team:sre`, `schedule:primary` (whoever is on call), `person:ana@acme.example`, an e-mail
address, a member's id, a team's name.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from approvals.models import Person, Schedule, Team
from approvals.rotas import PREFIX, roster_named
from intents import clock
from intents.ids import parse_id
from intents.models import Workspace
from intents.prepared import Prepared


def people_named(workspace: Workspace, names: Iterable[str], at: datetime | None = None) -> list[Person]:
    """The active members that these names stand for, each once, in order. An unknown name is nobody.

    A schedule is whoever is on call `at` that moment; without one, now.
    """
    return _each_once(_TEAM, workspace, names, at)


def deciders_named(workspace: Workspace, names: Iterable[str], at: datetime | None = None) -> list[Person]:
    """Those of `people_named` who may decide in this workspace. One query for each name, three for a schedule."""
    return _each_once(_DECIDERS, workspace, names, at, memberships__can_decide=True)


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
    team: Prepared[Person], workspace: Workspace, names: Iterable[str], at: datetime | None, **rights: bool
) -> list[Person]:
    found: dict[str, Person] = {}
    for named in names:
        name = _on_call(workspace, named, at or clock.now()) if named.startswith(PREFIX) else named
        if name.startswith("team:"):
            people = team(workspace=workspace.pk, name=name.removeprefix("team:"))
        else:
            person = _person(_members(workspace, **rights), name.removeprefix("person:"))
            people = [person] if person else []
        for each in people:
            found.setdefault(each.ref, each)
    return list(found.values())


def _on_call(workspace: Workspace, name: str, at: datetime) -> str:
    roster = roster_named(workspace, name, at)
    return (roster.on_call(at) if roster else None) or ""


def _team(workspace: Workspace, name: str) -> Team | None:
    return Team.objects.filter(workspace=workspace, name=name.removeprefix("team:")).first()


def _person(among: QuerySet[Person], name: str) -> Person | None:
    person_id = parse_id(name)
    match = Q(pk=person_id) if person_id else Q(email=name.lower())
    return among.filter(match).first()


def _members(workspace: Any, **rights: bool) -> QuerySet[Person]:
    """Each once: a person has one membership in a workspace."""
    return Person.objects.filter(
        is_active=True, memberships__workspace=workspace, memberships__is_active=True, **rights
    )


def _team_with(**rights: bool) -> Prepared[Person]:
    def people(workspace: Any, name: Any) -> QuerySet[Person]:
        team = _members(workspace, **rights).filter(teams__workspace=workspace, teams__name=name)
        return team.order_by("joined_at", "email")

    return Prepared(people)


_TEAM, _DECIDERS = _team_with(), _team_with(memberships__can_decide=True)
