"""The cookie for which the link of a mail is swapped: one for each gate, so that several mails can be open at once."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from notifications.maillinks.token import OPEN_FOR, MailLink, Opened, read_opened, sign_opened


def keep(answer: HttpResponse, link: MailLink) -> None:
    """For an hour, for this host alone, out of reach of scripts and of other sites' forms."""
    answer.set_cookie(
        name_of(link.gate_id),
        sign_opened(link),
        max_age=int(OPEN_FOR.total_seconds()),
        secure=settings.SITE_IS_HTTPS,
        httponly=True,
        samesite="Lax",  # Strict would not come along from a mail's click
    )


def kept(request: HttpRequest, gate_id: UUID) -> Opened | None:
    """The link that this browser opened, if it is of this gate."""
    opened = read_opened(request.COOKIES.get(name_of(gate_id), ""))
    return opened if opened and opened.link.gate_id == gate_id else None


def name_of(gate_id: UUID) -> str:
    """Its name; the end of an id is its random part."""
    return f"{'__Host-' if settings.SITE_IS_HTTPS else ''}link-{gate_id.hex[-12:]}"
