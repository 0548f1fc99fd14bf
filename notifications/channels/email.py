"""Email by Django's mail API: SMTP, a provider of django-anymail, or the kept mail of the embedded mode."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from approvals.models import Person
from approvals.text import one_line
from notifications.channels.base import Fate, Message, Retry, Sent
from notifications.channels.email_faults import fate_of
from notifications.channels.line import Line
from notifications.channels.mime import Mail
from notifications.channels.styles import inlined
from notifications.models import Delivery

log = logging.getLogger(__name__)
SUBJECT_LIMIT = 200
GATE_HEADER = "X-Countersign-Gate"


class EmailChannel:
    """Text and HTML in one mail; all mails of a gate are one thread."""

    name = "email"

    def __init__(self, line: Line | None = None) -> None:
        self._line = line

    @contextmanager
    def together(self) -> Iterator[EmailChannel]:
        """Within, one mail after the other goes over the same connection."""
        with Line() as line:
            yield EmailChannel(line)

    def account_of(self, delivery: Delivery) -> str:
        """There is one."""
        return self.name

    def addresses(self, workspace_id: UUID, people: Sequence[Person]) -> Mapping[UUID, str]:
        """Everybody has one address, wherever they are a member."""
        return {person.pk: person.email for person in people}

    def send(self, message: Message) -> Fate:
        """A fault that is neither the server's nor the address's is ours: it is raised."""
        mail = as_mail(message)
        try:
            with nullcontext(self._line) if self._line else Line() as line:
                sent = line.send(mail)
        except Exception as error:
            fate = fate_of(error, message.to)
            if fate is None:
                raise
            return fate
        return Sent(_reference(mail)) if sent else Retry(0, "The mail backend sent nothing.")


def as_mail(message: Message) -> Mail:
    """The mail, without sending it. Its Message-ID depends on the delivery alone, so repeats can be recognised."""
    content = message.content
    mail = Mail(
        subject=one_line(content.subject, SUBJECT_LIMIT),
        body=render_to_string(f"mail/{content.template}.txt", {"mail": content}),
        to=[message.to],
        headers=headers(message),
    )
    mail.attach_alternative(inlined(render_to_string(f"mail/{content.template}.html", {"mail": content})), "text/html")
    return mail


def headers(message: Message) -> dict[str, str]:
    """Every mail answers the same root, which nobody ever got: clients thread by it in whatever order mails come."""
    root = thread_of(message.intent_id, message.gate_id)
    found = {
        "Message-ID": f"<delivery.{message.delivery_id}@{_host()}>",
        "In-Reply-To": root,
        "References": root,
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "OOF, AutoReply",
    }
    if message.gate_id:
        found[GATE_HEADER] = str(message.gate_id)
    return found


def thread_of(intent_id: UUID, gate_id: UUID | None) -> str:
    """The root that all mails about a gate answer, or those about an intent but about none of its gates."""
    return f"<gate.{gate_id}@{_host()}>" if gate_id else f"<intent.{intent_id}@{_host()}>"


def _host() -> str:
    """The right-hand side of our message ids (RFC 5322, 3.6.4)."""
    return urlsplit(settings.BASE_URL).hostname or "countersign.invalid"


def _reference(mail: EmailMessage) -> str:
    """The provider's id where it gave one: its bounces will name it. Else our own."""
    status = getattr(mail, "anymail_status", None)
    given = getattr(status, "message_id", None)
    return given if isinstance(given, str) and given else mail.extra_headers["Message-ID"]
