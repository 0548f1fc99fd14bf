"""What people do in a dry run: the same services as everywhere, in a transaction that is undone.

Whoever calls this stands inside `undone()`: nobody's answer is ever recorded by it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.db import connection

from approvals.directory import member
from approvals.models import Gate, Person
from approvals.services.answer import WORDS, Answer
from approvals.services.claim import claim, release
from approvals.services.decide import decide
from approvals.services.delegate import delegate, undelegate
from approvals.services.escalate import escalate
from approvals.services.extend import extend
from approvals.services.sureness import Sureness
from approvals.services.take_back import take_back
from approvals.services.verdict import Verdict
from approvals.spans import NotASpan, seconds_of
from intents import clock
from intents.errors import Conflict, Invalid
from intents.models import Intent
from notifications.rehearsal.script import Act

VIA, STRENGTH = "web", "signed_in"


def _extend(gate: Gate, person: Person, act: Act) -> Verdict:
    """The comment begins with by how much: `2h the test takes longer`."""
    span, _, why = act.comment.partition(" ")
    try:
        return extend(gate.pk, person, seconds_of(span), why, via=VIA)
    except NotASpan as error:
        raise Invalid(str(error), code="invalid_moment") from error


ACTS: Mapping[str, Callable[[Gate, Person, Act], Verdict]] = {
    "take_back": lambda gate, person, _: take_back(gate.pk, person, via=VIA),
    "claim": lambda gate, person, _: claim(gate.pk, person, via=VIA),
    "release": lambda gate, person, _: release(gate.pk, person, via=VIA),
    "escalate": lambda gate, person, _: escalate(gate.pk, person, via=VIA),
    "delegate": lambda gate, person, act: delegate(gate.pk, person, act.comment, via=VIA),
    "undelegate": lambda gate, person, _: undelegate(gate.pk, person, via=VIA),
    "extend": _extend,
}


def perform(intent: Intent, act: Act) -> Verdict:
    """Let this person do it. Invalid for nobody we know, Conflict while no gate is open."""
    if not connection.in_atomic_block:
        raise RuntimeError("A rehearsal acts only inside a transaction that is undone.")
    person = member(intent.workspace, act.who)
    if person is None:
        raise Invalid(f"{act.who!r} is no member of {intent.workspace}.", code="unknown_person")
    gate = Gate.objects.select_related("ask", "terms").filter(intent=intent, closed_at=None).first()
    if gate is None:
        raise Conflict("No gate is open then.", code="gate_not_open")
    if act.does in ACTS:
        return ACTS[act.does](gate, person, act)
    answer = Answer(_outcome(gate, act.does), act.comment, digest=gate.digest)
    surely = Sureness(clock.now(), asked_again=True)  # they sign in for it, and say it twice if they are asked twice
    return decide(gate.pk, answer, person, via=VIA, strength=STRENGTH, full_view=True, sureness=surely)


def _outcome(gate: Gate, does: str) -> str:
    """approve and reject stand for the gate's first yes and its first no."""
    wanted = WORDS.get(does)
    return next((str(name) for name, cls in gate.ask.outcomes if cls == wanted), does) if wanted else does
