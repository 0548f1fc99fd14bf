"""Somebody leaves: one act deactivates them, mends every rule that names them, and tells each open gate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from approvals.mending import turns_without, without
from approvals.models import (
    Absence,
    ApprovalSettings,
    Chain,
    Gate,
    Membership,
    Override,
    Person,
    PersonalToken,
    Policy,
    Schedule,
    Team,
)
from approvals.rules import RuleRefused
from approvals.schedulerules import ScheduleRefused
from approvals.services import chains, policies, schedules
from approvals.services.leavers import shortfall
from approvals.sweeps import settle_memberships
from intents import clock
from intents.models import Workspace
from intents.services.configuration import recorded
from intents.services.durable import durable, undone


@dataclass(frozen=True)
class Mend:
    """One thing that names them: what it is, what becomes of it, and whether that is left for an admin to do."""

    workspace: str
    what: str
    does: str
    left_over: bool = False


def off_board(person: Person, *, actor: str, author: Person | None = None, dry_run: bool = False) -> list[Mend]:
    """Deactivate them everywhere and mend what names them; what became of each. With `dry_run` nothing stays.

    The rules are changed in one transaction; then each open gate hears of it in one of its own. Again does no harm.
    """
    done: list[Mend] = []
    with undone() if dry_run else durable(), recorded(actor, *_rows(person)):
        memberships = list(person.memberships.select_related("workspace").order_by("workspace__org", "workspace__name"))
        _deactivate(person)
        for membership in memberships:
            done += _mend(person, membership.workspace, author)
    if not dry_run:
        settle_memberships()
    return done


def _deactivate(person: Person) -> None:
    """No sign-in, no token, no seat that counts."""
    now = clock.now()
    Person.objects.filter(pk=person.pk).update(is_active=False)
    Membership.objects.filter(person=person).update(is_active=False, unsettled_since=now)
    PersonalToken.objects.filter(person=person, revoked_at=None).update(revoked_at=now)
    person.refresh_from_db()


def _mend(person: Person, workspace: Workspace, author: Person | None) -> Iterator[Mend]:
    """In the order in which one depends on the other: people, schedules, then what names those."""
    steps = (_teams, _overrides, _absences, _schedules, _chains, _policies, _defaults, _gates)
    for step in steps:
        yield from (Mend(str(workspace), *said) for said in step(person, workspace, author))


def _teams(person: Person, workspace: Workspace, _author: Person | None) -> Iterator[tuple[Any, ...]]:
    for team in Team.objects.filter(workspace=workspace, people=person):
        team.people.remove(person)
        left = team.people.count()
        yield str(team), f"loses them; {left} {'is' if left == 1 else 'are'} left", left == 0


def _overrides(person: Person, workspace: Workspace, _author: Person | None) -> Iterator[tuple[Any, ...]]:
    rows = Override.objects.filter(schedule__workspace=workspace, person=person, ends_at__gt=clock.now())
    for row in rows.select_related("schedule", "person"):
        yield (
            f"override of {row.schedule}",
            f"from {row.starts_at:%Y-%m-%d %H:%M} UTC goes; whoever has the turn is on call",
        )
        schedules.unsettle(row.schedule)
        row.delete()


def _absences(person: Person, workspace: Workspace, _author: Person | None) -> Iterator[tuple[Any, ...]]:
    running = Absence.objects.filter(workspace=workspace, ended_at=None, ends_at__gt=clock.now())
    if running.filter(person=person).update(ended_at=clock.now()):
        yield "their absence", "ends"
    for row in running.filter(delegate=person).select_related("person"):
        Absence.objects.filter(pk=row.pk).update(delegate=None, applied_at=None)
        yield f"absence of {row.person.email}", "has no delegate any more: they should name another", True


def _schedules(person: Person, workspace: Workspace, author: Person | None) -> Iterator[tuple[Any, ...]]:
    for row in Schedule.objects.filter(workspace=workspace):
        newest = row.versions.filter(number=row.version).first()
        body, stuck = turns_without(newest.body, _names(person)) if newest else ({}, [])
        if newest is None or (body == newest.body and not stuck):
            continue
        said = stuck or _tried(
            lambda row=row, body=body: schedules.write_version(workspace, row.name, body, author=author)
        )
        yield str(row), *_became("their turns go to whoever comes next", said)


def _chains(person: Person, workspace: Workspace, author: Person | None) -> Iterator[tuple[Any, ...]]:
    for row in Chain.objects.filter(workspace=workspace):
        newest = row.versions.filter(number=row.version).first()
        body, stuck = without(newest.body, _names(person)) if newest else ({}, [])
        if newest is None or (body == newest.body and not stuck):
            continue
        said = [f"{place} names nobody else" for place in stuck] or _tried(
            partial(chains.write_version, workspace, row.name, body, author=author)
        )
        yield f"chain {row.name}", *_became("tells the others", said)


def _policies(person: Person, workspace: Workspace, author: Person | None) -> Iterator[tuple[Any, ...]]:
    for row in Policy.objects.filter(workspace=workspace):
        newest = row.versions.filter(number=row.version).first()
        body, stuck = without(newest.body, _names(person)) if newest else ({}, [])
        if newest is None or (body == newest.body and not stuck and not _asks_too_many(workspace, body)):
            continue
        write = partial(policies.write_version, workspace, row.name, body, position=row.position, author=author)
        said = [f"{place} names nobody else" for place in stuck] or _tried(write)
        yield f"policy {row.name}", *_became("asks the others", said)


def _asks_too_many(workspace: Workspace, body: dict[str, Any]) -> bool:
    """True if their leaving has made a line impossible, by a team or a schedule that has shrunk."""
    return bool(_tried(lambda: policies.check_people(workspace, body)))


def _defaults(person: Person, workspace: Workspace, _author: Person | None) -> Iterator[tuple[Any, ...]]:
    row = ApprovalSettings.objects.filter(workspace=workspace).first()
    wanted = {"who": row.default_approvers if row else []}
    kept, stuck = without(wanted, _names(person))
    if row is not None and kept != wanted:
        row.default_approvers = kept["who"]
        row.save(update_fields=["default_approvers"])
    if kept != wanted or stuck:
        yield "default approvers", *_became("are the others", ["nobody else is named"] if stuck else [])


def _gates(person: Person, workspace: Workspace, _author: Person | None) -> Iterator[tuple[Any, ...]]:
    """What the sweep will do, which follows once this is committed."""
    rows = Gate.objects.filter(workspace=workspace, closed_at=None, seats__person=person).distinct()
    for gate in rows.select_related("terms", "intent__texts", "workspace"):
        short = shortfall(gate)
        yield f"gate {gate.title} ({gate.pk})", short or "waits for the others", bool(short)


def _tried(write: Any) -> list[str]:
    try:
        write()
    except (RuleRefused, ScheduleRefused) as refusal:
        return [str(refusal)]
    return []


def _became(fine: str, faults: list[str]) -> tuple[str, bool]:
    return ("stays as it is: " + "; ".join(faults), True) if faults else (fine, False)


def _names(person: Person) -> frozenset[str]:
    return frozenset({person.email.lower(), person.ref})


def _rows(person: Person) -> list[Any]:
    """All that may change, so that the chains of the workspaces say it."""
    inside = list(person.memberships.values_list("workspace", flat=True))
    of_workspace = (Team, Schedule, Chain, Policy, ApprovalSettings, Absence)
    return [
        lambda: Person.objects.filter(pk=person.pk),
        lambda: Membership.objects.filter(person=person),
        lambda: PersonalToken.objects.filter(person=person),
        lambda: Override.objects.filter(schedule__workspace__in=inside, person=person),
        *(lambda model=model: model._base_manager.filter(workspace__in=inside) for model in of_workspace),
    ]
