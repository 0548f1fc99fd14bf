"""Reading: whether somebody could be asked instead of a person on a gate, and if not, why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from approvals.away import away_at, running_with_people
from approvals.directory import label
from approvals.models import Delegation, Gate, Person, Seat
from approvals.outcomes import OutcomeClass
from approvals.selectors import Refusal, eligible_seats, standing_votes


@dataclass(frozen=True)
class Hands:
    """What is to know of a gate before anybody hands it to anybody, read once."""

    gate: Gate
    person: Person
    seats: tuple[Seat, ...]
    votes: dict[UUID, str]
    away: frozenset[UUID]
    given: tuple[Delegation, ...]

    @classmethod
    def read(cls, gate: Gate, person: Person, now: datetime) -> Hands:
        """As it is now."""
        return cls(
            gate,
            person,
            tuple(eligible_seats(gate)),
            {vote.person_id: vote.outcome_class for vote in standing_votes(gate)},
            frozenset(away_at(gate.workspace_id, now)),
            tuple(running_with_people(gate)),
        )

    @property
    def own(self) -> Delegation | None:
        """The delegation that this person gave."""
        return next((row for row in self.given if row.person_id == self.person.pk), None)

    def hindrance(self) -> Refusal | None:
        """Why this person can hand it to nobody."""
        if self.person.pk in self.votes:
            return Refusal("has_answered", "You have answered already: take that back first.")
        stands_in = next((row for row in self.given if row.to_id == self.person.pk), None)
        if stands_in is not None:
            name = stands_in.person.name
            return Refusal("one_hop", f"You are asked instead of {name} here, and nobody hands that on.")
        return self._too_few()

    def unfit(self, other: Person) -> Refusal | None:
        """Why this one cannot be asked instead."""
        if other.pk == self.person.pk:
            return Refusal("bad_delegate", "Nobody is their own delegate.")
        if other.pk not in {seat.person_id for seat in self.seats}:
            return Refusal("bad_delegate", f"{other.name} may not decide here: name somebody who may.")
        if other.pk in self.votes:
            return Refusal("bad_delegate", f"{other.name} has answered already.")
        if other.pk in self.away:
            return Refusal("bad_delegate", f"{other.name} is away.")
        if other.pk in {row.person_id for row in self.given}:
            return Refusal("one_hop", f"Somebody else is asked instead of {other.name} here: one hop is all there is.")
        return None

    def candidates(self) -> list[Person]:
        """Everybody who could be asked instead, by name."""
        if self.hindrance() is not None:
            return []
        people = {seat.person_id: seat.person for seat in self.seats if self.unfit(seat.person) is None}
        return sorted(people.values(), key=lambda one: one.name)

    def _too_few(self) -> Refusal | None:
        """A delegate's yes is one yes: without the others' own a line could not be met any more."""
        aside = {row.person_id for row in self.given} | {self.person.pk}
        for number, entry in enumerate(self.gate.terms.body["requirement"]):
            people = {seat.person_id for seat in self.seats if seat.line == number}
            agreed = {one for one in people if self.votes.get(one) == OutcomeClass.YES}
            left = len(people - aside | agreed)
            if self.person.pk in people and left < entry["need"]:
                message = f"Then {left} would be left where {entry['need']} of {label(entry['who'])} have to agree."
                return Refusal("too_few_left", message)
        return None
