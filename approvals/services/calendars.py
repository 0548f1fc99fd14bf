"""An iCalendar file becomes overrides of a schedule: all of it, or nothing with a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from approvals.calendars import Turn, turns_in
from approvals.directory import member
from approvals.models import Override, Person, Schedule
from approvals.rotas import roster_named
from approvals.schedulerules import ScheduleRefused
from approvals.services.schedules import add_overrides
from intents import clock
from intents.services.configuration import SERVER

AHEAD = timedelta(days=366)


@dataclass(frozen=True)
class Imported:
    """What came of a file: overrides that were made, and how many were there already."""

    made: tuple[Override, ...]
    known: int


def import_calendar(schedule: Schedule, content: bytes, *, author: Person | None, actor: str = SERVER) -> Imported:
    """The events of the next 366 days as overrides. The same file again makes nothing twice.

    ScheduleRefused for any fault in it: what cannot be read, or nobody of that name who may decide.
    """
    now = clock.now()
    roster = roster_named(schedule.workspace, schedule.name, now)
    if roster is None:
        raise ScheduleRefused(f"{schedule} has no layers yet.")
    turns = [turn for turn in turns_in(content, roster.rota.zone, now, now + AHEAD) if turn.ends_at > now]
    if not turns:
        raise ScheduleRefused(f"The calendar has no event in the next {AHEAD.days} days.")
    wanted = [(_person(schedule, turn), turn.starts_at, turn.ends_at) for turn in turns]
    fresh = [each for each in dict.fromkeys(wanted) if not _is_there(schedule, *each)]
    made = add_overrides(schedule, fresh, author=author, actor=actor) if fresh else []
    return Imported(tuple(made), len(wanted) - len(made))


def _person(schedule: Schedule, turn: Turn) -> Person:
    """By an address, or by the summary: an address or the full name of exactly one member."""
    for name in turn.names:
        person = member(schedule.workspace, name) if "@" in name else _by_name(schedule, name)
        if person is not None:
            return person
    raise ScheduleRefused(
        f"{turn.where}: neither an attendee, nor the organizer, nor the summary is a member of {schedule.workspace}."
    )


def _by_name(schedule: Schedule, name: str) -> Person | None:
    active = Person.objects.filter(memberships__workspace=schedule.workspace, memberships__is_active=True)
    found = list(active.filter(is_active=True, name__iexact=name)[:2]) if name else []
    return found[0] if len(found) == 1 else None


def _is_there(schedule: Schedule, person: Person, starts_at: datetime, ends_at: datetime) -> bool:
    return schedule.overrides.filter(person=person, starts_at=starts_at, ends_at=ends_at).exists()
