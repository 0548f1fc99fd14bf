"""Saving schedules and overrides: checked as a whole, recorded, and open gates hear of it soon after."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from approvals.directory import canonical_name, deciders_named
from approvals.models import Override, Person, Schedule, ScheduleVersion
from approvals.schedulerules import ScheduleRefused, check_body
from intents import clock
from intents.models import Workspace
from intents.services.configuration import SERVER, recorded

LONGEST_OVERRIDE = timedelta(days=366)
MOST_OVERRIDES = 1000


def save_schedule(
    workspace: Workspace, name: str, body: dict[str, Any], *, author: Person | None, actor: str = SERVER
) -> Schedule:
    """Make the schedule or give it a new version. ScheduleRefused for any fault; then nothing is saved."""
    rows = Schedule.objects.filter(workspace=workspace, name=name)
    with recorded(author.actor if author else actor, rows.all):
        return write_version(workspace, name, body, author=author)


def write_version(workspace: Workspace, name: str, body: dict[str, Any], *, author: Person | None) -> Schedule:
    """The same for a caller that records it."""
    check_body(body)
    body = with_known_people(workspace, body)
    with transaction.atomic():
        schedule, _ = Schedule.objects.select_for_update().get_or_create(workspace=workspace, name=name)
        schedule.version += 1
        schedule.unsettled_since = clock.now()
        schedule.save()
        ScheduleVersion.objects.create(schedule=schedule, number=schedule.version, body=body, author=author)
    return schedule


def with_known_people(workspace: Workspace, body: dict[str, Any]) -> dict[str, Any]:
    """The body with each person named as requirements name them. Whoever may not decide cannot be on call."""
    return body | {"layers": [layer | {"people": _known(workspace, layer["people"])} for layer in body["layers"]]}


def add_overrides(
    schedule: Schedule,
    wanted: list[tuple[Person, datetime, datetime]],
    *,
    author: Person | None,
    actor: str = SERVER,
) -> list[Override]:
    """Let these people be on call at these times instead. All of them or, with ScheduleRefused, none."""
    for person, starts_at, ends_at in wanted:
        check_override(schedule, person, starts_at, ends_at)
    check_room(schedule, len(wanted))
    with recorded(author.actor if author else actor, schedule.overrides.all):
        rows = [
            Override.objects.create(schedule=schedule, person=person, starts_at=start, ends_at=end, author=author)
            for person, start, end in wanted
        ]
        unsettle(schedule)
    return rows


def check_override(schedule: Schedule, person: Person, starts_at: datetime, ends_at: datetime) -> None:
    """ScheduleRefused with what is wrong about it."""
    if ends_at <= starts_at:
        raise ScheduleRefused("An override ends after it starts.")
    if ends_at <= clock.now():
        raise ScheduleRefused(f"The override of {person.email} ended already; it would change nothing.")
    if ends_at - starts_at > LONGEST_OVERRIDE:
        raise ScheduleRefused(f"An override takes at most {LONGEST_OVERRIDE.days} days; change the schedule instead.")
    if not deciders_named(schedule.workspace, [person.actor]):
        raise ScheduleRefused(f"{person.email} may not decide in {schedule.workspace}, so they cannot be on call.")


def check_room(schedule: Schedule, more: int) -> None:
    """ScheduleRefused if there would be too many overrides that have not ended."""
    if schedule.overrides.filter(ends_at__gt=clock.now()).count() + more > MOST_OVERRIDES:
        raise ScheduleRefused(f"{schedule} would have more than {MOST_OVERRIDES} overrides; change its layers instead.")


def unsettle(schedule: Schedule) -> None:
    """Open gates that wait for whoever is on call are looked at by the next sweep."""
    Schedule.objects.filter(pk=schedule.pk).update(unsettled_since=clock.now())


def _known(workspace: Workspace, names: list[str]) -> list[str]:
    known = [canonical_name(workspace, name) for name in names]
    for name, found in zip(names, known, strict=True):
        if not found.startswith("person:") or not deciders_named(workspace, [found]):
            raise ScheduleRefused(f"{name} is nobody who may decide in {workspace}, so they cannot be on call.")
    return known
