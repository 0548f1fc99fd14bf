"""Where a gate stands, and where the person who looks at it stands towards it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from approvals import selectors
from approvals.directory import label
from approvals.models import Decision, Gate, Person, Seat
from approvals.outcomes import OutcomeClass
from approvals.requirement import LineTally

VOTED = {OutcomeClass.YES: "agreed", OutcomeClass.NO: "refused", OutcomeClass.BACK: "sent back"}


@dataclass(frozen=True)
class Standing:
    """`kind`: form (may answer), voted, held, changed, closed, expired, or no; `why` says why not."""

    kind: str
    why: str = ""
    code: str = ""
    own: Decision | None = None


@dataclass(frozen=True)
class Seated:
    """A person on a line: their name and what is known of them: agreed, refused, told, unreachable or waiting."""

    name: str
    state: str
    at: datetime | None = None


@dataclass(frozen=True)
class LineView:
    """A requirement line as a page shows it: `have` of `need` from `who`, and an empty place for each one missing."""

    who: str
    need: int
    have: int
    agreed: tuple[Seated, ...]
    others: tuple[Seated, ...]

    @property
    def missing(self) -> range:
        """One for each agreement that is still to come."""
        return range(max(0, self.need - self.have))

    @property
    def words(self) -> str:
        """`1 of 2 from sre`."""
        return f"{self.have} of {self.need} from {self.who}"


def standing_of(gate: Gate, person: Person, now: datetime) -> Standing:
    """What this person can do on this gate now."""
    own = gate.decisions.filter(person=person, taken_back_at=None).select_related("text").first()
    if not gate.is_open:
        return Standing("closed", own=own)
    if now >= gate.expires_at:
        return Standing("expired", own=own)
    if gate.held_at is not None:
        return Standing("held", own=own)
    if own is not None:
        return Standing("voted", own=own)
    refusal = selectors.may_decide(gate, person)
    return Standing("no", refusal.message, refusal.code) if refusal else Standing("form")


def lines_of(gate: Gate) -> list[LineView]:
    """Each requirement line with its people by name, and what is known of each."""
    votes = {row.person_id: row for row in gate.decisions.filter(taken_back_at=None)}
    seats = {(seat.line, seat.person_id): seat for seat in Seat.objects.filter(gate=gate).select_related("person")}
    views = []
    for number, each in enumerate(selectors.count(gate).lines):
        people = [seats[line, person_id] for line, person_id in seats if line == number and _is_in(each, person_id)]
        seated = sorted((_seated(seat, votes.get(seat.person_id)) for seat in people), key=lambda one: one.name)
        agreed = tuple(one for one in seated if one.state == "agreed")
        others = tuple(one for one in seated if one.state != "agreed")
        views.append(LineView(label(each.line.who), each.line.need, each.have, agreed, others))
    return views


def _is_in(each: LineTally, person_id: uuid.UUID) -> bool:
    return str(person_id) in each.line.people


def _seated(seat: Seat, vote: Decision | None) -> Seated:
    if vote is not None:
        state = VOTED[OutcomeClass(vote.outcome_class)]
        return Seated(seat.person.name, state, vote.at)
    if seat.unreachable or seat.gone:
        return Seated(seat.person.name, "cannot be reached")
    return Seated(seat.person.name, "told" if seat.told_at else "not told yet", seat.told_at)
