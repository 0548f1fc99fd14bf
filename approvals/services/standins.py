"""What absences do to one gate, under its intent's lock: who is asked instead, and who is kept out by four eyes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from approvals import selectors
from approvals.away import Pairs, absences_at, anybody_away, linked, pairs_of, pairs_on_gates, running
from approvals.directory import people_named
from approvals.models import Absence, Delegation, Gate, Gone, Person
from approvals.stepping import names_asked
from intents.models import Intent
from intents.services.lock import Locked


@dataclass(frozen=True)
class Change:
    """What has to change on a gate so that it fits the absences of now."""

    begin: tuple[Absence, ...] = ()
    end: tuple[Delegation, ...] = ()
    bound: dict[str, str] = field(default_factory=dict)
    lost: tuple[Absence, ...] = ()
    back: tuple[UUID, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.begin or self.end or self.bound or self.lost or self.back)


def change_on(gate: Gate, now: datetime) -> Change:
    """Which absences begin to count on this gate, which delegations end, who is bound up with the request, who can be
    told through nobody, and who can be told again.
    """
    absences = list(absences_at(gate.workspace_id, now).select_related("person", "delegate"))
    given = list(running(gate).select_related("person", "to", "absence"))
    pairs = [*pairs_of(absences), *pairs_on_gates(given)]
    bound = bound_up(gate.intent, pairs, _voters(gate)) if pairs else {}
    usable = _usable(gate, absences, bound) if absences else {}
    end = [row for row in given if row.absence and _is_over(row, usable)]
    kept = {row.person_id for row in given if row not in end}
    begin = [absence for person, absence in usable.items() if person not in kept]
    lost = _lost(gate, [row for row in absences if row.person_id not in {*usable, *kept}])
    return Change(tuple(begin), tuple(end), bound, lost, _back(gate, {row.person_id for row in absences}))


def stand_in_at_opening(locked: Locked, gate: Gate) -> bool:
    """Before anybody is told: the first message goes to the right people by itself. True if somebody is away."""
    return anybody_away(gate.workspace_id, locked.now) and stand_in(locked, gate, told=False)


def stand_in(locked: Locked, gate: Gate, *, told: bool = True) -> bool:
    """Make the gate fit the absences of now. True if anything changed; nothing does when it fits already.

    `told`: the delegates of those whom the chain asks now get the request at once.
    """
    change = change_on(gate, locked.now)
    if change.bound:
        keep_out(locked, change.bound)
    for row in change.end:
        row.ended_at = locked.now
        row.save(update_fields=["ended_at"])
        locked.record("intent.delegation_ended", "server", _about(gate, row.person, row.to))
    asked = _asked(gate) if told and change.begin else set()
    for absence in change.begin:
        to = absence.delegate
        if to is not None:
            Delegation.objects.create(gate=gate, person=absence.person, to=to, at=locked.now, absence=absence)
            about = _about(gate, absence.person, to) | {"told": [to.email] if absence.person_id in asked else []}
            locked.record("intent.delegated", "server", about)
    for absence in change.lost:
        gate.seats.filter(person=absence.person, gone="").update(gone=Gone.AWAY)
        details = {"gate_id": str(gate.pk), "person": absence.person.email, "why": _why(absence)}
        locked.record("intent.person_unreachable", "server", details)
    gate.seats.filter(person__in=change.back, gone=Gone.AWAY).update(gone="")
    return bool(change)


def bound_up(intent: Intent, pairs: Pairs, voted: Collection[UUID] = ()) -> dict[str, str]:
    """Who stands in for somebody bound up with the request, or is represented by them, each with a sentence.

    One hop. Whoever has answered already did so before, and stays.
    """
    aside = intent.texts.plan.get("bound", {})
    found = linked({ref for ref in intent.excluded if ref not in aside}, pairs)
    stay = {*intent.excluded, *map(str, voted)}
    return {ref: why for ref, why in found.items() if ref not in stay}


def keep_out(locked: Locked, bound: dict[str, str]) -> None:
    """These people do not decide on this intent any more; the history says why."""
    intent = locked.intent
    intent.excluded = sorted({*intent.excluded, *bound})
    Intent.objects.filter(pk=intent.pk).update(excluded=intent.excluded)
    intent.texts.plan = intent.texts.plan | {"bound": intent.texts.plan.get("bound", {}) | bound}
    intent.texts.save(update_fields=["plan"])
    for why in bound.values():
        locked.record("intent.person_kept_out", "server", {"why": why})


def _usable(gate: Gate, absences: list[Absence], bound: dict[str, str]) -> dict[UUID, Absence]:
    """By the absent person: the absences whose delegate may decide here and is there, and is needed."""
    able = {person.pk for person in selectors.eligible_people(gate) if person.ref not in bound}
    away = {row.person_id for row in absences}
    voted = _voters(gate)
    wanted = [row for row in absences if row.person_id in able and row.person_id not in voted]
    return {row.person_id: row for row in wanted if row.delegate_id in able and row.delegate_id not in away}


def _lost(gate: Gate, absences: list[Absence]) -> tuple[Absence, ...]:
    """Those of them whose person has a seat, has not answered, and was waited for so far."""
    seats = gate.seats.filter(gone="").values_list("person_id", flat=True) if absences else ()
    wanted = set(seats) - _voters(gate) if absences else set()
    return tuple(row for row in absences if row.person_id in wanted)


def _back(gate: Gate, away: set[UUID]) -> tuple[UUID, ...]:
    """Who was not waited for because they were away, and is there again."""
    lost = gate.seats.filter(gone=Gone.AWAY).values_list("person_id", flat=True)
    return tuple(set(lost) - away)


def _why(absence: Absence) -> str:
    return f"away until {absence.ends_at:%d %B %H:%M} UTC, and nobody who may decide here stands in"


def _is_over(row: Delegation, usable: dict[UUID, Absence]) -> bool:
    absence = usable.get(row.person_id)
    return absence is None or absence.pk != row.absence_id


def _asked(gate: Gate) -> set[UUID]:
    return {person.pk for person in people_named(gate.workspace, names_asked(gate))}


def _voters(gate: Gate) -> set[UUID]:
    return set(gate.decisions.filter(taken_back_at=None).values_list("person_id", flat=True))


def _about(gate: Gate, person: Person, to: Person) -> dict[str, Any]:
    about: dict[str, Any] = {"gate_id": str(gate.pk), "title": gate.title}
    return about | {"from": person.email, "to": to.email, "why": "absence"}
