"""Reading: who may decide, how far a gate is, and what somebody sees in their inbox."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

from django.db.models import Q, QuerySet

from approvals.away import told_instead
from approvals.directory import label, people_named
from approvals.models import Decision, Gate, Membership, Person, Seat
from approvals.outcomes import OutcomeClass
from approvals.requirement import Line, Tally, tally
from intents import clock
from intents.errors import NotFound
from intents.models import Intent
from intents.prepared import Prepared

FOUR_EYES = "You are bound up with this request (as requester, key owner or author), so somebody else decides."
AGREED_BEFORE = "You said yes at an earlier gate of this request, and here others have to agree."
THEN = {"expire": "not approved", "approve": "approved", "cancel": "canceled"}


@dataclass(frozen=True)
class Refusal:
    """Why somebody may not decide."""

    code: str
    message: str


@dataclass(frozen=True)
class LineProgress:
    """How far one requirement line is. `voters` and `people` are names as people know them."""

    who: tuple[str, ...]
    need: int
    have: int
    voters: tuple[str, ...]
    people: tuple[str, ...]


def may_decide(gate: Gate, person: Person) -> Refusal | None:
    """None if this person may decide now: seated, active, with the right to, and not bound up with the request."""
    if person.ref in gate.intent.excluded:
        why = kept_out(gate.intent).get(person.ref)
        return Refusal("rules_changed", why) if why else Refusal("four_eyes", _four_eyes(gate.intent, person))
    if person.ref in gate.left_out:
        return Refusal("agreed_before", AGREED_BEFORE)
    if not SEAT_OF(gate=gate.pk, workspace=gate.workspace_id, person=person.pk):
        names = label(name for entry in gate.terms.body["requirement"] for name in entry["who"])
        return Refusal("not_eligible", f"This is for {names} to decide.")
    return None


def kept_out(intent: Intent) -> dict[str, str]:
    """Who may not decide because they changed the rules lately (opaque ids), each with a sentence."""
    found: dict[str, str] = intent.texts.plan.get("kept_out", {})
    return found


def bound_by_absence(intent: Intent) -> dict[str, str]:
    """Who may not decide because they stand in for somebody bound up with it, or the other way round; sentences."""
    found: dict[str, str] = intent.texts.plan.get("bound", {})
    return found


def _four_eyes(intent: Intent, person: Person) -> str:
    return bound_by_absence(intent).get(person.ref, FOUR_EYES)


def excluded_from(gate: Gate) -> set[str]:
    """Who may not decide on this gate, whatever seat they have (opaque ids)."""
    return {*gate.intent.excluded, *gate.left_out}


def eligible_people(gate: Gate) -> list[Person]:
    """Everybody who may decide now, in the order in which they are told."""
    return in_order(gate, [seat.person for seat in eligible_seats(gate)])


def eligible_seats(gate: Gate) -> list[Seat]:
    """The seats of everybody who may decide now, each with its person."""
    seats = _SEATS(gate=gate.pk, workspace=gate.workspace_id)
    return [seat for seat in seats if seat.person.ref not in excluded_from(gate)]


def is_eligible(gate: Gate, person: Person) -> bool:
    """Whether this is one of them: for whoever needs to know all of them as well."""
    return any(seat.person_id == person.pk for seat in eligible_seats(gate))


def in_order(gate: Gate, people: Iterable[Person]) -> list[Person]:
    """Each of these people once: who is to be told first, then the longest members."""
    names = gate.terms.body["first"]
    first = people_named(gate.workspace, names) if names else []
    order = {person.pk: number for number, person in enumerate(first)}
    each = {person.pk: person for person in people}.values()
    return sorted(each, key=lambda person: (order.get(person.pk, len(order)), person.joined_at, person.email))


def _seats_that_count(gate: Any, workspace: Any) -> QuerySet[Seat]:
    return Seat.objects.select_related("person").filter(
        gate=gate,
        person__is_active=True,
        person__memberships__workspace=workspace,
        person__memberships__is_active=True,
        person__memberships__can_decide=True,
    )


STANDING = Prepared(lambda gate: Decision.objects.filter(gate=gate, taken_back_at=None).order_by("at", "pk"))
_SEATS = Prepared(_seats_that_count)
SEAT_OF = Prepared(lambda gate, workspace, person: _seats_that_count(gate, workspace).filter(person=person)[:1])


def pending_people(gate: Gate) -> list[Person]:
    """Those who may decide and have not; nobody while the gate is held for changes."""
    if gate.held_at is not None:
        return []
    voted = {vote.person_id for vote in standing_votes(gate)}
    return [person for person in eligible_people(gate) if person.pk not in voted]


def reachable_people(gate: Gate) -> list[Person]:
    """Those who are told of it and whom no channel has given up on: nobody who is away."""
    lost = set(Seat.objects.filter(~Q(gone="") | Q(unreachable=True), gate=gate).values_list("person_id", flat=True))
    return [person for person in told_people(gate) if person.pk not in lost]


def told_people(gate: Gate, asked: Iterable[Person] | None = None) -> list[Person]:
    """Those of `asked` (everybody, if it is left out) who have not decided, or who stands in for them."""
    pending = pending_people(gate)
    able = {person.pk for person in pending}
    wanted = _on_call_still(gate, pending) if asked is None else [person for person in asked if person.pk in able]
    return [person for person in told_instead(gate, wanted, clock.now()) if person.pk in able]


def _on_call_still(gate: Gate, people: list[Person]) -> list[Person]:
    """Without those who have gone off call since."""
    if gate.on_call is None:
        return people
    off = set(gate.seats.filter(off_call=True).values_list("person_id", flat=True))
    return [person for person in people if person.pk not in off]


def standing_votes(gate: Gate) -> list[Decision]:
    """The decisions that were not taken back, in the order in which they were given."""
    return STANDING(gate=gate.pk)


def count(gate: Gate) -> Tally:
    """The gate's votes against its requirement. Votes of people who may no longer decide do not count."""
    return tally_of(gate, eligible_seats(gate), standing_votes(gate))


def tally_of(gate: Gate, eligible: Iterable[Seat], standing: Iterable[Decision]) -> Tally:
    """See `count`, with rows that were read already."""
    seats: dict[int, set[str]] = {}
    for seat in eligible:
        seats.setdefault(seat.line, set()).add(str(seat.person_id))
    lines = [
        Line(tuple(entry["who"]), entry["need"], frozenset(seats.get(number, ())))
        for number, entry in enumerate(gate.terms.body["requirement"])
    ]
    able = set().union(*seats.values())
    votes = {str(row.person_id): OutcomeClass(row.outcome_class) for row in standing if str(row.person_id) in able}
    return tally(lines, gate.terms.body["rejections"], votes)


def progress(gate: Gate, standing: Iterable[Decision] | None = None) -> list[LineProgress]:
    """Each requirement line with the names of those who agreed and of those who may."""
    seats = eligible_seats(gate)
    counted = tally_of(gate, seats, standing_votes(gate) if standing is None else standing)
    names = {str(seat.person_id): seat.person.name for seat in seats}
    return [
        LineProgress(
            each.line.who,
            each.line.need,
            each.have,
            tuple(names[ref] for ref in each.agreed),
            tuple(sorted(names[ref] for ref in each.line.people)),
        )
        for each in counted.lines
    ]


def waiting_sentence(gate: Gate, eligible: list[Person] | None = None) -> str:
    """Whom the gate waits for: `sre (You and 2 others)`. `eligible`: if they were read already."""
    people = eligible_people(gate) if eligible is None else eligible
    who = label(dict.fromkeys(name for entry in gate.terms.body["requirement"] for name in entry["who"]))
    if not people:
        return f"{who} (nobody)"
    others = len(people) - 1
    rest = "" if not others else f" and {others} other{'s' if others > 1 else ''}"
    return f"{who} ({people[0].name}{rest})"


def silence_outcome(gate: Gate) -> str:
    """What happens if nobody answers, in two words. No yes comes of it when the intent's own deadline is first, or
    when the payload was changed or the gate was held meanwhile: nobody was asked about it for the whole time.
    """
    stated = str(gate.terms.body["on_timeout"])
    if gate.expires_at >= gate.intent.deadline_at or (stated == "approve" and not asked_all_the_time(gate)):
        return THEN["expire"]
    return THEN.get(stated, stated)


def asked_all_the_time(gate: Gate) -> bool:
    """False if the payload was changed, or if the gate was held for changes at some time: nobody could say no then."""
    return not gate.was_changed and not gate.decisions.filter(outcome_class=OutcomeClass.BACK).exists()


def silence_sentence(gate: Gate, zone: tzinfo = UTC) -> str:
    """What happens if nobody answers, as every message says it, in the reader's time zone."""
    then = silence_outcome(gate)
    words = f"this is {then}" if then in THEN.values() else f"this ends as {then}"
    at = gate.expires_at.astimezone(zone)
    return f"If nobody answers by {at:%H:%M %Z} on {at:%d %B %Y}, {words}."


def own_title(intent: Intent) -> str:
    """The server's own title of a gate, where nobody wrote one; it fits, or its intent would stop for ever."""
    return f"{intent.intent_type} for {intent.to_agent.rsplit('/', 1)[-1]}"[:255]


def gate_for(person: Person, gate_id: uuid.UUID) -> Gate:
    """The gate, if this person is an active member of its workspace. NotFound otherwise, as if it did not exist."""
    rows = Gate.objects.select_related("intent", "intent__texts", "intent__sender", "terms", "ask", "workspace", "step")
    gate = rows.filter(_is_member(person), pk=gate_id).first()
    if gate is None:
        raise NotFound("There is no such gate.")
    return gate


def gates_for(person: Person, *, state: str = "open") -> QuerySet[Gate]:
    """This person's inbox: open gates in which they have a seat, soonest to expire first; or the closed ones."""
    mine = Gate.objects.filter(_is_member(person), seats__person=person).distinct()
    rows = mine.select_related("intent", "workspace", "terms", "ask")
    if state == "open":
        return rows.filter(closed_at=None).order_by("expires_at")
    return rows.filter(closed_at__isnull=False).order_by("-closed_at")


def _is_member(person: Person) -> Q:
    active = Membership.objects.filter(person=person, is_active=True, person__is_active=True)
    return Q(workspace__in=active.values("workspace"))
