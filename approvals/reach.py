"""Whom names could come to mean: a schedule is one person at a time, and another one after the hand-over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from approvals.directory import deciders_named
from approvals.models import Person
from approvals.rotas import roster_named, schedules_in
from intents import clock
from intents.models import Workspace


def deciders_ever(workspace: Workspace, names: Iterable[str]) -> list[Person]:
    """All who may decide by these names at some time: of a schedule everybody who has a turn."""
    fixed, rotating = _parted(workspace, list(names))
    return deciders_named(workspace, [*fixed, *(name for turns in rotating for name in turns)])


def deciders_within(workspace: Workspace, names: Iterable[str], seconds: int) -> list[Person]:
    """All who may decide by these names within this time: of a schedule whoever is on call in it."""
    wanted = list(names)
    now = clock.now()
    found = [name for name in wanted if name not in schedules_in(wanted)]
    for schedule in schedules_in(wanted):
        roster = roster_named(workspace, schedule, now)
        shifts = roster.shifts(now, now + timedelta(seconds=seconds)) if roster else ()
        found += [shift.person for shift in shifts if shift.person]
    return deciders_named(workspace, found)


def most_at_once(workspace: Workspace, names: Iterable[str]) -> int:
    """How many of them can agree: each schedule stands for one person."""
    wanted = list(names)
    fixed, rotating = _parted(workspace, wanted)
    on_call = sum(bool(deciders_named(workspace, turns)) for turns in rotating)
    return min(len(deciders_ever(workspace, wanted)), len(deciders_named(workspace, fixed)) + on_call)


def _parted(workspace: Workspace, names: list[str]) -> tuple[list[str], list[list[str]]]:
    """The names that stand for the same people all the time, and for each schedule everybody in it."""
    rotating = schedules_in(names)
    rosters = [roster_named(workspace, name, clock.now()) for name in rotating]
    fixed = [name for name in names if name not in rotating]
    return fixed, [roster.everybody() if roster else [] for roster in rosters]
