"""The messages of a dry run, drawn as they would be sent. The play is undone; nothing of it stays or leaves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from html import unescape

from django.conf import settings

from intents.models import Workspace
from notifications.case import Case
from notifications.channels.base import Message
from notifications.channels.email import as_mail
from notifications.compose import compose
from notifications.keptmail import html_of
from notifications.models import EMAIL
from notifications.rehearsal.script import Script
from notifications.rehearsal.stage import rehearse
from notifications.slack.cards import card_of
from notifications.slack.drawing import Part, drawn

MOST = 40


@dataclass(frozen=True)
class Shown:
    """One message of the play: when, to whom, what for, and the mail itself."""

    at: datetime
    name: str
    purpose: str
    subject: str
    text: str
    html: str
    push: str
    card: tuple[Part, ...]


def messages_of(workspace: Workspace, script: Script) -> list[Shown]:
    """The first forty messages by mail that this example would make, in order. DomainError as a sender would get it."""
    found: list[Shown] = []

    def watch(case: Case) -> None:
        if len(found) < MOST and case.delivery.channel == EMAIL:
            found.append(_shown(case))

    rehearse(workspace, script, watch)
    return found


def _shown(case: Case) -> Shown:
    """Its gate is gone when somebody reads this: the link leads to the page that says so."""
    content = compose(case)
    if content.decide_url:
        content = replace(content, decide_url=f"{settings.BASE_URL}/by-mail?link=example")
    gate_id = case.gate.pk if case.gate else None
    slack = card_of(case, content)
    mail = as_mail(Message(case.delivery.pk, case.intent.pk, gate_id, case.delivery.address, content))
    return Shown(
        at=case.now,
        name=case.person.name if case.person else case.delivery.address,
        purpose=str(case.delivery.get_purpose_display()),
        subject=str(mail.subject),
        text=str(mail.body),
        html=html_of(mail),
        push=unescape(slack.text),
        card=tuple(drawn(slack)),
    )
