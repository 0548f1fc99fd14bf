"""The card for a channel that other organisations read: that something waits, for whom and until when. No contents."""

from __future__ import annotations

from django.conf import settings

from approvals.directory import label
from approvals.models import Gate
from approvals.terms import names_in
from notifications.case import Case
from notifications.facts import gate_url
from notifications.places import is_public
from notifications.slack.blocks import Card
from notifications.slack.richtext import block, escaped, line, link, text

GROUPS = ("team:", "schedule:")
MANY = "More requests than fit here wait in Countersign."
SETTLED = "A request that was posted here is settled."
SHARED = "Other organisations read this channel, so what it is about stands on its page."
UNKNOWN = "Countersign does not know who reads this channel now, so what it is about stands on its page."

NO_LINK = " No link: its address is private."
"""Which address is nobody's business there."""


def discreet(case: Case) -> Card:
    """Nothing that a program or a person wrote, no title, nobody's name, and nothing to press."""
    words, url = _words(case), gate_url(case) if case.gate else f"{settings.BASE_URL}/inbox"
    way = [text(" "), link(url, "Open it")] if is_public(settings.BASE_URL) else [text(NO_LINK, italic=True)]
    why = SHARED if case.room and case.room.is_shared else UNKNOWN
    return Card(escaped(words), (block(line(text(words), *way)), block(line(text(why, italic=True)))), False)


def _words(case: Case) -> str:
    gate = case.gate
    if gate is None:
        return MANY
    if not gate.is_open:
        return SETTLED
    return f"A request waits for {_whom(gate)} until {case.when(gate.expires_at)}."


def _whom(gate: Gate) -> str:
    """Teams and schedules; people's addresses are nobody's business there."""
    return label(name for name in names_in(gate.terms.body) if name.startswith(GROUPS)) or "somebody"
