"""A gate whose condition asks about earlier results: weighed once, at the moment at which the gate would open."""

from __future__ import annotations

from approvals.conditions.language import ConditionRefused, Weighing, condition
from approvals.weighing import facts_of_intent
from intents.lifecycle import StepStatus
from intents.models import Step
from intents.services.lock import Locked
from intents.services.outcome import stored_result


def passed_over(locked: Locked, step: Step) -> bool:
    """True if the gate does not open, which is then an event. A condition that cannot be told opens it.

    Under the lock, because only there it is certain what the earlier results are; it takes 50 ms at most.
    """
    when = step.spec.get("when")
    if not when:
        return False
    weighed = _weighed(when, locked, step)
    if weighed.holds or weighed.error:
        return False
    about = {"step_id": step.name, "source": step.source, "condition": when}
    locked.record("intent.gate_passed_over", "server", about)
    return True


def _weighed(when: str, locked: Locked, step: Step) -> Weighing:
    done = [row for row in locked.steps if row.position < step.position and row.status == StepStatus.DONE]
    prior = {row.name: result for row in done if (result := stored_result(row)) is not None}
    try:
        return condition(when).weigh(facts_of_intent(locked.intent, prior))
    except ConditionRefused as fault:
        return Weighing(False, str(fault))
