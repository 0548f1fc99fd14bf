"""The mail backend of the embedded mode: what would have been sent is kept, for its recipient to read at /mail."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from intents.services.durable import durable
from notifications.models import KeptMail

PATH = "notifications.keptmail.KeptMailBackend"


def is_used() -> bool:
    """True if mail is kept instead of sent."""
    return str(settings.EMAIL_BACKEND) == PATH


class KeptMailBackend(BaseEmailBackend):
    """One row per recipient. Addresses are kept in lower case, as people's are."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Keep them all, or raise."""
        rows = [_row(mail, address) for mail in email_messages for address in mail.recipients()]
        with durable():
            KeptMail.objects.bulk_create(rows)
        return len(email_messages)


def _row(mail: EmailMessage, address: str) -> KeptMail:
    return KeptMail(
        to=address.lower(),
        subject=str(mail.subject),
        text=str(mail.body),
        html=html_of(mail),
        headers=dict(mail.extra_headers),
    )


def html_of(mail: EmailMessage) -> str:
    """Its HTML part; "" if it has none."""
    parts = mail.alternatives if isinstance(mail, EmailMultiAlternatives) else []
    return next((str(content) for content, mimetype in parts if mimetype == "text/html"), "")
