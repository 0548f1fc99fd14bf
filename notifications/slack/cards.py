"""What a message in Slack shows now: the same content as a mail's, and the reader's own part in it."""

from __future__ import annotations

from dataclasses import replace

from django.conf import settings

from approvals.models import Gate, Person
from approvals.outcomes import OutcomeClass
from approvals.selectors import may_decide
from approvals.services.decide import own_vote
from approvals.services.sureness import too_weak
from approvals.strength import LINKED, Shown
from approvals.views.words import answer_label, outcome_words
from intents.purged import words_of
from notifications import asks, closing
from notifications.case import Case
from notifications.compose import compose
from notifications.content import Content
from notifications.models import ASKS, Purpose, SlackInstallation
from notifications.places import is_public
from notifications.slack.actions import DECIDE, Decide
from notifications.slack.blocks import Card, Choice, Frame, card, reply, told
from notifications.slack.discreet import discreet
from notifications.slack.inbound.dispatch import is_answered
from notifications.slack.menus import menu, menu_for_all

PURGED = "What was asked and answered here was {}. Who decided what, and when, stays."
ON_ITS_PAGE = "No yes from here: sign in on its page, and agree there."
"""Beside the conditions, which say how sure a yes has to be."""


def card_of(case: Case, content: Content, *, in_thread: bool = False) -> Card:
    """The message of this delivery with this content; in a thread, one without what stands above it."""
    if case.is_discreet:
        return discreet(case)
    if not in_thread:
        return card(content, frame_of(case))
    return reply(content) if case.delivery.purpose in ASKS else told(content, frame_of(case))


def content_of(case: Case) -> Content:
    """What a request, or a note of whom it waits for, says while its gate is open; once that is closed, how it ended.

    A request still says what it was about.
    """
    purpose = case.delivery.purpose
    if case.gate is None or case.gate.is_open or purpose not in (*ASKS, Purpose.WAITING):
        return compose(case)
    closed = closing.note(case)
    if purpose == Purpose.WAITING:
        return replace(closed, subject=closed.headline, reason=closing.summary(case, case.gate))
    asked = asks.ask(case)
    over = replace(closed, push=closed.subject, facts=asked.facts, progress=asked.progress)
    if purged_at := case.intent.texts.purged_at:
        return replace(over, reason=f"{closed.reason}\n{PURGED.format(words_of(purged_at))}")
    return replace(over, tables=asked.tables, quotes=asked.quotes)


def frame_of(case: Case) -> Frame:
    """What the reader may answer, and what they have answered; of a post, what whoever may decide may answer."""
    base = Frame(links=is_public(settings.BASE_URL), base_url=settings.BASE_URL)
    gate, person = case.gate, case.person
    if case.delivery.purpose not in ASKS or gate is None or not gate.is_open:
        return base
    if case.delivery.is_post:
        base = replace(base, until=gate.expires_at)
    elif person is None:
        return base
    refusal = may_decide(gate, person) if person else None
    if refusal is not None:
        return replace(base, own=refusal.message)
    weak = too_weak(gate, Shown(LINKED), case.now)
    own = " ".join(filter(None, [_own(case, gate, person) if person else "", ON_ITS_PAGE if weak else ""]))
    if not (is_answered(DECIDE) and (base.links or _is_listened_to(case))):
        return replace(base, own=own)
    offered = menu(gate, person, case.now) if person else menu_for_all(gate)
    return replace(base, choices=_choices(gate, takes_yes=weak is None), menu=offered, own=own)


def _is_listened_to(case: Case) -> bool:
    """True if presses come through a connection of ours: Slack cannot call a private address."""
    installation = SlackInstallation.objects.filter(workspace_id=case.delivery.workspace_id).first()
    return installation is not None and installation.takes_presses


def _choices(gate: Gate, *, takes_yes: bool) -> tuple[Choice, ...]:
    """Without a yes where Slack is not sure enough for it."""
    return tuple(
        Choice(Decide(gate.pk, name, gate.digest), OutcomeClass(cls), answer_label(name))
        for name, cls in gate.ask.outcomes
        if takes_yes or cls != OutcomeClass.YES
    )


def _own(case: Case, gate: Gate, person: Person) -> str:
    vote = own_vote(gate, person)
    if vote is None:
        return ""
    return f"You answered “{outcome_words(vote.outcome)}” at {case.when(vote.at)}."
