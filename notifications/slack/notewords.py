"""What such a note says, in the words of the moment at which it is said."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.conf import settings

from approvals.models import Gate
from approvals.report import gate_report
from notifications.models import SlackNote
from notifications.slack.openbutton import LOOK, open_button
from notifications.slack.richtext import Json, block, line, text

NUDGE, NO_CODE, HELP = "nudge", "no_code", "help"
TYPING = "Typing does not decide: your answer was not recorded."
PRESS = "Press the buttons of the request, at the top of this thread, or look at it here."
OVER = "And it is over:"
OVER_HERE = "And it is over: see the top of this thread."
UNKNOWN_CODE = (
    "This code is not known, was used already, or has run out: a code is good once, for ten minutes. Make a new one at "
    "{base}/account/slack and send it to me."
)
WHAT_I_AM = (
    "I am Countersign: I bring requests that wait for you, and their buttons decide. I read nothing but codes that "
    "link an account ({base}/account/slack). /countersign help shows what you can ask."
)


@dataclass(frozen=True)
class Words:
    """`text` is what a phone shows."""

    text: str
    blocks: tuple[Json, ...]


def words_of(row: SlackNote) -> Words:
    """By its kind. A code's owner is never named."""
    if row.kind == NUDGE:
        return _nudge(row)
    words = UNKNOWN_CODE if row.kind == NO_CODE else WHAT_I_AM
    return _plain(words.format(base=settings.BASE_URL))


def _plain(words: str) -> Words:
    return Words(words, (block(line(text(words))),))


def _nudge(row: SlackNote) -> Words:
    gate = Gate.objects.select_related("terms", "intent__workspace", "step").filter(pk__in=[row.gate_id]).first()
    if gate is not None and not gate.is_open:
        over = f"{OVER} {gate_report(gate)['summary']}" if row.is_private else OVER_HERE
        return _plain(f"{TYPING} {over}")
    words = _plain(f"{TYPING} {PRESS}")
    if gate is None:
        return words
    return replace(words, blocks=(*words.blocks, {"type": "actions", "elements": [open_button(gate.pk, LOOK)]}))
