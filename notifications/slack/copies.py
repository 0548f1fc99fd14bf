"""Every message in Slack is kept true: what happened since it was written is written into it, until it is there.

At most as often as Slack allows (chat.update, about once a second for a team), and never ahead of new messages.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Case as Choose
from django.db.models import F, Q, QuerySet, Value, When

from intents import clock
from intents.models import Intent
from intents.prepared import Prepared, read_once
from intents.services.durable import durable
from notifications import breaker
from notifications.case import Case, read_case
from notifications.channels.base import Dead, Retry
from notifications.fallback import lose
from notifications.models import SLACK, SlackInstallation, SlackMessage
from notifications.sealing import Unreadable
from notifications.slack.blocks import Card
from notifications.slack.cards import card_of, content_of
from notifications.slack.client import client_of
from notifications.slack.departed import farewell, is_departed
from notifications.slack.faults import FAULTS, GONE, NOBODY, Broken, code_of, fate_of
from notifications.slack.installing import note_fault
from notifications.slack.kept import DELETED, note_gone
from notifications.slack.lanes import blocked_teams
from notifications.slack.nudge import nudge
from notifications.slack.roomlook import look, look_soon

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=20)
AT_ONCE = 50
AGAIN = timedelta(seconds=10)
LONG = timedelta(minutes=5)


def rewrite_next() -> bool:
    """Make one message true that is due, the longest due first. False if none is."""
    now = clock.now()
    looked_at = _LOOKED_AT(now=now)
    if not looked_at:
        return False
    if _confirm(looked_at):
        return True
    row = _claim(now)
    if row is None:
        return False
    try:
        _rewrite(row)
    except Exception:  # one bad row must not stop the others
        log.exception("slack message not rewritten", extra={"slack_message": str(row.pk)})
        _put_off(row, clock.now() + LONG, "An error of our own.")
    return True


def _confirm(rows: Sequence[tuple[UUID, int, str, int, int]]) -> int:
    """Those that show the last event already are true: all at once. What was marked since they were read stays due."""
    true = defaultdict(list)
    for pk, marks, shows, shown_seq, last_seq in rows:
        if shows and shown_seq == last_seq:
            true[marks].append(pk)
    return sum(
        SlackMessage.objects.filter(pk__in=pks, marks=marks).update(due_at=None, why="") for marks, pks in true.items()
    )


def _claim(now: datetime) -> SlackMessage | None:
    with durable():
        rows = _due(now).select_for_update(skip_locked=True, of=("self",)).select_related("delivery__event__text")
        row = rows.order_by("due_at", "pk").first()
        if row is not None:
            row.attempt, row.lease_until = row.attempt + 1, now + LEASE
            row.save(update_fields=["attempt", "lease_until"])
    return row


def _looked_at(now: Any) -> QuerySet[SlackMessage, tuple[UUID, int, str, int, int]]:
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    rows = SlackMessage.objects.filter(free, due_at__lte=now).order_by("due_at", "pk")
    return rows.values_list("pk", "marks", "shows", "shown_seq", "intent__last_seq")[:AT_ONCE]


_LOOKED_AT = Prepared(_looked_at)


def _due(now: datetime) -> QuerySet[SlackMessage]:
    """Only through apps that work and may write just now."""
    able = SlackInstallation.objects.filter(Q(updates_after=None) | Q(updates_after__lte=now), fault="")
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    rows = SlackMessage.objects.filter(free, due_at__lte=now, workspace__in=able.values("workspace"))
    return rows.exclude(team_id__in=blocked_teams(now))


def _rewrite(row: SlackMessage) -> None:
    now = clock.now()
    if row.shows and row.shown_seq == Intent.objects.values_list("last_seq", flat=True).get(pk=row.intent_id):
        _settle(row, row.shown_seq, row.shows)
        return
    case = read_case(row.delivery, now)
    if card := _written(row, case):
        _settle(row, case.intent.last_seq, card.digest)


def _written(row: SlackMessage, case: Case) -> Card | None:
    """What Slack shows now; None if the row says what comes next. Who reads in a channel is known before."""
    installation = SlackInstallation.objects.get(workspace=row.workspace_id)
    try:
        client = client_of(installation)
        if case.room is not None:
            look(case.room, client)
        with read_once():
            card = _now(row, case)
        if card.digest == row.shows:
            return card
        client.chat_update(channel=row.channel, ts=row.ts, text=card.text, blocks=list(card.blocks))
    except Unreadable as error:
        _put_off(row, clock.now() + LONG, str(error))
        return None
    except FAULTS as error:
        _failed(row, installation, error)
        return None
    breaker.answered(f"{SLACK}:{row.team_id}")
    return card


def _now(row: SlackMessage, case: Case) -> Card:
    """What it is to show."""
    if is_departed(row, case):
        return farewell()
    if row.is_nudge and case.person:
        return nudge(case, case.person)
    return card_of(case, content_of(case), in_thread=bool(row.thread_ts))


def _failed(row: SlackMessage, installation: SlackInstallation, error: Exception) -> None:
    now, fate = clock.now(), fate_of(error)
    if isinstance(fate, Retry) and fate.paced:
        until = now + timedelta(seconds=fate.after_seconds)
        SlackInstallation.objects.filter(pk=installation.pk).update(updates_after=until)
        _put_off(row, until, fate.why)
    elif isinstance(fate, Broken):
        note_fault(installation, fate.why)
        _put_off(row, now + LONG, fate.why)
    elif row.delivery.is_post and code_of(error) in NOBODY:
        _rest(row, installation, fate.why)
    elif code_of(error) in GONE or isinstance(fate, Dead):
        _gone(row, fate.why if isinstance(fate, Dead) else DELETED)
    else:
        if fate.account:
            breaker.failed(f"{SLACK}:{row.team_id}", fate.why, 0, now)
        _put_off(row, now + AGAIN, fate.why)


def _rest(row: SlackMessage, installation: SlackInstallation, why: str) -> None:
    """Nothing can be written in that channel now. Once Slack says that it can again, what stands there is marked."""
    due_at = Choose(When(marks=row.marks, then=Value(None)), default=Value(clock.now() + LONG))
    with durable():
        _mine(row).update(due_at=due_at, shows="", lease_until=None, why=why[:500])
        look_soon(installation, row.channel)


def _gone(row: SlackMessage, why: str) -> None:
    """Whoever has not answered and has lost the request is told on the next channel."""
    note_gone(row, why)
    if not row.is_nudge:
        lose(row.delivery, why, clock.now())


def _settle(row: SlackMessage, seq: int, shows: str) -> None:
    """It shows this. What was marked meanwhile stays due, and is written anew if it is not to show this any more."""
    due_at = Choose(When(marks=row.marks, then=Value(None)), default=F("due_at"))
    shown = Choose(When(~Q(marks=row.marks), shows="", then=Value("")), default=Value(shows))
    _mine(row).update(shown_seq=seq, shows=shown, due_at=due_at, lease_until=None, why="")


def _put_off(row: SlackMessage, until: datetime, why: str) -> None:
    _mine(row).update(due_at=until, lease_until=None, why=why[:500])


def _mine(row: SlackMessage) -> QuerySet[SlackMessage]:
    """`attempt` is the fence: whoever came later has the row now."""
    return SlackMessage.objects.filter(pk=row.pk, attempt=row.attempt)
