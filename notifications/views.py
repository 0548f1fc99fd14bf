"""The page of mail that would have been sent. It exists only while mail is kept, and shows one's own mail only."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from csp.decorators import csp, csp_update
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from approvals.models import Person
from intents.ids import parse_id
from notifications import keptmail
from notifications.channels.email import GATE_HEADER
from notifications.models import KeptMail

PAGE = 100
NEW_TAB = '<base target="_blank">'
FRAMED = {
    "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "img-src": ["data:"],
    "frame-ancestors": ["'self'"],
}
"""What the HTML of a mail may do in a frame: open links in new tabs, and nothing else."""
View = Callable[..., HttpResponse]


def _while_kept(view: Callable[..., Any]) -> View:
    """404 where real mail is sent; otherwise a sign-in is needed, and nothing is cached or changed."""
    inner: View = never_cache(require_safe(login_required(view)))

    @wraps(view)
    def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if not keptmail.is_used():
            raise Http404("Mail is sent here, not kept.")
        return inner(request, **kwargs)

    return guarded


@_while_kept
def mailbox(request: HttpRequest) -> HttpResponse:
    """The newest hundred."""
    return render(request, "mailbox.html", {"mails": _own(request)[:PAGE]})


@_while_kept
@csp_update({"frame-src": ["'self'"]})  # type: ignore[arg-type]  # its types know no view with arguments
def mailbox_message(request: HttpRequest, mail_id: int) -> HttpResponse:
    """One mail: its HTML in a frame that can only open links in new tabs, its text below, and the way to its gate."""
    mail = get_object_or_404(_own(request), pk=mail_id)
    gate_id = parse_id(str(mail.headers.get(GATE_HEADER, "")))
    return render(request, "mailbox_message.html", {"mail": mail, "gate_id": gate_id})


@_while_kept
@xframe_options_sameorigin
@csp(FRAMED)  # type: ignore[arg-type]  # as above
def mailbox_html(request: HttpRequest, mail_id: int) -> HttpResponse:
    """The HTML part as it would have been sent: no scripts, no forms, nothing loaded, no origin.

    Its links open in new tabs, which know nothing of this one: our pages refuse to be framed.
    """
    return HttpResponse(_with_new_tabs(get_object_or_404(_own(request), pk=mail_id).html))


def _with_new_tabs(html: str) -> str:
    """Only here, not in the mail itself. Browsers take `_blank` for `noopener`."""
    start, head, rest = html.partition("<head>")
    return f"{start}{head}{NEW_TAB}{rest}" if head else f"{NEW_TAB}{html}"


def _own(request: HttpRequest) -> QuerySet[KeptMail]:
    """The mail of the signed-in person, newest first."""
    person = request.user
    if not isinstance(person, Person):
        return KeptMail.objects.none()
    return KeptMail.objects.filter(to=person.email.lower()).order_by("-at", "-pk")
