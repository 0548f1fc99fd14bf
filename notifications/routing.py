"""On which channels each person is told, and how much later on each.

A step of a chain says so; else the person's own choice; else every channel on which the person can be reached.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from approvals.chains.compiling import channels_from
from approvals.models import Gate, Membership, Person
from approvals.progress import progress_of
from intents.prepared import Prepared
from notifications.audience import Telling
from notifications.channels.registry import CHANNELS
from notifications.models import EMAIL, Purpose

Wanted = Sequence[Mapping[str, int]]
"""[{"slack": 0}, {"email": 600}]: seconds by which each is later."""
_CHOICES = Prepared(
    lambda workspace, people: Membership.objects.filter(workspace=workspace, person__among=people).exclude(channels=[])
)
OF_THE_STEP = (Purpose.REQUEST, Purpose.REMINDER, Purpose.ESCALATION)


@dataclass(frozen=True)
class Route:
    """One person on one channel, from a moment on."""

    person: Person
    channel: str
    address: str
    not_before: datetime


@dataclass(frozen=True)
class Occasion:
    """What is told, about which gate, and what the event says."""

    what: Telling
    gate: Gate | None
    said: Mapping[str, Any]


def routes(workspace_id: UUID, people: Sequence[Person], occasion: Occasion, now: datetime) -> list[Route]:
    """How to tell them. Nobody is left out: whoever has none of the wanted channels gets those that there are."""
    if not people:
        return []
    reach = {name: channel.addresses(workspace_id, people) for name, channel in CHANNELS.items()}
    wanted = _wanted(occasion)
    own = {} if wanted else _own(workspace_id, people)
    into = _into_the_step(occasion, now)
    found = []
    for person in people:
        usable = [name for name in reach if person.pk in reach[name]]
        for name, later in in_turn(wanted or own.get(person.pk, ()), usable):
            moment = now + timedelta(seconds=max(0.0, later - into))
            found.append(Route(person, name, reach[name][person.pk], moment))
    return found


def in_turn(wanted: Wanted, usable: Collection[str]) -> list[tuple[str, int]]:
    """The usable ones of the wanted, each with its delay; all of the usable at once if none is wanted.

    Where the first of the wanted cannot be used, the next one takes its place in time.
    """
    named = [(name, later) for entry in wanted for name, later in entry.items()]
    found = [(name, later) for name, later in named if name in usable]
    if not found:
        return [(name, 0) for name in usable]
    early = min(later for _, later in found) - min(later for _, later in named)
    return [(name, later - early) for name, later in found]


def _wanted(occasion: Occasion) -> Wanted:
    """What the chain's step says of its own people. Who was asked by mail gets the closing note by mail."""
    gate, purpose = occasion.gate, occasion.what.purpose
    if purpose == Purpose.CLOSED:
        return [{EMAIL: 0}]
    chain = gate.terms.body.get("chain") if gate and purpose in OF_THE_STEP else None
    if not chain:
        return ()
    step: dict[str, Any] = chain["steps"][occasion.said.get("step", 0)]
    told = occasion.said.get("escalated_to", step["who"])
    wanted: Wanted = step["channels"] if not step["who"] or list(told) == step["who"] else ()
    return wanted


def _own(workspace_id: UUID, people: Sequence[Person]) -> dict[UUID, Wanted]:
    rows = _CHOICES(workspace=workspace_id, people=[person.pk for person in people])
    return {row.person_id: channels_from(row.channels) for row in rows}


def _into_the_step(occasion: Occasion, now: datetime) -> float:
    """A reminder goes at once where the step's own message went already."""
    gate = occasion.gate
    if occasion.what.purpose != Purpose.REMINDER or gate is None:
        return 0.0
    return (now - progress_of(gate.progress, gate.opened_at).entered_at).total_seconds()
