"""`/account`: where one is told, whether that works, and the links in one's mails."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from approvals.models import Person
from approvals.views.guard import acts, signed_in
from intents import clock
from notifications import keptmail
from notifications.account.examples import EXAMPLES, reached_by
from notifications.account.preferences import preferences_of
from notifications.bounces.stopping import stop_of
from notifications.channels.base import Dead, Fate, Sent
from notifications.maillinks.links import revoke_links
from notifications.models import EMAIL

BETWEEN_EXAMPLES = timedelta(seconds=20)
LAST_EXAMPLE = "last_example"


@require_safe
@signed_in
def account(request: HttpRequest, person: Person) -> HttpResponse:
    """The channels that reach this person."""
    shown = {
        "now": clock.now(),
        "address": person.email,
        "stopped": stop_of(EMAIL, person.email),
        "mail_is_kept": keptmail.is_used(),
        "preferences": preferences_of(person),
        "channels": [name for name in EXAMPLES if name in reached_by(person)],
    }
    return render(request, "account.html", shown)


@acts
@require_POST
@signed_in
def void_links(request: HttpRequest, person: Person) -> HttpResponse:
    """For whoever has forwarded a mail, or lost a mailbox."""
    revoke_links(person)
    messages.success(request, "The links in all mails that you got so far are void. New mails have new ones.")
    return redirect("account")


@acts
@require_POST
@signed_in
def send_example(request: HttpRequest, person: Person) -> HttpResponse:
    """One message on each channel, to oneself, now; the page says what became of each."""
    now = clock.now()
    if _too_soon(request, now):
        messages.error(request, "One was sent just now. Wait a moment before the next.")
        return redirect("account")
    request.session[LAST_EXAMPLE] = now.isoformat()
    reached = reached_by(person)
    for channel, send in EXAMPLES.items():
        if channel not in reached:
            continue
        fate = send(person, now)
        tell = messages.success if isinstance(fate, Sent) else messages.error
        tell(request, f"{channel.capitalize()}: {_words(fate)}")
    return redirect("account")


def _too_soon(request: HttpRequest, now: datetime) -> bool:
    last = request.session.get(LAST_EXAMPLE)
    return isinstance(last, str) and now - datetime.fromisoformat(last) < BETWEEN_EXAMPLES


def _words(fate: Fate) -> str:
    if isinstance(fate, Sent):
        return "sent. If it does not arrive within minutes, look where unwanted messages go."
    if isinstance(fate, Dead):
        return f"this address cannot be reached: {fate.why}"
    return f"not now: {fate.why}"
