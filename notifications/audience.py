"""Who is told of an event, and why. Pure: from event types to groups; who is in a group is looked up later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from intents.lifecycle import TERMINAL_EVENT, WaitingReason
from notifications.models import Purpose


class Group(Enum):
    """PENDING may decide and have not. NAMED_PENDING are those of them that the event names. NAMED are members.

    CONCERNED have a seat on the gate or are admins.
    ASKED were mailed about the gate and have not decided on it; the requester, who is told the outcome, is not of them.
    INFORMED are told by the policy's wish, and have no seat.
    """

    PENDING = "pending"
    NAMED_PENDING = "named_pending"
    NAMED = "named"
    REQUESTER = "requester"
    ASKED = "asked"
    CONCERNED = "concerned"
    INFORMED = "informed"


@dataclass(frozen=True)
class Telling:
    """One purpose for one group; `names` only where the event names people."""

    purpose: Purpose
    group: Group
    names: tuple[str, ...] = ()


WAITING = Telling(Purpose.WAITING, Group.REQUESTER)
OUTCOME = Telling(Purpose.OUTCOME, Group.REQUESTER)
CLOSED = Telling(Purpose.CLOSED, Group.ASKED)
GLASS = (Telling(Purpose.GLASS, Group.CONCERNED), Telling(Purpose.GLASS, Group.INFORMED))
INFORM = Telling(Purpose.INFORM, Group.INFORMED)
CHANGES = ("intent.amended", "intent.payload_edited")
ASKED_ANEW = ("amended", "edited")
"""Why a gate closed that is asked again: no news to the requester, who is told of the change itself."""
ALWAYS: Mapping[str, tuple[Telling, ...]] = {
    "intent.gate_warning": (Telling(Purpose.WARNING, Group.PENDING),),
    "intent.question_asked": (Telling(Purpose.QUESTION, Group.REQUESTER),),
    "intent.extended": tuple(
        Telling(Purpose.EXTENSION, group) for group in (Group.PENDING, Group.REQUESTER, Group.INFORMED)
    ),
    "intent.held_for_changes": (Telling(Purpose.WANTED, Group.REQUESTER),),
    **dict.fromkeys(CHANGES, (Telling(Purpose.REQUEST, Group.PENDING), Telling(Purpose.CHANGED, Group.REQUESTER))),
    **dict.fromkeys(TERMINAL_EVENT.values(), (OUTCOME,)),
}
STEPS = {
    "intent.human_task_assigned": Purpose.REQUEST,
    "intent.asked": Purpose.REQUEST,
    "intent.reminder": Purpose.REMINDER,
}
"""What the steps of a chain tell: all who may decide, or those whom the event names."""
NAMING = {
    "intent.escalated": (Purpose.ESCALATION, Group.NAMED_PENDING, "escalated_to"),
    "intent.handed_over": (Purpose.REQUEST, Group.NAMED_PENDING, "told"),
    "intent.delegated": (Purpose.DELEGATION, Group.NAMED_PENDING, "told"),
    "intent.question_answered": (Purpose.ANSWER, Group.NAMED, "to"),
    "intent.notification": (Purpose.NOTIFICATION, Group.NAMED, "to"),
}
"""The events that name whom to tell, and where."""


def tellings(
    event_type: str, waiting_reason: str, details: Mapping[str, Any], *, intent_is_final: bool
) -> tuple[Telling, ...]:
    """Who is told of this event. The requester hears of a gate that ended its intent by the intent's own end."""
    if event_type in ALWAYS:
        return ALWAYS[event_type]
    if event_type in STEPS:
        return _of_a_step(STEPS[event_type], details)
    if event_type in NAMING:
        purpose, group, key = NAMING[event_type]
        named = Telling(purpose, group, _names(details, key))
        return (named, WAITING) if purpose == Purpose.ESCALATION else (named,)
    if event_type == "intent.broke_glass":
        return GLASS if intent_is_final else (*GLASS, Telling(Purpose.GLASS, Group.REQUESTER))
    if event_type == "intent.gate_closed":
        return _of_the_end(str(details.get("reason")), intent_is_final=intent_is_final)
    if event_type == "intent.waiting" and waiting_reason in (WaitingReason.AGENT, WaitingReason.HUMAN):
        return (WAITING,)
    return ()


def _of_the_end(reason: str, *, intent_is_final: bool) -> tuple[Telling, ...]:
    """Of a gate. Where glass was broken, everybody is told of that instead."""
    if reason == "break_glass":
        return ()
    return (CLOSED, INFORM) if intent_is_final or reason in ASKED_ANEW else (CLOSED, OUTCOME, INFORM)


def _of_a_step(purpose: Purpose, details: Mapping[str, Any]) -> tuple[Telling, ...]:
    """The people that a step of the chain names: everybody if it names none, nobody yet if the first one is held."""
    if details.get("held_until"):
        return ()
    names = _names(details, "to")
    told = Telling(purpose, Group.NAMED_PENDING if names else Group.PENDING, names)
    return (told, INFORM) if purpose == Purpose.REQUEST else (told,)


def gate_of(event_type: str, details: Mapping[str, Any]) -> str:
    """The id of the gate that the event is about: for the end of an intent its last gate. "" if there is none."""
    if event_type in TERMINAL_EVENT.values():
        gates = details.get("gates") or [{}]
        return str(gates[-1].get("gate_id", ""))
    return str(details.get("gate_id", ""))


def _names(details: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return tuple(str(name) for name in details.get(key) or ())
