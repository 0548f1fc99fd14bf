"""The steps of an open gate's chain, under the intent's lock: whom each tells, and what if that is nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min

from approvals.chains import walk
from approvals.chains.body import Chain
from approvals.directory import people_named
from approvals.models import Gate, Seat
from approvals.progress import progress_of
from approvals.selectors import eligible_people, pending_people, reachable_people, told_people
from approvals.terms import chain_of, names_in
from intents.clock import iso
from intents.services.lock import Locked


@dataclass(frozen=True)
class Cause:
    """Why a step begins: silence, unreachable, asked or nobody; by whom; and the places before it that were skipped."""

    reason: str
    actor: str = "server"
    skipped: tuple[int, ...] = ()


@dataclass(frozen=True)
class Course:
    """A gate's chain, and the times that bound it."""

    chain: Chain
    times: walk.Times


def course_of(gate: Gate) -> Course:
    """By the terms that the gate was opened with, and the deadline that it has now."""
    warn_before = gate.terms.body.get("warn_before")
    warn_at = gate.expires_at - timedelta(seconds=warn_before) if warn_before else None
    return Course(chain_of(gate.terms.body), walk.Times(gate.expires_at, warn_at))


def started_chain(gate: Gate, now: datetime) -> walk.Progress:
    """The progress of a gate that opens now."""
    course = course_of(gate)
    return walk.start(course.chain, course.times, now)[1]


def begin_step(locked: Locked, gate: Gate, progress: walk.Progress, cause: Cause) -> walk.Progress:
    """Tell the people of the step that begins. If it stands for nobody: the last resort, else the next one with people.

    The first step is no escalation, and is told as the request itself.
    """
    course = course_of(gate)
    chain = course.chain
    Seat.objects.filter(gate=gate, asked_at__isnull=False).update(asked_at=None)
    while not anybody(gate, chain.step_at(progress.place).who):
        cause = replace(cause, reason="nobody")
        if (chain.last_resort and not progress.last_resort) or progress.place + 1 >= chain.places:
            return to_last_resort(locked, gate, progress, cause)
        cause = replace(cause, skipped=(*cause.skipped, progress.place))
        progress = walk.entered(progress, progress.place + 1, locked.now)
    who = list(chain.step_at(progress.place).who)
    if progress.place == 0:
        locked.record("intent.asked", "server", about(gate) | at_place(chain, 0) | {"to": who})
    else:
        _escalated(locked, gate, progress, cause, who or names_in(gate.terms.body))
    return walk.scheduled(chain, course.times, progress, locked.now)


def to_last_resort(locked: Locked, gate: Gate, progress: walk.Progress, cause: Cause) -> walk.Progress:
    """Tell those whom the chain names for this, once; if it names nobody, the history at least says so."""
    course = course_of(gate)
    _escalated(locked, gate, progress, cause, [] if progress.last_resort else list(course.chain.last_resort))
    return walk.scheduled(course.chain, course.times, replace(progress, last_resort=True), locked.now)


def anybody(gate: Gate, who: Sequence[str]) -> bool:
    """True if one of these people (no names: of all) has decided, or is told of it and can be reached."""
    asked = people_named(gate.workspace, who) if who else eligible_people(gate)
    reachable = {person.pk for person in reachable_people(gate)}
    if any(person.pk in reachable for person in told_people(gate, asked)):
        return True
    decided = {person.pk for person in eligible_people(gate)} - {person.pk for person in pending_people(gate)}
    return any(person.pk in decided for person in asked)


def names_asked(gate: Gate) -> list[str]:
    """Whom the current step tells, and the last resort once it was taken; nobody while the first step waits."""
    chain, progress = chain_of(gate.terms.body), progress_of(gate.progress, gate.opened_at)
    if progress.place < 0:
        return []
    names = list(chain.step_at(progress.place).who) or names_in(gate.terms.body)
    return names + (list(chain.last_resort) if progress.last_resort else [])


def told_first(gate: Gate, progress: walk.Progress) -> dict[str, Any]:
    """What the request's own event says of who is told now, if that is not everybody who may decide."""
    course = course_of(gate)
    if progress.place < 0:
        return {"to": [], "held_until": iso(walk.next_step_at(course.chain, course.times, progress))}
    return {"to": list(course.chain.steps[0].who)} if course.chain.steps[0].who else {}


def first_told_at(gate: Gate) -> datetime | None:
    """When the first message since the current step began was sent, if one was."""
    found: datetime | None = Seat.objects.filter(gate=gate).aggregate(first=Min("asked_at"))["first"]
    return found


def about(gate: Gate) -> dict[str, Any]:
    """How each event of a chain names its gate."""
    return {"gate_id": str(gate.pk), "title": gate.title}


def at_place(chain: Chain, place: int) -> dict[str, int]:
    """Step and round, counted from 0."""
    found = chain.place(max(place, 0))
    return {"step": found.step, "round": found.round}


def _escalated(locked: Locked, gate: Gate, progress: walk.Progress, cause: Cause, to: list[str]) -> None:
    chain = chain_of(gate.terms.body)
    skipped = [at_place(chain, place) for place in cause.skipped]
    said = {"escalated_to": to, "reason": cause.reason, "skipped": skipped}
    locked.record("intent.escalated", cause.actor, about(gate) | at_place(chain, progress.place) | said)
