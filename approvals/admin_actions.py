"""Approve and reject as admin actions: a page between, then the same `decide` as everywhere, for each gate apart.

The signed-in person answers, nobody else, with the digest that this page showed them; being an admin gives no seat.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from approvals import selectors
from approvals.conduct import is_high_risk
from approvals.models import Gate, Person
from approvals.outcomes import OutcomeClass
from approvals.services.answer import COMMENT_LIMIT, Answer
from approvals.services.decide import decide
from approvals.services.sureness import Sureness
from approvals.views.answerform import NOT_SHOWN
from approvals.views.sessions import signed_in_at
from approvals.views.subject import (
    Subject,
    earlier_refusals,
    requester_of,
    sender_of,
    subject_of,
    title_is_the_programs,
)
from approvals.views.words import outcome_words
from intents import clock
from intents.errors import DomainError

MOST_AT_ONCE = 50
ACTIONS = {OutcomeClass.YES: "approve", OutcomeClass.NO: "reject"}


@dataclass(frozen=True)
class Item:
    """One chosen gate on the page between. `why_not` says why it is not answered here."""

    gate: Gate
    outcome: str
    subject: Subject
    sender: str
    requester: Person | None
    refusals: list[Gate]
    by_program: bool
    silence: str
    why_not: str


@dataclass(frozen=True)
class Fate:
    """What became of one gate's answer."""

    gate: Gate
    recorded: bool
    message: str


def answer_all(request: HttpRequest, rows: Any, cls: OutcomeClass) -> HttpResponse | None:
    """First the page between; its button comes here again, with the reason and the digests that were shown."""
    person = request.user
    if not isinstance(person, Person):
        raise PermissionDenied
    gates = list(rows.select_related("ask", "terms", "intent__texts", "intent__sender__service_account", "workspace"))
    if len(gates) > MOST_AT_ONCE:
        messages.error(request, f"At most {MOST_AT_ONCE} gates are answered at once; you chose {len(gates)}.")
        return None
    reason = request.POST.get("reason", "").replace("\r\n", "\n").replace("\0", "").strip()
    error = _fault(reason) if "apply" in request.POST else ""
    if "apply" not in request.POST or error:
        return _between(request, person, gates, cls, reason=reason, error=error)
    return _done(request, [_fate(request, person, gate, cls, reason) for gate in gates], cls)


def _between(
    request: HttpRequest, person: Person, gates: list[Gate], cls: OutcomeClass, *, reason: str, error: str
) -> HttpResponse:
    items = [_item(gate, person, cls) for gate in gates]
    verb = ACTIONS[cls].capitalize()
    context = admin.site.each_context(request) | {
        "title": f"{verb} {len(items)} gate{'' if len(items) == 1 else 's'}?",
        "verb": verb,
        "action": ACTIONS[cls],
        "items": items,
        "ready": sum(not item.why_not for item in items),
        "reason": reason,
        "error": error,
        "limit": COMMENT_LIMIT,
        "now": clock.now(),
    }
    return TemplateResponse(request, "admin/answer_gates.html", context)


def _done(request: HttpRequest, fates: list[Fate], cls: OutcomeClass) -> HttpResponse:
    recorded = sum(fate.recorded for fate in fates)
    title = f"{ACTIONS[cls].capitalize()}: {recorded} of {len(fates)} recorded"
    context = admin.site.each_context(request) | {"title": title, "fates": fates, "now": clock.now()}
    return TemplateResponse(request, "admin/answered_gates.html", context)


def _item(gate: Gate, person: Person, cls: OutcomeClass) -> Item:
    subject = subject_of(gate, full=False)
    return Item(
        gate=gate,
        outcome=outcome_words(_outcome(gate, cls)),
        subject=subject,
        sender=sender_of(gate.intent),
        requester=requester_of(gate.intent),
        refusals=earlier_refusals(gate),
        by_program=title_is_the_programs(gate),
        silence=selectors.silence_sentence(gate),
        why_not=_why_not(gate, cls, subject) or _not_theirs(gate, person),
    )


def _why_not(gate: Gate, cls: OutcomeClass, subject: Subject) -> str:
    """What has to be looked at on the gate's own page."""
    if not gate.is_open:
        return f"It is closed: {outcome_words(gate.outcome).lower()}."
    if cls == OutcomeClass.YES and is_high_risk(gate.terms.body):
        return "It is of high risk, and never answered together with others: answer it on its page."
    if gate.ask.form_schema is not None:
        return "It has a form to fill in: answer it on its page."
    if gate.ask.evidence_required:
        return "It asks for evidence: answer it on its page."
    if cls == OutcomeClass.YES and subject.is_cut:
        return "It is too long to be shown here in full: review it on its page."
    return ""


def _not_theirs(gate: Gate, person: Person) -> str:
    refusal = selectors.may_decide(gate, person)
    return refusal.message if refusal else ""


def _fate(request: HttpRequest, person: Person, gate: Gate, cls: OutcomeClass, reason: str) -> Fate:
    """One gate's own answer; the others go on whatever becomes of it."""
    subject = subject_of(gate, full=False)
    why_not = _why_not(gate, cls, subject) if gate.is_open else ""
    if why_not:
        return Fate(gate, False, why_not)
    digest = request.POST.get(f"digest-{gate.pk}") or NOT_SHOWN
    answer = Answer(_outcome(gate, cls), reason, digest=digest)
    sureness = Sureness(signed_in_at(request))
    try:
        verdict = decide(
            gate.pk, answer, person, via="admin", strength="signed_in", full_view=not subject.is_cut, sureness=sureness
        )
    except DomainError as error:
        return Fate(gate, False, error.message)
    return Fate(gate, verdict.recorded, verdict.message)


def _outcome(gate: Gate, cls: OutcomeClass) -> str:
    """The gate's first outcome of this class; each gate has one."""
    return next(str(name) for name, of in gate.ask.outcomes if of == cls)


def _fault(reason: str) -> str:
    if not reason:
        return "Say why, in a sentence: whoever asked will read it."
    return f"The reason is longer than {COMMENT_LIMIT} characters." if len(reason) > COMMENT_LIMIT else ""
