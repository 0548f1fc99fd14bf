"""Everything that the gate page shows, and the parts of it that keep themselves true while it is open."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from approvals.away import in_words
from approvals.changes import changes_of
from approvals.models import Gate, Person
from approvals.report import summary
from approvals.selectors import bound_by_absence, kept_out, silence_sentence
from approvals.services.answer import Fault
from approvals.termwords import conditions_of, posted_to
from approvals.undertakings import live_claims, questions_of
from approvals.views.answerform import PAGE, Door, Typed, form_of
from approvals.views.doors import page_door
from approvals.views.editing import edit_fields
from approvals.views.history import history_of
from approvals.views.offers import NOTHING_TRIED, Tried, offers_of
from approvals.views.standing import Standing, lines_of, standing_of
from approvals.views.subject import earlier_refusals, requester_of, sender_of, subject_of, title_is_the_programs
from approvals.views.withdrawing import may_withdraw
from approvals.views.words import time_left
from intents import clock


def gate_page(
    request: HttpRequest,
    person: Person,
    gate: Gate,
    *,
    typed: Typed,
    tried: Tried = NOTHING_TRIED,
    fault: Fault | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page, with what was typed, into the answer or for another act, and why it was not taken, if so."""
    now = clock.now()
    shown = shown_parts(gate, person, now, typed=typed, fault=fault, door=page_door(request, gate, now))
    offers = offers_of(gate, person, now)
    acts = {
        "offers": offers,
        "edit_fields": edit_fields(gate, tried) if offers.edit else [],
        "tried": tried,
        "may_withdraw": gate.is_open and may_withdraw(gate.intent, person),
    }
    return render(request, "gate.html", shown | acts, status=status)


def shown_parts(
    gate: Gate, person: Person, now: datetime, *, typed: Typed, fault: Fault | None, door: Door = PAGE
) -> dict[str, Any]:
    """The whole context of a gate for one person, with the form to answer it."""
    subject = subject_of(gate, full=typed.full)
    return moving_parts(gate, person, now) | {
        "subject": subject,
        "sender": sender_of(gate.intent),
        "requester": requester_of(gate.intent),
        "by_program": title_is_the_programs(gate),
        "refusals": earlier_refusals(gate),
        "changes": changes_of(gate.intent),
        "shown_digest": gate.digest,
        "form": form_of(gate, typed, fault, is_cut=subject.is_cut, door=door),
        "fault": fault,
        "typed": typed,
    }


def moving_parts(gate: Gate, person: Person, now: datetime) -> dict[str, Any]:
    """Status, progress, votes and history, and where this person stands."""
    standing = standing_of(gate, person, now)
    return {
        "gate": gate,
        "now": now,
        "version": version_of(gate, standing, now),
        "standing": standing,
        "lines": lines_of(gate),
        "kept_out": [*kept_out(gate.intent).values(), *bound_by_absence(gate.intent).values()],
        "instead": in_words(gate) if gate.is_open else [],
        "votes": list(gate.decisions.select_related("person", "text").order_by("at")),
        "questions": questions_of(gate),
        "claims": live_claims(gate, now),
        "history": history_of(gate.intent, gate),
        "silence": silence_sentence(gate) if gate.is_open else "",
        "summary": "" if gate.is_open else closing_words(gate),
        "asked_by_request": gate.terms.body["asked_by_request"],
        "rejections": gate.terms.body["rejections"],
        "conditions": conditions_of(gate),
        "posted_to": posted_to(gate),
    }


def version_of(gate: Gate, standing: Standing, now: datetime) -> str:
    """Changes whenever a moving part would: with each event, with the minutes left, with the person's standing."""
    left = time_left(gate.expires_at, now) if gate.is_open else str(gate.closed_at)
    claims = [claim.pk for claim in live_claims(gate, now)]
    marks = (gate.intent.last_seq, left, claims, standing.kind, standing.why, now.date())
    return sha256(repr(marks).encode()).hexdigest()[:16]


def closing_words(gate: Gate) -> str:
    """How it ended, by whom, where, when, and in whose words."""
    if gate.reason == "withdrawn":
        return f"Withdrawn at {gate.closed_at:%H:%M} UTC; nobody's answer is needed any more."
    if gate.reason == "deadline":
        return f"Not approved: the whole request ran out of time at {gate.closed_at:%H:%M} UTC."
    counted = gate.decisions.filter(taken_back_at=None).select_related("person", "text").order_by("at")
    return summary(gate, counted.last() if gate.by_people else None)
