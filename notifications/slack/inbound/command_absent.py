"""`/countersign absent`: when the caller is away; be away, with a delegate; be back. By the services of the page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import QuerySet

from approvals.directory import member
from approvals.models import Absence, Person
from approvals.services.absences import end_absence, start_absence
from approvals.text import one_line
from approvals.views.absenceapi import hints
from intents import clock
from intents.errors import Conflict, DomainError, Invalid
from intents.models import Workspace
from notifications.slack.inbound.callers import Caller
from notifications.slack.inbound.commandline import ABSENT, Away, Line, read_away
from notifications.slack.inbound.commandreplies import said, titled
from notifications.slack.linking import is_rested, link_of
from notifications.slack.richtext import Json
from notifications.wording import moment

NOT_AWAY = "You are not away, and no absence of yours is planned."
NOT_LINKED = "This Slack user has no linked account that works yet: name the delegate by their e-mail address."
NO_MEMBER = "The delegate is no member of {}: name somebody who may decide there."


def absent(caller: Caller, line: Line, team_id: str) -> Json:
    """In every workspace that the app serves, as one is away from all of them."""
    if not line.words:
        rows = list(_left(caller))
        return titled("Your absences", [_words(caller, row) for row in rows]) if rows else said(NOT_AWAY)
    if line.words == ("off",) or [word.lower() for word in line.words] == ["off"]:
        return _back(caller)
    if line.words[0].lower() != "until":
        raise Invalid(ABSENT, code="bad_command")
    return _away(caller, read_away(line.words, caller.zone), team_id)


def _away(caller: Caller, away: Away, team_id: str) -> Json:
    """Each workspace by itself: what one refuses does not undo the others."""
    delegate = _linked(team_id, away.user_id) if away.user_id else None
    lines = [words for workspace in caller.workspaces for words in _begun(caller, workspace, away, delegate)]
    return titled("Being away", lines)


def _begun(caller: Caller, workspace: Workspace, away: Away, delegate: Person | None) -> Iterator[str]:
    where = f"{workspace}: " if caller.has_several else ""
    try:
        instead = _delegate(workspace, away.address or (delegate.email if delegate else ""))
        row = start_absence(workspace, caller.person, clock.now(), away.until, instead, actor=caller.person.actor)
    except DomainError as error:
        yield f"{where}not recorded. {error.message}"
        return
    yield f"{where}{_words(caller, row)}"
    yield from hints(row)


def _delegate(workspace: Workspace, address: str) -> Person | None:
    found = member(workspace, address) if address else None
    if address and found is None:
        raise Invalid(NO_MEMBER.format(workspace), code="bad_delegate")
    return found


def _linked(team_id: str, user_id: str) -> Person:
    link = link_of(team_id, user_id)
    if link is None or not is_rested(link, clock.now()):
        raise Conflict(NOT_LINKED, code="bad_delegate")
    return link.person


def _back(caller: Caller) -> Json:
    """What is in force ends. What is only planned is called off if nothing is."""
    now, rows = clock.now(), list(_left(caller))
    ended = [row for row in rows if row.starts_at <= now] or rows[:1]
    for row in ended:
        end_absence(row, actor=caller.person.actor)
    lines = [f"Ended: {_words(caller, row)}" for row in ended]
    return titled("You are back", lines) if lines else said(NOT_AWAY)


def _left(caller: Caller) -> QuerySet[Absence]:
    """Those that are not over, the next one first."""
    rows = Absence.objects.filter(workspace__in=caller.workspaces, person=caller.person, ended_at=None)
    left = rows.filter(ends_at__gt=clock.now()).select_related("workspace", "person", "delegate")
    return left.order_by("starts_at", "workspace__org", "workspace__name")


def _words(caller: Caller, row: Absence) -> str:
    """`Away from 14:02 CET until 24 Dec 09:00 CET; Bo Lind is asked instead.`"""
    start, end = (_moment(caller, at) for at in (row.starts_at, row.ends_at))
    instead = f"{one_line(row.delegate.name, 80)} is asked instead" if row.delegate else "nobody is asked instead"
    return f"away from {start} until {end}; {instead}." + (f" ({row.workspace})" if caller.has_several else "")


def _moment(caller: Caller, at: datetime) -> str:
    return moment(at, clock.now(), caller.zone)
