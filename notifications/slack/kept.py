"""The rows of messages that stand in Slack: which there are, which are the cards, and which are to be rewritten."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F

from intents import clock, nudges
from intents.prepared import Prepared
from intents.services.durable import durable
from intents.services.rows import insert
from notifications.case import Case
from notifications.models import Delivery, SlackInstallation, SlackMessage, SlackRoom
from notifications.slack.blocks import Card
from notifications.slack.standing import STANDS

DELETED = "The message was deleted in Slack."
CHECK_AFTER = timedelta(seconds=3)
"""What happened while a message was being posted found no row to mark: each is looked at once more."""
LOOK_AGAIN = timedelta(seconds=20)
"""After a try whose end nobody knows: by then it is in Slack or never will be."""


_ROOT = Prepared(
    lambda intent, gate, team, channel: (
        SlackMessage.objects.filter(intent=intent, gate_id=gate, team_id=team, channel=channel)
        .filter(thread_ts="", gone=False)
        .order_by("posted_at", "pk")[:1]
    )
)


_SAME = Prepared(
    lambda pk, is_shared, fault: SlackRoom.objects.select_for_update(of=("self",)).filter(
        pk=pk, is_shared=is_shared, fault=fault
    )
)


@dataclass(frozen=True)
class Place:
    """A conversation in Slack, or one thread of it."""

    team_id: str
    channel: str
    thread_ts: str = ""


def message_of(delivery: Delivery) -> SlackMessage | None:
    """The message of this delivery, if it was posted already."""
    return SlackMessage.objects.filter(delivery=delivery).order_by("posted_at", "pk").first()


def root_of(case: Case, team_id: str, channel: str) -> SlackMessage | None:
    """The card of this gate in this conversation: what comes later goes into its thread."""
    if case.gate is None or not STANDS(intent=case.intent.pk):
        return None
    return _ROOT.first(intent=case.intent.pk, gate=case.gate.pk, team=team_id, channel=channel)


def keep(case: Case, place: Place, ts: str, card: Card) -> SlackMessage:
    """Note a message that was posted. If something else may be shown there since it was made, it is due at once."""
    row = _row(case, place, ts)
    row.shows, row.shown_seq, row.due_at = card.digest, case.intent.last_seq, row.posted_at + CHECK_AFTER
    row.look_again_at = row.posted_at + LOOK_AGAIN if case.delivery.attempt > 1 else None
    with durable():
        if case.room is not None and not _is_as_it_was(case.room):
            row.shows, row.due_at = "", row.posted_at
        return _saved(row)


def keep_nudge(case: Case, place: Place, ts: str, card: Card) -> None:
    """Note what was said under a card to its reader: kept true like the card, though nobody is told by it."""
    row = _row(case, place, ts)
    row.is_nudge, row.shows, row.shown_seq = True, card.digest, case.intent.last_seq
    row.due_at = row.posted_at + CHECK_AFTER
    _saved(row)


def card_at(place: Place) -> SlackMessage | None:
    """The message that begins this thread."""
    rows = SlackMessage.objects.filter(team_id=place.team_id, channel=place.channel, ts=place.thread_ts)
    return rows.select_related("delivery__event__text").first()


def adopt(case: Case, place: Place, ts: str) -> SlackMessage:
    """Note a message of ours that was found in Slack: nobody knows what it shows, so it is rewritten."""
    row = _row(case, place, ts)
    row.due_at = row.posted_at
    return _saved(row)


def mark(intent_id: UUID, now: datetime) -> None:
    """Something happened to this intent: what stands about it in Slack is to be written anew."""
    if not STANDS(intent=intent_id):
        return
    rows = SlackMessage.objects.filter(intent=intent_id, gone=False)
    if rows.update(marks=F("marks") + 1, due_at=now):
        nudges.after_commit(nudges.DELIVER)


def untrue(intent_ids: Collection[UUID]) -> set[UUID]:
    """Those of them about which something in Slack is still to be rewritten, through an app that works."""
    able = SlackInstallation.objects.filter(fault="").values("workspace")
    rows = SlackMessage.objects.filter(intent__in=intent_ids, due_at__isnull=False, workspace__in=able)
    return set(rows.values_list("intent_id", flat=True))


def forget_words(intent_id: UUID) -> None:
    """What somebody wrote about this intent is gone here, and is to go from Slack."""
    rows = SlackMessage.objects.filter(intent=intent_id, gone=False)
    rows.update(marks=F("marks") + 1, shows="", due_at=clock.now())


def mark_room(room: SlackRoom) -> None:
    """Something else may be shown there from now on: whatever stands there is written anew."""
    rows = SlackMessage.objects.filter(workspace=room.workspace_id, team_id=room.team_id, channel=room.channel_id)
    if rows.filter(gone=False).update(marks=F("marks") + 1, shows="", due_at=clock.now()):
        nudges.after_commit(nudges.DELIVER)


def mark_reader(person_id: UUID) -> None:
    """Somebody may read something else from now on: what they were sent about intents that are open is written anew."""
    rows = SlackMessage.objects.filter(delivery__person_id=person_id, intent__wake_at__isnull=False, gone=False)
    if rows.update(marks=F("marks") + 1, shows="", due_at=clock.now()):
        nudges.after_commit(nudges.DELIVER)


def note_gone(row: SlackMessage, why: str = DELETED) -> None:
    """It does not stand there any more, mostly because somebody deleted it."""
    SlackMessage.objects.filter(pk=row.pk).update(gone=True, due_at=None, lease_until=None, why=why[:500])


def _is_as_it_was(room: SlackRoom) -> bool:
    """Held until the message is noted: whoever changes the channel marks all messages that stand there, later."""
    return bool(_SAME(pk=room.pk, is_shared=room.is_shared, fault=room.fault))


def _row(case: Case, place: Place, ts: str) -> SlackMessage:
    return SlackMessage(
        workspace_id=case.delivery.workspace_id,
        intent=case.intent,
        delivery=case.delivery,
        gate_id=case.gate.pk if case.gate else None,
        team_id=place.team_id,
        channel=place.channel,
        ts=ts,
        thread_ts=place.thread_ts,
        posted_at=clock.now(),
    )


def _saved(row: SlackMessage) -> SlackMessage:
    """The one that is there, if somebody else noted it first."""
    with durable():
        if insert(row, unless_taken=True):
            return row
        return SlackMessage.objects.get(team_id=row.team_id, channel=row.channel, ts=row.ts)
