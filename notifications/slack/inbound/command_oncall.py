"""`/countersign oncall [SCHEDULE]`: who is on call now and who is next, in the caller's own time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from approvals.directory import member
from approvals.models import Schedule
from approvals.oncall import Shift
from approvals.rotas import PREFIX, roster_named
from approvals.text import one_line
from intents import clock
from intents.errors import NotFound
from intents.models import Workspace
from notifications.slack.inbound.callers import Caller
from notifications.slack.inbound.commandline import Line
from notifications.slack.inbound.commandreplies import titled
from notifications.slack.richtext import Json
from notifications.wording import moment

AHEAD = timedelta(days=30)
MOST = 15
NONE = "There is no schedule."


def oncall(caller: Caller, line: Line, _team_id: str) -> Json:
    """All schedules of the caller's workspaces by name, or this one."""
    now, wanted = clock.now(), line.words[0].removeprefix(PREFIX) if line.words else ""
    rows = Schedule.objects.filter(workspace__in=caller.workspaces).select_related("workspace")
    found = list(
        (rows.filter(name=wanted[:63]) if wanted else rows).order_by("workspace__org", "workspace__name", "name")
    )
    if not found:
        raise NotFound(f"There is no schedule “{one_line(wanted, 63)}”." if wanted else NONE)
    lines = [words for row in found[:MOST] for words in _schedule(caller, row, now)]
    if len(found) > MOST:
        lines.append(f"And {len(found) - MOST} more: name one of them.")
    return titled("On call now", lines)


def _schedule(caller: Caller, row: Schedule, now: datetime) -> Iterator[str]:
    roster = roster_named(row.workspace, row.name, now)
    if roster is None:
        return
    current, *following = islice(roster.shifts(now, now + AHEAD), 2)
    where = f" in {row.workspace}" if caller.has_several else ""
    until = f", until {moment(current.ends_at, now, caller.zone)}" if following else ""
    yield f"{row.name}{where}: {_name(row.workspace, current)}{until}"
    for shift in following:
        yield f"    then {_name(row.workspace, shift)}"


def _name(workspace: Workspace, shift: Shift) -> str:
    person = member(workspace, shift.person) if shift.person else None
    return one_line(person.name, 80) if person else "nobody"
