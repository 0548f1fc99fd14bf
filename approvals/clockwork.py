"""What the clock does to an open gate, under the intent's lock: ask, remind, escalate, warn, and end it on silence."""

from __future__ import annotations

from dataclasses import replace

from approvals.away import overlapping
from approvals.chains import walk
from approvals.chains.body import Chain
from approvals.models import Gate, Membership, Seat
from approvals.outcomes import OutcomeClass
from approvals.progress import progress_json, progress_of
from approvals.selectors import asked_all_the_time, excluded_from, silence_outcome
from approvals.services.gates import close_gate, set_wake
from approvals.stepping import Cause, about, anybody, at_place, begin_step, course_of, first_told_at, to_last_resort
from intents.clock import iso
from intents.lifecycle import Status, StepStatus
from intents.models import Step
from intents.ports import StepEnd
from intents.services.lock import Locked
from intents.updates import update

SPREAD_SECONDS = 60
TOLD_WITHIN_SECONDS = 300


def run_chain(locked: Locked, step: Step, gate: Gate) -> None:
    """Take what the chain has due, and set when the next thing is."""
    course, progress = course_of(gate), _progress(gate)
    waits = progress.place >= 0 and progress.began_at is None
    told_at = first_told_at(gate) if waits else None
    due, progress = walk.advance(
        course.chain, course.times, progress, locked.now, told_at=told_at, spread=_spread(gate)
    )
    if due.warn:
        then = {"expires_at": iso(gate.expires_at), "then": silence_outcome(gate)}
        locked.record("intent.gate_warning", "server", about(gate) | then)
    if due.remind:
        _remind(locked, gate, course.chain, progress, due)
    if due.place is not None:
        progress = begin_step(locked, gate, progress, Cause("silence", skipped=due.skipped))
    keep_progress(step, gate, progress)


def _remind(locked: Locked, gate: Gate, chain: Chain, progress: walk.Progress, due: walk.Due) -> None:
    current = chain.step_at(progress.place)
    numbers = {"number": due.remind, "of": current.remind.most if current.remind else 0, "skipped": due.missed}
    said = about(gate) | at_place(chain, progress.place) | numbers | {"to": list(current.who)}
    locked.record("intent.reminder", "server", said)


def goes_further(gate: Gate) -> bool:
    """True while the chain has a step, or a last resort, that was not taken."""
    chain, progress = course_of(gate).chain, _progress(gate)
    return progress.place + 1 < chain.places or bool(chain.last_resort and not progress.last_resort)


def escalate_now(locked: Locked, step: Step, gate: Gate, *, reason: str = "unreachable", actor: str = "server") -> bool:
    """Take the chain's next step at once, business hours or not; after the last one, its last resort.

    `reason` is unreachable, asked or nobody; the event says it. False if there is nothing left to take.
    """
    chain, progress = course_of(gate).chain, _progress(gate)
    if progress.place + 1 < chain.places:
        entered = walk.entered(progress, progress.place + 1, locked.now)
        progress = begin_step(locked, gate, entered, Cause(reason, actor))
    elif chain.last_resort and not progress.last_resort:
        progress = to_last_resort(locked, gate, progress, Cause(reason, actor))
    else:
        return False
    keep_progress(step, gate, progress)
    return True


def restart_chain(locked: Locked, step: Step, gate: Gate) -> None:
    """Begin the chain again from now, as if the gate had just opened. Its deadline stays.

    Whoever calls this tells the people of the first step why; if that one has to wait, it is told in its time.
    """
    course = course_of(gate)
    _, progress = walk.start(course.chain, course.times, locked.now, _progress(gate))
    Seat.objects.filter(gate=gate, asked_at__isnull=False).update(asked_at=None)
    keep_progress(step, gate, progress)


def put_off(locked: Locked, step: Step, gate: Gate, seconds: int) -> None:
    """Somebody takes care: the next step waits this much longer, once for each step, never past the deadline."""
    course = course_of(gate)
    keep_progress(step, gate, walk.put_off(course.chain, course.times, _progress(gate), seconds, locked.now))


def reschedule(locked: Locked, step: Step, gate: Gate) -> None:
    """The gate's deadline is another one: the step wakes by it, and people are warned of this one, too."""
    course, progress = course_of(gate), _progress(gate)
    warned = progress.warned and (course.times.warn_at is None or course.times.warn_at <= locked.now)
    step.deadline_at = gate.expires_at
    step.save(update_fields=["deadline_at"])
    progress = walk.scheduled(course.chain, course.times, replace(progress, warned=warned), locked.now)
    keep_progress(step, gate, progress)


def somebody_is_told(gate: Gate) -> bool:
    """False if no person of the current step can be reached: then the gate must not wait for its next moment."""
    place = max(_progress(gate).place, 0)
    return anybody(gate, course_of(gate).chain.step_at(place).who)


def keep_progress(step: Step, gate: Gate, progress: walk.Progress) -> None:
    """Write how far the chain has come, and the moment of its next step."""
    gate.progress = progress_json(progress)
    update(gate, "progress")
    set_wake(step, gate, progress)
    update(step, "wake_at")


def expire(locked: Locked, gate: Gate) -> StepEnd:
    """Nobody answered in time: what was stated beforehand happens, and it is "not approved" unless stated in words."""
    stated = gate.terms.body["on_timeout"]
    if stated == "approve" and may_pass_in_silence(gate):
        outcome = next(name for name, cls in gate.ask.outcomes if cls == OutcomeClass.YES)
        close_gate(locked, gate, outcome=outcome, outcome_class=OutcomeClass.YES, reason="timeout")
        return StepEnd(StepStatus.DONE, "server", None, "timeout", outcome)
    if stated in ("expire", "approve"):
        close_gate(locked, gate, outcome="expired", outcome_class=OutcomeClass.NO, reason="timeout")
        return StepEnd(StepStatus.TIMED_OUT, "server", Status.TIMED_OUT, "timeout", "expired")
    outcome = "canceled" if stated == "cancel" else stated
    close_gate(locked, gate, outcome=outcome, outcome_class=OutcomeClass.NO, reason="timeout")
    final = Status.FAILED if outcome == "failed" else Status.CANCELED
    return StepEnd(StepStatus.CANCELED, "server", final, "timeout", outcome)


def may_pass_in_silence(gate: Gate) -> bool:
    """True if everybody was told and asked for the whole time, and nobody said anything against it."""
    return asked_all_the_time(gate) and not somebody_objected(gate) and everybody_was_told(gate)


def somebody_objected(gate: Gate) -> bool:
    """True if a no stands that was not enough to close the gate: then nobody may call it silence."""
    return gate.decisions.filter(taken_back_at=None).exclude(outcome_class=OutcomeClass.YES).exists()


def everybody_was_told(gate: Gate) -> bool:
    """True if each line had enough reachable people with a sent message for (nearly) the gate's whole time."""
    active = set(
        Membership.objects.filter(
            workspace_id=gate.workspace_id, is_active=True, can_decide=True, person__is_active=True
        ).values_list("person_id", flat=True)
    )
    excluded = excluded_from(gate)
    away = set(overlapping(gate.workspace_id, gate.opened_at, gate.expires_at).values_list("person_id", flat=True))
    active -= away
    told: dict[int, int] = {}
    for seat in Seat.objects.filter(gate=gate, told_at__isnull=False, unreachable=False, gone=""):
        soon = seat.told_at is not None and (seat.told_at - gate.opened_at).total_seconds() <= TOLD_WITHIN_SECONDS
        if soon and seat.person_id in active and str(seat.person_id) not in excluded:
            told[seat.line] = told.get(seat.line, 0) + 1
    return all(told.get(number, 0) >= entry["need"] for number, entry in enumerate(gate.terms.body["requirement"]))


def _progress(gate: Gate) -> walk.Progress:
    return progress_of(gate.progress, gate.opened_at)


def _spread(gate: Gate) -> float:
    """A moment of its own for each gate within the next minute, the same each time it is asked for."""
    return 1.0 + gate.pk.int % SPREAD_SECONDS
