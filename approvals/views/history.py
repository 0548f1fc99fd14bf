"""An intent's events as sentences. Unknown ones are named by their type, so that nothing is left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from approvals.directory import label
from approvals.models import Gate
from approvals.report import PLACES
from approvals.text import one_line
from approvals.views.actwords import ACTS, QUOTED
from approvals.views.words import actor_words, outcome_words, source_words
from intents.models import Event, Intent

Details = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """One line of the history. `quote` holds words that somebody wrote; `tone` colours the mark beside it."""

    seq: int
    at: datetime
    text: str
    quote: str = ""
    tone: str = ""


def history_of(intent: Intent, gate: Gate | None = None) -> list[Entry]:
    """The intent's events in order; with `gate`, without those of its other gates."""
    rows = Event.objects.filter(intent=intent).select_related("text").order_by("seq")
    told = [(row, _details(row)) for row in rows]
    about = str(gate.pk) if gate else ""
    return [entry_of(row, details) for row, details in told if not about or details.get("gate_id", about) == about]


def entry_of(event: Event, details: Details) -> Entry:
    """The event in words; one whose text was purged has only its name, its actor and its moment left."""
    if set(details) == {"purged"}:
        name = one_line(event.event_type.removeprefix("intent."), 80).replace("_", " ")
        return Entry(event.seq, event.at, f"{actor_words(event.actor)}: {name} (details {details['purged']}).")
    known = _WORDS.get(event.event_type.removeprefix("intent."))
    text = known(event, details) if known else one_line(event.event_type, 80)
    return Entry(event.seq, event.at, text, _quote(event, details), _tone(event, details))


def _details(event: Event) -> Details:
    found = event.said()["details"]
    return found if isinstance(found, dict) else {}


def _of(details: Details, key: str, limit: int = 200) -> str:
    value = details.get(key)
    return one_line(str(value), limit) if value not in (None, "") else ""


REASONS = {
    "unreachable": ", because nobody who was asked can be reached",
    "asked": ", because somebody wanted it at once",
    "nobody": ", because the chain's own step stands for nobody",
}


def _created(event: Event, details: Details) -> str:
    again = " once more, after it had failed" if details.get("retry_of") else ""
    return f"{actor_words(event.actor)} asked for {_of(details, 'intent_type')}{again}."


def _submitted(_event: Event, details: Details) -> str:
    plan = details.get("plan")
    steps = len(plan) if isinstance(plan, list) else 0
    return f"Accepted, with a plan of {steps} step{'' if steps == 1 else 's'}."


def _agent(details: Details) -> str:
    return actor_words(str(details.get("agent", ""))) or "the agent"


def _delivered(_event: Event, details: Details) -> str:
    agent = _agent(details)
    attempt = details.get("delivery_attempt", 1)
    return f"Handed to {agent}{f' (attempt {attempt})' if attempt != 1 else ''}."


def _waiting(event: Event, details: Details) -> str:
    if event.waiting_reason == "WAITING_FOR_HUMAN":
        return f"Waiting for {_of(details, 'waiting_for')}."
    if event.waiting_reason == "WAITING_FOR_AGENT":
        return f"Nobody listens as {actor_words(str(details.get('agent', '')))}; the work waits."
    return f"Waiting until {_of(details, 'until')}."


def _reminder(_event: Event, details: Details) -> str:
    skipped = details.get("skipped")
    rest = f"; {skipped} were skipped during an outage" if skipped else ""
    return f"Reminder {details.get('number')} of {details.get('of')} was sent{rest}."


def _escalated(_event: Event, details: Details) -> str:
    to = one_line(label(str(name) for name in details.get("escalated_to", [])))
    why = REASONS.get(str(details.get("reason")), "")
    return f"Escalated to {to}{why}." if to else f"There is nobody to escalate to{why}."


def _asked(_event: Event, details: Details) -> str:
    to = one_line(label(str(name) for name in details.get("to", [])))
    return f"Asked {to}." if to else "Asked everybody who may decide."


def _gate_warning(_event: Event, details: Details) -> str:
    return f"Last call: without an answer by {_of(details, 'expires_at')} it is {_of(details, 'then')}."


def _passed_over(_event: Event, details: Details) -> str:
    return f"The gate of {source_words(_of(details, 'source'))} did not open: its condition does not hold."


def _decided(event: Event, details: Details) -> str:
    who = _of(details, "name") or actor_words(event.actor)
    instead = f", also for {_of(details, 'for')}" if details.get("for") else ""
    return f"{who} answered {outcome_words(str(details.get('outcome', ''))).lower()} {_place(details)}{instead}."


def _taken_back(event: Event, details: Details) -> str:
    return f"{actor_words(event.actor)} took the answer {outcome_words(str(details.get('outcome', ''))).lower()} back."


def _refused(event: Event, details: Details) -> str:
    why = {
        "four_eyes": "they are bound up with the request",
        "not_eligible": "it is not theirs to decide",
        "rules_changed": "they had changed its rules",
        "may_not_break_glass": "they may not break glass",
    }
    code = str(details.get("code", ""))
    return f"An answer by {actor_words(event.actor)} was not taken: {why.get(code, one_line(code))}."


def _attempted(event: Event, details: Details) -> str:
    return f"{actor_words(event.actor)} tried to {_of(details, 'tried')}, and was refused: {_of(details, 'code')}."


def _closed(_event: Event, details: Details) -> str:
    reasons = {
        "break_glass": ", as glass was broken",
        "timeout": " because the time ran out",
        "withdrawn": " because the request was withdrawn",
    } | dict.fromkeys(("amended", "edited"), " because the request was changed; people are asked anew")
    outcome = outcome_words(str(details.get("outcome", ""))).lower()
    return f"The gate closed: {outcome}{reasons.get(str(details.get('reason')), '')}."


def _unreachable(_event: Event, details: Details) -> str:
    return f"{_of(details, 'person')} cannot be reached: {_of(details, 'why')}."


def _handed_over(_event: Event, details: Details) -> str:
    schedule = label([str(details.get("schedule", ""))])
    return f"{_of(details, 'to') if details.get('to') else 'Nobody'} is in {one_line(schedule)} now."


def _stands_in(_event: Event, details: Details) -> str:
    why = "is away" if details.get("why") == "absence" else "asked for it"
    return f"{_of(details, 'to')} is asked instead of {_of(details, 'from')}, who {why}."


def _back(_event: Event, details: Details) -> str:
    return f"{_of(details, 'to')} is no longer asked instead of {_of(details, 'from')}."


def _notified(_event: Event, details: Details) -> str:
    return f"A message went to {one_line(label(str(name) for name in details.get('to', [])))}."


def _amended(event: Event, details: Details) -> str:
    return f"{actor_words(event.actor)} amended the request{_void(details)}."


def _edited(event: Event, details: Details) -> str:
    return f"{actor_words(event.actor)} edited the request{_void(details)}."


def _void(details: Details) -> str:
    who = details.get("votes_void") or []
    return f"; the answers of {one_line(', '.join(str(name) for name in who))} are void" if who else ""


def _held(_event: Event, details: Details) -> str:
    return f"{_of(details, 'name')} sent it back; it waits for changes until {_of(details, 'until')}."


def _carried_over(_event: Event, details: Details) -> str:
    who = one_line(", ".join(str(name) for name in details.get("decided_by") or []))
    return f"{who} had agreed when this was first tried, and nothing has changed since: that counts."


def _jumped(_event: Event, details: Details) -> str:
    why = "failed" if details.get("why") == "on_failure" else "was done"
    return f"{_of(details, 'step_id')} {why}; the request went on to {_of(details, 'to')}."


def _terminal(_event: Event, details: Details) -> str:
    return _of(details, "summary", 2200) or "It ended."


def _says(text: str) -> Callable[[Event, Details], str]:
    return lambda event, details: text.format(
        who=actor_words(event.actor), step=_of(details, "step_id"), agent=_agent(details)
    )


_WORDS: dict[str, Callable[[Event, Details], str]] = {
    "created": _created,
    "submitted": _submitted,
    "delivered": _delivered,
    "in_progress": _says("{who} is at work on {step}."),
    "waiting": _waiting,
    "human_task_assigned": _says("People were asked."),
    "reminder": _reminder,
    "escalated": _escalated,
    "asked": _asked,
    "gate_warning": _gate_warning,
    "decision_recorded": _decided,
    "decision_taken_back": _taken_back,
    "decision_refused": _refused,
    "attempt_refused": _attempted,
    "gate_passed_over": _passed_over,
    "gate_closed": _closed,
    "person_unreachable": _unreachable,
    "person_kept_out": lambda _event, details: _of(details, "why"),
    "handed_over": _handed_over,
    "delegated": _stands_in,
    "delegation_ended": _back,
    "notification": _notified,
    "jumped": _jumped,
    "amended": _amended,
    "payload_edited": _edited,
    "held_for_changes": _held,
    "gate_carried_over": _carried_over,
    "result_carried_over": _says("{step} was done when this was first tried; its result counts."),
    "clean_up_started": _says("{step} cleans up before this ends."),
    "lease_revoked": _says("{agent} was stopped; {step} is taken back and waits until it is resumed."),
    "lease_expired": _says("No result for {step} came in time; it is handed out again."),
    "delivery_failed": _says("No result for {step} came, however often it was handed out."),
    "completed": _terminal,
    "failed": _terminal,
    "canceled": _terminal,
    "timed_out": _terminal,
    **ACTS,
}


def _place(details: Details) -> str:
    via = str(details.get("via", ""))
    return PLACES.get(via, one_line(via, 40))


def _quote(event: Event, details: Details) -> str:
    name = event.event_type.removeprefix("intent.")
    key = "comment" if name == "decision_recorded" else QUOTED.get(name)
    return str(details.get(key) or "") if key else ""


def _tone(event: Event, details: Details) -> str:
    if event.event_type == "intent.gate_closed":
        return str(details.get("outcome_class", ""))
    tones = {"COMPLETED": "yes", "FAILED": "no", "CANCELED": "no", "TIMED_OUT": "no"}
    terminal = event.event_type.removeprefix("intent.") in ("completed", "failed", "canceled", "timed_out")
    return tones.get(event.status, "") if terminal else ""
