"""What the Home of a person shows now: what waits for them, what they asked for, what was decided lately."""

from __future__ import annotations

from datetime import datetime, tzinfo
from functools import partial

from django.conf import settings

from notifications.places import is_public
from notifications.slack.entries import waiting_for
from notifications.slack.homeblocks import Group, Link, home, sign
from notifications.slack.homelists import decided_lately, sent_by
from notifications.slack.inbound.callers import Caller
from notifications.slack.inbound.who import Stranger
from notifications.slack.openbutton import LOOK
from notifications.slack.richtext import Json
from notifications.slack.sheets import seal
from notifications.wording import zone_name

MOST_WAITING = 20
HOW_TO_LINK = (
    "1. Sign in at {base}/account/slack and make a code.",
    "2. Send it to Countersign as a direct message, under Messages above.",
    "3. Back on that page, say that it was you. It works 15 minutes later.",
)


def home_of(caller: Caller, now: datetime) -> Json:
    """The view. Every moment in it has its day, so that it stays true however long it stands."""
    when = partial(_dated, zone=caller.zone)
    waiting, more = waiting_for(caller.person, caller.workspaces, now, when)
    sent, more_sent = sent_by(caller.person, caller.workspaces, when)
    more += max(0, len(waiting) - MOST_WAITING)
    groups = [
        Group("Waiting for you", tuple(waiting[:MOST_WAITING]), more, "Nothing waits for you.", LOOK),
        Group("Asked for by you", tuple(sent), more_sent, "Nothing that you asked for is under way.", "Look"),
        Group("Decided lately", tuple(decided_lately(caller.person, caller.workspaces, now, when)), 0, "Nothing.", ""),
    ]
    return home(groups, _inbox(), seal(caller.person.pk))


def home_of_stranger(stranger: Stranger) -> Json:
    """Why it shows nothing, and what to do about that."""
    is_new = stranger.code == "slack_not_linked"
    how = tuple(words.format(base=settings.BASE_URL) for words in HOW_TO_LINK) if is_new else ()
    return sign(stranger.words, how)


def _inbox() -> Link:
    return Link(f"{settings.BASE_URL}/inbox", is_public(settings.BASE_URL))


def _dated(at: datetime, zone: tzinfo) -> str:
    """`28 Nov 15:02 CET`."""
    there = at.astimezone(zone)
    return f"{there.day} {there:%b %H:%M} {zone_name(there)}"
