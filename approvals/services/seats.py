"""Who has a seat on a gate: given at its opening, and to whoever comes on call while it is open. Never taken away."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from approvals import selectors
from approvals.directory import deciders_named
from approvals.models import Gate, Person, Seat
from approvals.rotas import Roster, roster_named, schedules_in
from approvals.services.latecomers import keep_latecomers_out
from approvals.stepping import names_asked
from approvals.terms import TermsBody, names_in
from intents.services.lock import Locked
from intents.services.rows import insert


def seat_everybody(locked: Locked, gate: Gate, terms: TermsBody) -> list[Person]:
    """A seat for everybody who may ever decide; those who may now, in the order in which they are told."""
    reseat(locked, gate)
    seats = [
        Seat(gate=gate, line=number, person=person)
        for number, entry in enumerate(terms["requirement"])
        for person in deciders_named(gate.workspace, entry["who"], locked.now)
    ]
    insert(*seats)
    excluded = selectors.excluded_from(gate)
    return selectors.in_order(gate, [seat.person for seat in seats if seat.person.ref not in excluded])


def reseat(locked: Locked, gate: Gate) -> bool:
    """Seat whoever is on call by now, and note when the next one is. True if somebody else is than was noted.

    Under the intent's lock. Costs nothing for a gate whose terms name no schedule. Whoever calls it sets the wake.
    """
    rosters = rosters_of(gate, locked.now)
    if not rosters:
        return False
    before, now_on_call = gate.on_call or {}, on_call_by(rosters, locked.now)
    changed = [name for name in rosters if name in before and before[name] != now_on_call[name]]
    if changed:
        keep_latecomers_out(locked, gate.terms.body)
    for name in changed:
        _hand_over(locked, gate, name, before[name], now_on_call[name])
    gate.on_call = now_on_call
    gate.handover_at = next_handover(rosters, locked.now, locked.intent.deadline_at)
    gate.save(update_fields=["on_call", "handover_at"])
    return bool(changed)


def rosters_of(gate: Gate, now: datetime) -> dict[str, Roster | None]:
    """The schedules that the gate's terms name, each as it is now; None for one that is gone."""
    return {name: roster_named(gate.workspace, name, now) for name in schedules_of(gate.terms.body)}


def schedules_of(terms: TermsBody) -> list[str]:
    """The schedules that these terms name, in the requirement and in the chain."""
    return schedules_in(list(dict.fromkeys([*names_in(terms), *_names_in_chain(terms)])))


def on_call_by(rosters: dict[str, Roster | None], now: datetime) -> dict[str, str]:
    """Schedule to e-mail address; "" where nobody is on call."""
    people = {name: (roster.on_call(now) if roster else None) or "" for name, roster in rosters.items()}
    return {name: person.removeprefix("person:") for name, person in people.items()}


def next_handover(rosters: dict[str, Roster | None], now: datetime, before: datetime) -> datetime | None:
    """When the next of these schedules hands over, if one does."""
    moments = [roster.next_change(now, before) for roster in rosters.values() if roster]
    return min((moment for moment in moments if moment), default=None)


def _hand_over(locked: Locked, gate: Gate, schedule: str, before: str, after: str) -> None:
    """Seats in each line that names the schedule, and the event that lets the new one be told."""
    people = deciders_named(gate.workspace, [f"person:{after}"]) if after else []
    lines = [number for number, entry in enumerate(gate.terms.body["requirement"]) if schedule in entry["who"]]
    Seat.objects.bulk_create(
        [Seat(gate=gate, line=number, person=person) for number in lines for person in people], ignore_conflicts=True
    )
    _note_who_is_off(gate, before, people)
    asked = people if schedule in names_asked(gate) else []
    details = {"gate_id": str(gate.pk), "title": gate.title, "schedule": schedule}
    told = [person.email for person in asked if person.ref not in selectors.excluded_from(gate)]
    locked.record("intent.handed_over", "server", details | {"from": before or None, "to": after or None, "told": told})


def _note_who_is_off(gate: Gate, before: str, people: list[Person]) -> None:
    """Whoever was seated by being on call alone is not reminded any more."""
    gate.seats.filter(person__in=people).update(off_call=False)
    others = [name for name in names_in(gate.terms.body) if not schedules_in([name])]
    stays = {person.email for person in deciders_named(gate.workspace, others)} | {person.email for person in people}
    if before not in stays:
        gate.seats.filter(person__email=before).update(off_call=True)


def _names_in_chain(terms: TermsBody) -> list[str]:
    chain: dict[str, Any] = terms.get("chain") or {}
    steps: list[dict[str, Any]] = chain.get("steps", [])
    return [name for step in steps for name in step.get("who", [])] + list(chain.get("last_resort", []))
