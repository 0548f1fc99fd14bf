"""What is said to whoever types an answer under a card: typing decides nothing, and here are the card's buttons.

In the bot's conversation with one person it is kept true like the card, and once something has happened it has no more
than the button that opens the request. In a channel they alone see it, for a while.
"""

from __future__ import annotations

from approvals.models import Gate, Person
from approvals.outcomes import OutcomeClass
from approvals.selectors import may_decide
from notifications.case import Case
from notifications.closing import summary
from notifications.models import SlackMessage
from notifications.slack.blocks import CHOICES, STYLES, Card
from notifications.slack.cards import card_of, content_of
from notifications.slack.inbound.who import OTHERS, Stranger
from notifications.slack.openbutton import LOOK, open_button
from notifications.slack.richtext import Json, block, escaped, line, text

TYPING = "Typing does not decide: your answer was not recorded."
PRESS = "Press a button, here or at the top of this thread."
LOOK_AT_IT = "Look at it here."
NO_YES = "A yes cannot be given from here: look at it to see why."
OVER = "And it is over:"
OVER_HERE = "And it is over: see the top of this thread."


def nudge(case: Case, reader: Person | Stranger, root: SlackMessage | None = None) -> Card:
    """As of now, below the card `root`, whose case it is; without the card's buttons if that is not known."""
    gate = case.gate
    if gate is None:
        return note(TYPING)
    if not gate.is_open:
        over = OVER_HERE if case.delivery.is_post else f"{OVER} {summary(case, gate)}"
        return note(f"{TYPING} {over}")
    why = _why_not(case, gate, reader)
    buttons = _buttons(root, case) if root and not why else []
    words = why or (_how(buttons) if buttons else LOOK_AT_IT)
    return note(f"{TYPING} {words}", *buttons, open_button(gate.pk, LOOK))


def note(words: str, *buttons: Json) -> Card:
    """Literal text, with buttons below it."""
    below = [{"type": "actions", "elements": list(buttons)}] if buttons else []
    return Card(escaped(words), (block(line(text(words))), *below), is_full=False)


def _how(buttons: list[Json]) -> str:
    """Whoever typed yes looks for its button."""
    yes = STYLES[OutcomeClass.YES]
    return PRESS if any(each.get("style") == yes for each in buttons) else NO_YES


def _why_not(case: Case, gate: Gate, reader: Person | Stranger) -> str:
    if isinstance(reader, Stranger):
        return reader.words
    if case.delivery.person_id not in (None, reader.pk):
        return OTHERS
    refusal = may_decide(gate, reader)
    return refusal.message if refusal else ""


def _buttons(root: SlackMessage, case: Case) -> list[Json]:
    """The card's own. None while it may show something older than they would mean: nobody agrees to what they do not
    see.
    """
    if root.gone or not root.shows or root.shown_seq != case.intent.last_seq:
        return []
    below = [each for each in card_of(case, content_of(case)).blocks if each.get("block_id") == CHOICES]
    return [each for row in below for each in row["elements"] if each["type"] == "button"]
