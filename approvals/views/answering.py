"""What people do on a gate's page: answer, take back, withdraw. Every act ends in words on a page."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url

from approvals.models import Gate, Person
from approvals.selectors import gate_for
from approvals.services.answer import Fault
from approvals.services.decide import decide
from approvals.services.take_back import take_back
from approvals.services.verdict import Verdict
from approvals.views.answerform import Typed, answer_from, page_fault, read
from approvals.views.gatepage import gate_page
from approvals.views.guard import acts, signed_in
from approvals.views.intent import intent_for
from approvals.views.sessions import sureness_of
from approvals.views.subject import subject_of
from approvals.views.withdrawing import withdraw
from intents.errors import DomainError, NotFound

SEE_OTHER = 303


@acts
@signed_in
def decide_on_page(request: HttpRequest, person: Person, gate_id: uuid.UUID) -> HttpResponse:
    """Record the answer and show the gate with it; or the same page, what was typed kept, with the reason why not."""
    gate = gate_for(person, gate_id)
    typed = read(gate, request.POST)
    is_cut = subject_of(gate, full=typed.full).is_cut
    fault = page_fault(gate, typed, is_cut=is_cut) if gate.is_open else None
    if fault is not None:
        return gate_page(request, person, gate, typed=typed, fault=fault, status=422)
    try:
        answer = answer_from(typed)
        sureness = sureness_of(request, typed.digest)
        full = not is_cut
        verdict = decide(gate.pk, answer, person, via="web", strength="signed_in", full_view=full, sureness=sureness)
    except NotFound:
        raise
    except DomainError as error:
        return _again(
            request, person, gate_id, typed=typed, fault=Fault(error.code, error.message), status=error.status
        )
    if verdict.status != 200:
        fault = Fault(verdict.code, verdict.message, verdict.details)
        return _again(request, person, gate_id, typed=typed, fault=fault, status=verdict.status)
    return _seen(request, verdict)


@acts
@signed_in
def take_back_on_page(request: HttpRequest, person: Person, gate_id: uuid.UUID) -> HttpResponse:
    """Un-count one's own answer while the gate is open."""
    gate = gate_for(person, gate_id)
    try:
        verdict = take_back(gate.pk, person, via="web")
    except NotFound:
        raise
    except DomainError as error:
        return _again(
            request, person, gate_id, typed=Typed(), fault=Fault(error.code, error.message), status=error.status
        )
    if verdict.status != 200:
        fault = Fault(verdict.code, verdict.message)
        return _again(request, person, gate_id, typed=Typed(), fault=fault, status=verdict.status)
    return _seen(request, verdict)


@acts
@signed_in
def withdraw_on_page(request: HttpRequest, person: Person, intent_id: uuid.UUID) -> HttpResponse:
    """End the request, if it is this person's to end."""
    intent = intent_for(person, intent_id)
    try:
        withdraw(intent, person, request.POST.get("reason", "").replace("\0", "").strip())
        messages.success(request, "Withdrawn. Nobody has to answer any more.")
    except DomainError as error:
        messages.error(request, error.message)
    return _to(resolve_url("intent", intent_id=intent.pk))


def _again(
    request: HttpRequest, person: Person, gate_id: uuid.UUID, *, typed: Typed, fault: Fault, status: int
) -> HttpResponse:
    """The page as it is now: what the answer met may have changed since it was shown."""
    fresh: Gate = gate_for(person, gate_id)
    return gate_page(request, person, fresh, typed=typed, fault=fault, status=status)


def _seen(request: HttpRequest, verdict: Verdict) -> HttpResponse:
    messages.success(request, verdict.message)
    return _to(resolve_url("gate", gate_id=verdict.gate.pk))


def _to(url: str) -> HttpResponse:
    response = HttpResponseRedirect(url)
    response.status_code = SEE_OTHER
    return response
