"""The page behind the link of a mail. GET and HEAD change nothing, and no address says what is decided.

The link is swapped for a cookie and an address without it. An answer needs that cookie, the nonce of its form, a choice
and a few words: a machine that opens, clicks and submits whatever it finds has decided nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from approvals.models import Gate, Person
from approvals.services.answer import Fault
from approvals.services.decide import decide
from approvals.services.verdict import Verdict
from approvals.strength import LINK, link_accepts
from approvals.views.answerform import Door, Typed, answer_from, page_fault, read
from approvals.views.gatepage import closing_words, shown_parts
from approvals.views.subject import subject_of
from intents import clock
from intents.errors import DomainError
from notifications.maillinks import cookies
from notifications.maillinks.links import Good, good_for
from notifications.maillinks.token import Opened
from notifications.maillinks.token import read as read_link

View = Callable[..., HttpResponse]
SEE_OTHER = 303
VIA = "email"
FAULTY = {"revoked": 410, "gone": 410, "expired": 410, "stale": 409, "no": 403}
ALREADY = "You already answered this, and that answer counts."
OVER = Fault("link_over", "This page was open for too long. Open the link in your mail again.")


@dataclass(frozen=True)
class Visit:
    """Somebody who came by a link that is good: the request, and whose link it is."""

    request: HttpRequest
    opened: Opened
    gate: Gate
    person: Person


def discreet(view: View) -> View:
    """Nothing is stored, and no address of ours is told to anybody."""

    @wraps(view)
    def quiet(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        answer = view(request, *args, **kwargs)
        answer["Referrer-Policy"] = "no-referrer"
        return answer

    return never_cache(quiet)


@discreet
@require_safe
def open_link(request: HttpRequest) -> HttpResponse:
    """To the page without the link in its address. Its owner, if signed in, gets the gate's own page."""
    link = read_link(request.GET.get("link", ""))
    if link is None:
        return render(request, "mail_link_over.html", {"kind": "unknown"}, status=404)
    if isinstance(request.user, Person) and request.user.pk == link.person_id:
        return _to("gate", link.gate_id)
    answer = _to("by_mail", link.gate_id)
    cookies.keep(answer, link)
    return answer


@csrf_exempt  # a browser that tells nobody where it comes from has no origin to compare: the nonce is the guard
@discreet
@require_http_methods(["GET", "HEAD", "POST"])
def by_mail(request: HttpRequest, gate_id: uuid.UUID) -> HttpResponse:
    """The gate with all that its page shows, and the form; or what became of it, and why the link is of no use."""
    opened = cookies.kept(request, gate_id)
    if isinstance(request.user, Person):
        return _signed_in(request, request.user, opened, gate_id)
    if opened is None:
        return render(request, "mail_link_over.html", {"kind": "closed_browser", "gate_id": gate_id}, status=403)
    good = good_for(opened.link, clock.now())
    if good.kind != "form" or good.person is None or good.gate is None:
        return _over(request, good, said=ALREADY if request.method == "POST" and good.kind == "voted" else "")
    visit = Visit(request, opened, good.gate, good.person)
    if request.method == "POST":
        return _answered(visit, read(good.gate, request.POST))
    return _page(visit, Typed(full=request.GET.get("full") == "1"))


def _signed_in(request: HttpRequest, person: Person, opened: Opened | None, gate_id: uuid.UUID) -> HttpResponse:
    """Somebody who is signed in acts as themselves, or not at all."""
    if opened is None or opened.link.person_id == person.pk:
        return _to("gate", gate_id)
    good = good_for(opened.link, clock.now())
    return _over(request, Good("others", gate=good.gate))


def _answered(visit: Visit, typed: Typed) -> HttpResponse:
    """Record the answer and show what became of it; or the same page, what was typed kept, with the reason why not."""
    gate = visit.gate
    is_cut = subject_of(gate, full=typed.full).is_cut
    if not constant_time_compare(visit.request.POST.get("nonce", ""), visit.opened.nonce):
        return _page(visit, typed, OVER, 403)
    fault = page_fault(gate, typed, is_cut=is_cut, door=_door(gate))
    if fault is not None:
        return _page(visit, typed, fault, 422)
    try:
        verdict = decide(gate.pk, answer_from(typed), visit.person, via=VIA, strength=LINK, full_view=not is_cut)
    except DomainError as error:
        return _page(visit, typed, Fault(error.code, error.message), error.status)
    return _done(visit, typed, verdict)


def _done(visit: Visit, typed: Typed, verdict: Verdict) -> HttpResponse:
    """To the page that says so; if it was not recorded, the page as it is now: it may have changed meanwhile."""
    if verdict.recorded:
        return _to("by_mail", verdict.gate.pk)
    good = good_for(visit.opened.link, clock.now())
    if verdict.status == 200:
        return _over(visit.request, good, said=ALREADY)
    fault = Fault(verdict.code, verdict.message, verdict.details)
    if good.kind != "form" or good.gate is None:
        return _over(visit.request, good, fault)
    return _page(replace(visit, gate=good.gate), typed, fault, verdict.status)


def _page(visit: Visit, typed: Typed, fault: Fault | None = None, status: int = 200) -> HttpResponse:
    gate = visit.gate
    here = resolve_url("by_mail", gate_id=gate.pk)
    shown = shown_parts(gate, visit.person, clock.now(), typed=typed, fault=fault, door=_door(gate))
    more = {"nonce": visit.opened.nonce, "answer_url": here, "page_url": here, "owner": visit.person}
    return render(visit.request, "mail_link.html", shown | more, status=status)


def _over(request: HttpRequest, good: Good, fault: Fault | None = None, said: str = "") -> HttpResponse:
    """Why there is nothing to do with this link, and what became of the gate. Whoever lost it learns no names."""
    gate, now = good.gate, clock.now()
    shown: dict[str, Any] = {"kind": good.kind, "why": good.why, "gate": gate, "now": now, "fault": fault, "said": said}
    if gate is not None and good.person is not None:
        votes = gate.decisions.filter(person=good.person, taken_back_at=None).select_related("text")
        shown |= {"own": votes.first(), "summary": "" if gate.is_open else closing_words(gate)}
    status = 409 if fault else FAULTY.get(good.kind, 200)
    return render(request, "mail_link_over.html", shown, status=status)


def _door(gate: Gate) -> Door:
    return Door(takes_yes=link_accepts(gate.terms.body), asks_words=True)


def _to(name: str, gate_id: uuid.UUID) -> HttpResponseRedirect:
    answer = HttpResponseRedirect(resolve_url(name, gate_id=gate_id))
    answer.status_code = SEE_OTHER
    return answer
