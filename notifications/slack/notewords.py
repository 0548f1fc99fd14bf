"""What such a note says, in the words of the moment at which it is said."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from intents import clock
from notifications.case import Case, read_case
from notifications.models import SlackNote
from notifications.slack.blocks import Card
from notifications.slack.inbound.who import reader_of
from notifications.slack.kept import Place, card_at
from notifications.slack.nudge import note, nudge
from notifications.slack.waiting import waiting_note

NUDGE, NO_CODE, HELP, NO_MAIL = "nudge", "no_code", "help", "no_mail"
UNKNOWN_CODE = (
    "This code is not known, was used already, or has run out: a code is good once, for ten minutes. Make a new one at "
    "{base}/account/slack and send it to me."
)
WHAT_I_AM = (
    "I am Countersign: I bring requests that wait for you, and their buttons decide. I read nothing but codes that "
    "link an account ({base}/account/slack). /countersign help shows what you can ask."
)

STOPPED = (
    "No mail is sent to you any more: it came back, or was reported as unwanted. Requests reach you here. What is "
    "wrong, and what to do: {base}/account"
)
WORDS = {NO_CODE: UNKNOWN_CODE, HELP: WHAT_I_AM, NO_MAIL: STOPPED}


@dataclass(frozen=True)
class Words:
    """`under`: the case of the card below which it is said, with which it has to be kept true."""

    card: Card
    under: Case | None = None


def words_of(row: SlackNote) -> Words:
    """By its kind. A code's owner is never named."""
    if row.kind == NUDGE:
        return _nudge(row)
    return Words(note(WORDS[row.kind].format(base=settings.BASE_URL)))


def place_of(row: SlackNote) -> Place:
    """Where it is said."""
    return Place(row.installation.team_id, row.channel, row.thread_ts)


def _nudge(row: SlackNote) -> Words:
    reader = reader_of(row.installation.team_id, row.user_id)
    root = card_at(place_of(row)) if row.gate_id else None
    if root is None:
        return Words(waiting_note(row.installation, reader, clock.now()))
    case = read_case(root.delivery, clock.now())
    return Words(nudge(case, reader, root), case)
