"""The human step kind: a gate opens, people decide, the clock reminds, escalates and finally ends it."""

from __future__ import annotations

from typing import Any

from approvals.authentication import KnownPerson
from approvals.clockwork import expire, run_chain
from approvals.failures import describe
from approvals.models import Gate, Person
from approvals.report import failure_report, gate_report
from approvals.services.answer import read_decision
from approvals.services.decide import decide_on
from approvals.services.gates import close_gate, open_gate
from approvals.services.hold import rest
from approvals.services.passing import passed_over
from approvals.services.seats import reseat
from intents.access import MACHINE, MAY_NOT_DECIDE
from intents.errors import Conflict, Forbidden, NotFound
from intents.ids import parse_id
from intents.lifecycle import StepStatus
from intents.models import Step
from intents.ports import StepEnd
from intents.prepared import Prepared
from intents.principal import Principal
from intents.services.lock import Locked
from intents.stepgraph import FAILED

_OF_STEP = Prepared(lambda step: Gate.objects.select_related("terms", "ask").filter(step=step))
VIA, STRENGTH = "api", "linked"  # a personal token over the wire


class HumanKind:
    """`spec`: {"ask": approvals.asking.ask_of, "terms": approvals.terms.TermsBody}."""

    def start(self, locked: Locked, step: Step) -> StepEnd | None:
        """Open the gate; or go past it, if it has a condition about earlier results that does not hold."""
        if passed_over(locked, step):
            return StepEnd(StepStatus.SKIPPED, "server")
        if FAILED in step.spec:
            describe(step)
        open_gate(locked, step)
        return None

    def resume(self, step: Step, principal: Principal, body: dict[str, Any]) -> dict[str, Any]:
        """A person's `task_result`, or `decision` approve or reject. Machines are refused."""
        person = person_of(principal)
        gate = _gate_meant(step, body.get("gate_id"))
        verdict = decide_on(gate, read_decision(gate, body), person, via=VIA, strength=STRENGTH)
        return verdict.on_the_wire()

    def wake(self, locked: Locked, step: Step) -> StepEnd | None:
        """Expiry first and alone; otherwise whoever comes on call gets a seat, then the next reminder or escalation."""
        gate = _opened(step)
        if gate is None:
            raise LookupError(f"The human step {step.pk} is current and has no gate.")
        if locked.now >= gate.expires_at:
            return expire(locked, gate)
        if gate.handover_at is not None and locked.now >= gate.handover_at:
            reseat(locked, gate)
        if gate.held_at is None:
            run_chain(locked, step, gate)
        else:
            rest(step, gate)
        return None

    def cancel(self, locked: Locked, step: Step, reason: str) -> None:
        """The intent ends from outside: the gate closes with it, undecided."""
        outcome = "expired" if reason == "deadline" else "withdrawn"
        close_gate(locked, step.gate, outcome=outcome, outcome_class="no", reason=reason)

    def report(self, step: Step) -> dict[str, Any]:
        """The gate with its decisions; nothing if it never opened."""
        gate = _opened(step)
        if gate is None:
            return {}
        return failure_report(gate, step) if FAILED in step.spec else gate_report(gate)


def _opened(step: Step) -> Gate | None:
    """The step's gate, if it has opened: the one that this transaction has in hand, else as it stands."""
    if "gate" not in step._state.fields_cache:
        gate = _OF_STEP.first(step=step.pk)
        if gate is None:
            return None
        gate.step, gate.intent = step, step.intent
    return step.gate


def _gate_meant(step: Step, gate_id: Any) -> Gate:
    """The gate that the answer names, if it names one, else the one of this step. Never a gate of another intent."""
    gates = Gate.objects.filter(intent_id=step.intent_id).select_related("ask")
    if gate_id:
        wanted = parse_id(str(gate_id))
        gate = gates.filter(pk=wanted).first() if wanted else None
        if gate is None:
            raise NotFound("There is no such gate on this intent.")
        return gate
    gate = gates.filter(step=step).first()
    if gate is None:
        raise Conflict("This gate has not opened yet.", code="gate_not_open")
    return gate


def person_of(principal: Principal) -> Person:
    """The person who acts. Forbidden for machines, and for tokens without the right to decide."""
    if principal.person is None:
        raise Forbidden(MACHINE, code="human_step")
    if not principal.person.can_decide:
        raise Forbidden(MAY_NOT_DECIDE, code="invalid_actor_scope")
    if isinstance(principal.person, KnownPerson):
        return principal.person.row
    return Person.objects.get(pk=principal.person.id)
