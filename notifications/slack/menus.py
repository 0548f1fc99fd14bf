"""What the reader of a card may do besides answering, as the lines of its menu."""

from __future__ import annotations

from datetime import datetime

from approvals.clockwork import goes_further
from approvals.models import Gate, Person
from approvals.selectors import standing_votes
from approvals.services.decide import own_vote
from approvals.text import one_line
from approvals.views.offers import Offers, offers_of
from approvals.views.subject import requester_of
from notifications.slack.actions import Act
from notifications.slack.blocks import Offer

LABELS = {
    "take_back": "Take my answer back",
    "claim": "Show that I am looking at it",
    "release": "I am not looking at it any more",
    "ask": "Ask a question…",
    "delegate": "Hand it to somebody else…",
    "undelegate": "Take it back from whom I handed it to",
    "escalate": "Escalate now",
    "extend": "Move the deadline…",
}
"""In the order of the menu."""


def menu(gate: Gate, person: Person, now: datetime) -> tuple[Offer, ...]:
    """Nothing once the gate is settled."""
    offers = offers_of(gate, person, now)
    answered = own_vote(gate, person) is not None
    return tuple(offer(gate, name) for name in LABELS if _applies(name, offers, answered=answered))


def menu_for_all(gate: Gate) -> tuple[Offer, ...]:
    """Below a post, where anybody may look: what some may do now. Who presses is told if it is not theirs."""
    applies = {
        "take_back": bool(standing_votes(gate)),
        "claim": True,
        "ask": requester_of(gate.intent) is not None,
        "delegate": True,
        "escalate": goes_further(gate),
        "extend": bool(gate.terms.body.get("extend")),
    }
    return tuple(offer(gate, name) for name in LABELS if applies.get(name))


def offer(gate: Gate, name: str) -> Offer:
    """The line of this act."""
    return Offer(Act(gate.pk, name), one_line(LABELS[name], 75))


def _applies(name: str, offers: Offers, *, answered: bool) -> bool:
    return {
        "take_back": answered,
        "claim": offers.claim and not answered,
        "release": offers.release and not answered,
        "ask": bool(offers.ask),
        "delegate": bool(offers.delegates) and not offers.handed_to,
        "undelegate": bool(offers.handed_to),
        "escalate": offers.escalate,
        "extend": bool(offers.extend),
    }[name]
