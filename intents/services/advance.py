"""Moving an intent on: one step ends, the next begins, and at the end there is exactly one terminal event.

Everything here runs under the intent's lock.
"""

from __future__ import annotations

from intents.lifecycle import OPEN_STEP, TERMINAL_EVENT, Status, StepStatus
from intents.models import Step
from intents.ports import StepEnd, kind_of
from intents.services.inbox import tell_end, tell_waiting
from intents.services.lock import Locked
from intents.services.mending import clean_up, decided_before, handed_over, mend, with_its_error
from intents.services.outcome import Ending, terminal_details, write_result
from intents.services.walking import at_the_end, following, jump
from intents.stepgraph import CLEAN_UP, FAILED

NO_GATE = "no_gate"


def begin(locked: Locked, reason: str = NO_GATE) -> None:
    """Start the first step. A plan without steps is complete at once, for `reason`."""
    ahead = (step for step in locked.steps if step.status == StepStatus.PENDING and not step.spec.get(CLEAN_UP))
    first = next(ahead, None)
    go_on(locked, first, Ending(Status.COMPLETED, reason=reason, outcome="completed", actor="server"))


def end_step(locked: Locked, step: Step, end: StepEnd) -> None:
    """Close the current step as `end` says and go on: to the step that follows, or to the intent's end."""
    step.status = end.status
    step.ended_at = locked.now
    step.lease_until = step.wake_at = None
    step.keep()
    before = decided_before(step)
    if before is not None:
        finish(locked, before)
        return
    asked = handed_over(locked, step, end)
    if FAILED in step.spec and end.final is None:
        mend(locked, step, end.outcome)
    goes_on = asked is not None or jump(locked, step, end)
    ending = Ending(
        Status.COMPLETED if goes_on else end.final or Status.COMPLETED,
        reason=end.reason or passed_by(locked),
        outcome=end.outcome or "completed",
        actor=end.actor,
        error=None if goes_on else end.error,
    )
    if goes_on:
        go_on(locked, asked or following(locked, step), ending)
    else:
        ending = with_its_error(step, ending)
        cleaning = clean_up(locked, ending)
        _begin_or_finish(locked, cleaning, ending)


def go_on(locked: Locked, step: Step | None, ending: Ending) -> None:
    """Begin this step; without one the way is at its end, and so is the intent, as `ending` says."""
    if step is None:
        ending = at_the_end(locked, ending)
        _begin_or_finish(locked, clean_up(locked, ending) if ending.status != Status.COMPLETED else None, ending)
        return
    step.status = StepStatus.CURRENT
    step.started_at = locked.now
    end = kind_of(step).start(locked, step)
    if end is not None:
        end_step(locked, step, end)
        return
    step.keep()
    if step.kind == "human":
        tell_waiting(locked)


def _begin_or_finish(locked: Locked, step: Step | None, ending: Ending) -> None:
    if step is None:
        finish(locked, ending)
    else:
        go_on(locked, step, ending)


def finish(locked: Locked, ending: Ending) -> None:
    """End the intent. Steps that never began are marked canceled; the last event carries the terminal status."""
    for step in locked.steps:
        if step.status in (StepStatus.PENDING, *OPEN_STEP):
            step.status, step.wake_at, step.lease_until = StepStatus.CANCELED, None, None
            step.ended_at = locked.now
            step.keep()
    locked.set_status(ending.status)
    locked.intent.ended_at = locked.now
    details = terminal_details(locked, ending)
    write_result(locked.intent, details)
    locked.record(TERMINAL_EVENT[ending.status], ending.actor, details)
    tell_end(locked)


def abort(locked: Locked, ending: Ending) -> None:
    """End the intent from outside: the current step is told first."""
    step = locked.current
    if step is not None:
        kind_of(step).cancel(locked, step, ending.reason)
    finish(locked, decided_before(step) or ending)


def run_out(locked: Locked, ending: Ending) -> None:
    """The intent's time is over: it ends so, once the policy's step has cleaned up, if there is one."""
    step = locked.current
    if step is None or decided_before(step) is not None:
        abort(locked, ending)
        return
    kind_of(step).cancel(locked, step, ending.reason)
    _begin_or_finish(locked, clean_up(locked, ending), ending)


def passed_by(locked: Locked) -> str:
    """Why no gate stood in the way: `auto_approved` by a policy, or `no_gate`."""
    return str(locked.texts.plan.get("passed_by") or NO_GATE)
