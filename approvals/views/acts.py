"""What people do on a gate's page besides deciding: one form each, and every act ends in words on a page."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import resolve_url

from approvals.models import Gate, Person
from approvals.selectors import gate_for
from approvals.services.answer import Fault
from approvals.services.ask import answer, ask
from approvals.services.break_glass import break_glass
from approvals.services.claim import claim, release
from approvals.services.decide import Manner
from approvals.services.delegate import delegate, undelegate
from approvals.services.edit import edit
from approvals.services.escalate import escalate
from approvals.services.extend import extend
from approvals.services.verdict import Verdict, refused
from approvals.views.answerform import NOT_SHOWN, Typed
from approvals.views.editing import edited_values
from approvals.views.gatepage import gate_page
from approvals.views.guard import acts, signed_in
from approvals.views.offers import Tried
from approvals.views.sessions import sureness_of
from approvals.views.subject import subject_of
from approvals.views.withdrawing import principal_of
from intents.errors import DomainError, NotFound
from intents.ids import parse_id

VIA = "web"
SEE_OTHER = 303
LONGEST_NUMBER = 7  # digits
WORDS = ("text", "reason", "question", "to", "seconds")


@acts
@signed_in
def act_on_page(request: HttpRequest, person: Person, gate_id: uuid.UUID, act: str) -> HttpResponse:
    """Do it and show the gate with it; or the same page, what was typed kept, with the reason why not."""
    gate = gate_for(person, gate_id)
    try:
        verdict = ACTS[act](gate, person, request)
    except NotFound:
        raise
    except DomainError as error:
        return _again(request, gate, act, Fault(error.code, error.message), error.status)
    if verdict.status != 200:
        return _again(request, gate, act, Fault(verdict.code, verdict.message), verdict.status)
    messages.success(request, verdict.message)
    response = HttpResponseRedirect(resolve_url("gate", gate_id=gate.pk))
    response.status_code = SEE_OTHER
    return response


def _again(request: HttpRequest, gate: Gate, act: str, fault: Fault, status: int) -> HttpResponse:
    """The page as it is now: what the act met may have changed since it was shown."""
    person = cast("Person", request.user)
    fields = [name for name in request.POST if name.startswith("field-")]
    tried = Tried(act, {name: _clean(request.POST, name) for name in (*WORDS, *fields)})
    fresh = gate_for(person, gate.pk)
    return gate_page(request, person, fresh, typed=Typed(), tried=tried, fault=fault, status=status)


def _clean(post: QueryDict, name: str) -> str:
    return post.get(name, "").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").strip()


def _ask(gate: Gate, person: Person, request: HttpRequest) -> Verdict:
    return ask(gate.pk, person, _clean(request.POST, "text"), via=VIA)


def _answer(gate: Gate, person: Person, request: HttpRequest) -> Verdict:
    by = principal_of(person, gate.workspace_id)
    return answer(gate.pk, parse_id(_clean(request.POST, "question")), _clean(request.POST, "text"), by, via=VIA)


def _claim(gate: Gate, person: Person, _request: HttpRequest) -> Verdict:
    return claim(gate.pk, person, via=VIA)


def _release(gate: Gate, person: Person, _request: HttpRequest) -> Verdict:
    return release(gate.pk, person, via=VIA)


def _delegate(gate: Gate, person: Person, request: HttpRequest) -> Verdict:
    return delegate(gate.pk, person, _clean(request.POST, "to"), via=VIA)


def _undelegate(gate: Gate, person: Person, _request: HttpRequest) -> Verdict:
    return undelegate(gate.pk, person, via=VIA)


def _escalate(gate: Gate, person: Person, _request: HttpRequest) -> Verdict:
    return escalate(gate.pk, person, via=VIA)


def _extend(gate: Gate, person: Person, request: HttpRequest) -> Verdict:
    chosen = _clean(request.POST, "seconds")
    seconds = int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) <= LONGEST_NUMBER else 0
    return extend(gate.pk, person, seconds, _clean(request.POST, "reason"), via=VIA)


def _edit(gate: Gate, person: Person, request: HttpRequest) -> Verdict:
    """Fields that were left as they are do not count."""
    typed = {name: _clean(request.POST, name) for name in request.POST}
    changes = edited_values(gate, typed)
    return edit(
        gate.pk,
        person,
        changes,
        _clean(request.POST, "reason"),
        digest=request.POST.get("digest") or NOT_SHOWN,
        via=VIA,
    )


def _break_glass(gate: Gate, person: Person, request: HttpRequest) -> Verdict:
    """Only from a view that showed everything, like each yes."""
    if subject_of(gate, full=request.POST.get("full") == "1").is_cut:
        return refused(gate, "not_in_full", "This view did not show everything. Review it in full first.", 422)
    manner = Manner(VIA, "signed_in", True)
    shown = request.POST.get("digest") or NOT_SHOWN
    why = _clean(request.POST, "reason")
    return break_glass(gate.pk, person, why, manner, digest=shown, sureness=sureness_of(request, shown))


ACTS: Mapping[str, Callable[[Gate, Person, HttpRequest], Verdict]] = {
    "ask": _ask,
    "edit": _edit,
    "answer": _answer,
    "claim": _claim,
    "release": _release,
    "delegate": _delegate,
    "undelegate": _undelegate,
    "escalate": _escalate,
    "extend": _extend,
    "break-glass": _break_glass,
}
"""By the last part of the address of their form."""
