"""What a Home lists besides what waits: what its person asked for, and what was decided lately of what was theirs."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from approvals.models import CARRIED_OVER, Decision, Gate, Person
from approvals.report import PLACES
from approvals.selectors import gates_for, silence_outcome, waiting_sentence
from approvals.text import one_line
from approvals.views.words import outcome_words
from intents.lifecycle import WaitingReason
from intents.models import Intent, Workspace
from notifications.slack.entries import When, target, what
from notifications.slack.homeblocks import Entry

MOST = 10
LATELY = timedelta(days=7)
ENDED = {
    "timeout": "Not approved: nobody answered in time",
    "withdrawn": "Withdrawn",
    "amended": "The request was amended: it is asked anew",
    "edited": "The request was edited: it is asked anew",
    CARRIED_OVER: "Agreed to when it was first tried",
}
WAITS = {
    WaitingReason.AGENT: "Waits for its agent",
    WaitingReason.TIME: "Waits for its time",
    WaitingReason.TOOL: "Waits for a tool",
}


def sent_by(person: Person, workspaces: Collection[Workspace], when: When) -> tuple[list[Entry], int]:
    """What this person asked for and is not over, newest first: whom it waits for, until when; and how many more."""
    rows = Intent.objects.filter(workspace__in=workspaces, requester=person.ref, wake_at__isnull=False)
    newest = rows.select_related("workspace").order_by("-created_at")
    intents = list(newest[:MOST])
    more = rows.count() - MOST if len(intents) == MOST else 0
    gates = {gate.intent_id: gate for gate in _open_gates(intents)}
    several = len(workspaces) > 1
    return [_sent(intent, gates.get(intent.pk), when, several=several) for intent in intents], more


def decided_lately(person: Person, workspaces: Collection[Workspace], now: datetime, when: When) -> list[Entry]:
    """Of the gates on which this person had a seat: the outcome, by whom, where, and when."""
    closed = gates_for(person, state="closed").filter(workspace__in=workspaces, closed_at__gte=now - LATELY)
    gates = list(closed[:MOST])
    votes = Decision.objects.filter(gate__in=gates, taken_back_at=None).select_related("person").order_by("at", "pk")
    last = {vote.gate_id: vote for vote in votes}
    several = len(workspaces) > 1
    return [_decided(gate, last.get(gate.pk), when, several=several) for gate in gates]


def _open_gates(intents: list[Intent]) -> list[Gate]:
    rows = Gate.objects.filter(intent__in=intents, closed_at=None)
    return list(rows.select_related("terms", "intent", "workspace"))


def _sent(intent: Intent, gate: Gate | None, when: When, *, several: bool) -> Entry:
    head = what(gate) if gate else f"{one_line(intent.intent_type, 80)}{target(intent.to_agent)}"
    where = f" · {intent.workspace}" if several else ""
    return Entry(head, f"{_waits(intent, gate, when)}{where}", gate.pk if gate else None)


def _waits(intent: Intent, gate: Gate | None, when: When) -> str:
    if gate is None:
        words = WAITS.get(WaitingReason(intent.waiting_reason)) if intent.waiting_reason else None
        return f"{words or 'Under way'}, until {when(intent.deadline_at)} at the latest"
    if gate.held_at is not None:
        return f"Waits until you have changed it, until {when(gate.expires_at)}"
    return f"Waits for {waiting_sentence(gate)}, until {when(gate.expires_at)}, else {silence_outcome(gate)}"


def _decided(gate: Gate, last: Decision | None, when: When, *, several: bool) -> Entry:
    at = when(gate.closed_at) if gate.closed_at else ""
    where = f" · {gate.workspace}" if several else ""
    return Entry(what(gate), f"{_ended(gate, last)}, {at}{where}")


def _ended(gate: Gate, last: Decision | None) -> str:
    if gate.by_people and last is not None:
        by = f"{one_line(last.person.name, 80)} {PLACES.get(last.via, one_line(last.via, 20))}"
        return f"{outcome_words(gate.outcome)} by {by}{', by breaking glass' if gate.reason == 'break_glass' else ''}"
    if gate.outcome_class == "yes" and gate.reason == "timeout":
        return "Approved by silence"
    return ENDED.get(gate.reason, "Closed undecided")
