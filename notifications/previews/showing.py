"""The messages of a dry run, drawn as they would be sent. The play is undone; nothing of it stays or leaves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from html import unescape

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from intents.models import Workspace
from notifications.case import Case
from notifications.channels.base import Message
from notifications.channels.email import as_mail
from notifications.compose import compose
from notifications.content import Content
from notifications.keptmail import html_of
from notifications.models import EMAIL
from notifications.rehearsal.script import Script
from notifications.rehearsal.stage import rehearse
from notifications.slack.cards import card_of
from notifications.slack.drawing import Part, drawn

MOST = 40


@dataclass(frozen=True)
class Shown:
    """One message of the play: when, to whom, what for, and the mail itself, which a post to a channel has not."""

    at: datetime
    name: str
    purpose: str
    subject: str
    text: str
    html: str
    push: str
    card: tuple[Part, ...]
    is_post: bool


def messages_of(workspace: Workspace, script: Script) -> list[Shown]:
    """The first forty mails and posts that this example would make, in order. DomainError as a sender would get it."""
    found: list[Shown] = []

    def watch(case: Case) -> None:
        if len(found) < MOST and (case.delivery.channel == EMAIL or case.delivery.is_post):
            found.append(_shown(case))

    rehearse(workspace, script, watch)
    return found


def _shown(case: Case) -> Shown:
    """Its gate is gone when somebody reads this: the link leads to the page that says so."""
    content = compose(case)
    if content.decide_url:
        content = replace(content, decide_url=f"{settings.BASE_URL}/by-mail?link=example")
    slack = card_of(case, content)
    mail = None if case.delivery.is_post else _mail(case, content)
    return Shown(
        at=case.now,
        name=case.person.name if case.person else str(case.room or case.delivery.address),
        purpose=str(case.delivery.get_purpose_display()),
        subject=str(mail.subject) if mail else content.subject,
        text=str(mail.body) if mail else "",
        html=html_of(mail) if mail else "",
        push=unescape(slack.text),
        card=tuple(drawn(slack)),
        is_post=case.delivery.is_post,
    )


def _mail(case: Case, content: Content) -> EmailMultiAlternatives:
    gate_id = case.gate.pk if case.gate else None
    return as_mail(Message(case.delivery.pk, case.intent.pk, gate_id, case.delivery.address, content))
