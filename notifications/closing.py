"""The note that closes a thread: somebody was asked, and the gate closed without their answer."""

from __future__ import annotations

import json

from approvals.models import Gate, Person
from approvals.report import summary_for
from approvals.text import one_line, visible
from intents.lifecycle import TERMINAL_EVENT
from intents.models import Event
from notifications.audience import ASKED_ANEW
from notifications.case import Case
from notifications.content import Content
from notifications.facts import gate_url, intent_facts, sender_name
from notifications.wording import spoken

TITLE_LIMIT = 80
SUMMARY_LIMIT = 3000
ASKED = "You were asked about this. "
NOTHING_TO_DO = "There is nothing to do any more."


def note(case: Case) -> Content:
    """Needs the case's gate, closed."""
    gate = case.gate
    if gate is None or gate.is_open:
        raise ValueError("A closing note without a closed gate.")
    word, asked = _word(gate), "" if case.delivery.is_post else ASKED
    return Content(
        template="news",
        subject=f"{word}, nothing to do any more: {one_line(gate.title, TITLE_LIMIT)} ({case.intent.workspace})",
        headline=f"{word}: {one_line(gate.title, TITLE_LIMIT)}",
        reason=f"{asked}{NOTHING_TO_DO}\n{summary(case, gate)}",
        facts=intent_facts(case),
        url=gate_url(case),
        link="See what became of it",
        author=sender_name(case.intent),
    )


def _word(gate: Gate) -> str:
    """`Expired` says little to whoever was asked."""
    return "Not approved in time" if gate.outcome == "expired" else spoken(gate.outcome)


def summary(case: Case, gate: Gate) -> str:
    """What became of it, by whom, when and why. A gate that closed with its intent says how the intent ended."""
    return visible(_summary(case, gate))[:SUMMARY_LIMIT]


def _summary(case: Case, gate: Gate) -> str:
    at = case.when(gate.closed_at) if gate.closed_at else ""
    if gate.by_people or gate.reason in ("timeout", *ASKED_ANEW):
        return summary_for(gate, at)
    ended = json.loads(case.intent.texts.result or "{}")
    why = str((ended.get("error") or {}).get("message") or "")
    if gate.reason == "withdrawn":
        return f"Withdrawn by {_who_ended(case)} at {at}{f': {why}' if why else '.'}"
    return f"Closed undecided at {at}. {ended.get('summary', '')}"


def _who_ended(case: Case) -> str:
    """A person by name, a program by the name of its account."""
    end = Event.objects.filter(intent=case.intent, event_type__in=TERMINAL_EVENT.values()).first()
    kind, _, name = (end.actor if end else "").partition(":")
    person = Person.objects.filter(email=name).first() if kind == "person" else None
    return one_line(person.name if person else name or "its sender", 120)
