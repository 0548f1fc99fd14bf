"""Around all that somebody does in Slack: who they are, on which gate, once, and in time. Every end has words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.shortcuts import resolve_url

from approvals.models import Gate, Person
from approvals.services.verdict import Verdict
from approvals.views.words import outcome_words
from intents import clock
from intents.errors import Busy, DomainError
from intents.services.attempts import note_attempt
from intents.services.durable import durable, hurried
from notifications.models import SlackPress
from notifications.places import is_public
from notifications.slack.inbound.clicks import Click
from notifications.slack.inbound.replies import Form, Words
from notifications.slack.inbound.who import Stranger, person_behind
from notifications.slack.richtext import Json
from notifications.slack.sheets import SHEET

VIA = "slack"
SECONDS = 2.5
"""Slack waits for 3 s."""
UNSURE = (Busy, OperationalError, InterfaceError)
"""What is raised when something was not done because there was no time or no database."""
NOT_CONFIRMED = "Not confirmed yet: Countersign could not record it in time. Press again; twice is safe."
UNKNOWN = "Countersign does not know this message, so nothing was recorded. Press again in half a minute."
BEFORE = "This press was handled before, and does nothing more."


@dataclass(frozen=True)
class Known:
    """A click on a gate of its workspace, by a person who is who they are."""

    click: Click
    gate: Gate
    person: Person


Work = Callable[[Known], Words | Form]


def in_time(click: Click, tried: str, work: Work, again: Json | None = None) -> Words | Form:
    """What came of it. Nothing is called recorded that has not committed."""
    try:
        with hurried(SECONDS):
            known = _known(click, tried)
            return known if isinstance(known, Words) else work(known)
    except UNSURE:
        return Words(NOT_CONFIRMED, again=again, is_unsure=True)
    except DomainError as error:
        return Words(error.message)


def once(known: Known, act: Callable[[], Verdict]) -> Verdict | Words:
    """Slack repeats what it thinks was lost: the act and the note that it was done commit together."""
    with durable():
        _, is_new = SlackPress.objects.get_or_create(digest=known.click.digest, defaults={"at": clock.now()})
        return act() if is_new else Words(f"{BEFORE} {_own(known)}")


def words_of(verdict: Verdict | Words) -> Words:
    """Its sentence; of a refusal also the way to the page."""
    if isinstance(verdict, Words):
        return verdict
    return Words(verdict.message, page_of(verdict.gate) if verdict.status != 200 else "")


def place_of(known: Known) -> dict[str, str]:
    """What it stands on: kept in a form, so that its sending can be checked against it."""
    click = known.click
    if click.surface:
        return {SHEET: click.surface.token}
    return {"channel": click.channel, "ts": click.message.ts if click.message else ""}


def page_of(gate: Gate) -> str:
    """The address of its page; "" where Slack's readers could not open it."""
    return f"{settings.BASE_URL}{resolve_url('gate', gate_id=gate.pk)}" if is_public(settings.BASE_URL) else ""


def _known(click: Click, tried: str) -> Known | Words:
    gates = Gate.objects.select_related("ask", "terms", "intent__workspace", "workspace")
    gate = gates.filter(pk=click.gate_id, workspace=click.installation.workspace_id).first()
    if gate is None or not click.is_placed:
        return Words(UNKNOWN)
    person = person_behind(click)
    if isinstance(person, Stranger):
        actor = f"slack:{click.team_id}/{click.user_id}"
        note_attempt(gate.intent_id, actor, {"tried": tried, "code": person.code, "via": VIA})
        return Words(person.words)
    return Known(click, gate, person)


def _own(known: Known) -> str:
    vote = known.gate.decisions.filter(person=known.person, taken_back_at=None).first()
    return f"Your answer is “{outcome_words(vote.outcome)}”." if vote else "You have no answer on this."
