"""What a person is offered on a gate's page besides the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from approvals.clockwork import goes_further
from approvals.delegating import Hands
from approvals.models import Gate, Person, Question
from approvals.selectors import may_decide
from approvals.services.break_glass import may_break_glass
from approvals.services.edit import fields_of
from approvals.services.extend import LEAST, latest, may_extend
from approvals.undertakings import live_claims
from approvals.views.subject import requester_of


@dataclass(frozen=True)
class Tried:
    """An act that was refused, with the words that were typed for it, so that nobody types them twice."""

    act: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)


STEPS = ((900, "15 minutes"), (3600, "1 hour"), (4 * 3600, "4 hours"), (24 * 3600, "1 day"), (72 * 3600, "3 days"))
NOTHING_TRIED = Tried()


@dataclass(frozen=True)
class Offers:
    """`ask`: whom a question would go to ("" if no person stands behind the request), None for the requester.
    `replies`: questions that this person may answer. `delegates`: to whom they may hand it,
    `handed_to`: to whom they have. `extend`: by how many seconds, and the same in words.
    """

    ask: str | None = None
    replies: tuple[Question, ...] = ()
    claim: bool = False
    release: bool = False
    delegates: tuple[Person, ...] = ()
    handed_to: str = ""
    escalate: bool = False
    extend: tuple[tuple[int, str], ...] = ()
    glass: bool = False
    edit: bool = False

    @property
    def any(self) -> bool:
        """True if there is something to offer beside replies."""
        acts = (self.claim, self.release, self.delegates, self.handed_to, self.escalate, self.extend, self.glass)
        return self.ask is not None or self.edit or any(acts)


def offers_of(gate: Gate, person: Person, now: datetime) -> Offers:
    """Nothing once the gate is settled."""
    if not gate.is_open or now >= gate.expires_at:
        return Offers()
    is_requester = gate.intent.requester == person.ref
    decides = gate.held_at is None and may_decide(gate, person) is None
    claimed = person.pk in {claim.person_id for claim in live_claims(gate, now)}
    hands = Hands.read(gate, person, now) if decides else None
    return Offers(
        ask=None if is_requester else _whom(gate),
        replies=tuple(gate.questions.filter(answered_at=None).select_related("asker")) if is_requester else (),
        claim=decides and not claimed,
        release=decides and claimed,
        delegates=tuple(hands.candidates()) if hands else (),
        handed_to=hands.own.to.name if hands and hands.own and hands.own.absence_id is None else "",
        escalate=decides and goes_further(gate),
        extend=_extensions(gate) if may_extend(gate, person) else (),
        edit=decides and bool(fields_of(gate)),
        glass=gate.held_at is None and may_break_glass(gate, person),
    )


def _extensions(gate: Gate) -> tuple[tuple[int, str], ...]:
    left = int((latest(gate) - gate.expires_at).total_seconds())
    fitting = tuple((seconds, words) for seconds, words in STEPS if seconds < left)
    return (*fitting, (left, "as long as allowed")) if left >= LEAST else ()


def _whom(gate: Gate) -> str:
    requester = requester_of(gate.intent)
    return requester.name if requester else ""
