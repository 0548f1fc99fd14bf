"""What follows from another payload, under the intent's lock: nobody has agreed to it yet.

Answers on the open gate are void and its digest is another one. Gates that had said yes are asked again, in their
order, and the open one behind them. Whoever changed it is an author, and does not decide on it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from approvals import planner
from approvals.away import linked, pairs_on_gates, running_of
from approvals.clockwork import restart_chain
from approvals.filling import refill
from approvals.models import Decision, Gate
from approvals.outcomes import OutcomeClass
from approvals.services.gates import close_gate, subject_digest
from approvals.services.handing_back import end_of_the_excluded
from approvals.services.standins import keep_out
from intents.differences import Patch
from intents.lifecycle import Status, StepStatus
from intents.masking import shown_digest
from intents.models import Change, Intent, Step
from intents.services.advance import go_on, passed_by
from intents.services.lock import Locked
from intents.services.outcome import Ending
from intents.services.payloads import replace_payload, told
from intents.services.rounds import again, insert_steps, put_back, supersede

EVENTS = {Change.AMENDED: "intent.amended", Change.EDITED: "intent.payload_edited"}


@dataclass(frozen=True)
class ChangedBy:
    """Who changes the payload, why, and which people (opaque ids) are its authors by that."""

    change: Change
    actor: str
    reason: str
    authors: Collection[str] = ()


@dataclass(frozen=True)
class Changed:
    """What changed, whose answers that made void (e-mail addresses), and the gate that was open."""

    patch: Patch
    void: tuple[str, ...]
    gate: Gate | None


def put_payload(locked: Locked, payload: dict[str, Any], by: ChangedBy) -> Changed:
    """Take the payload and make void what was said about the old one. `move_on` has to follow."""
    gate = open_gate_of(locked)
    agreed = [row for row in locked.steps if row.kind == "human" and row.status == StepStatus.DONE]
    patch = replace_payload(locked, payload, change=by.change, actor=by.actor, reason=by.reason)
    exclude(locked, by.authors)
    void = _void(locked, [*agreed, *([gate.step] if gate else [])], by.change)
    if gate is not None and not agreed:
        _renew(locked, gate)
    locked.record(EVENTS[by.change], by.actor, _said(locked, by, patch, void, gate))
    if agreed:
        _ask_again(locked, agreed, gate, by.change)
    return Changed(patch, tuple(void), gate)


def move_on(locked: Locked) -> None:
    """If nothing is happening now, begin what comes next."""
    if locked.current is not None:
        return
    first = next(row for row in locked.steps if row.status == StepStatus.PENDING)
    go_on(locked, first, Ending(Status.COMPLETED, reason=passed_by(locked), outcome="completed", actor="server"))


def open_gate_of(locked: Locked) -> Gate | None:
    """The gate that is open now, with the rows of this transaction."""
    step = locked.current
    if step is None or step.kind != "human":
        return None
    gate = Gate.objects.select_related("ask", "terms", "workspace").get(step=step)
    gate.intent, gate.step = locked.intent, step
    return gate


def exclude(locked: Locked, people: Collection[str]) -> None:
    """These people (opaque ids) do not decide on it, nor who stands in for them."""
    intent = locked.intent
    excluded = sorted({*intent.excluded, *people} - {""})
    if excluded != intent.excluded:
        intent.excluded = excluded
        Intent.objects.filter(pk=intent.pk).update(excluded=excluded)
        aside = intent.texts.plan.get("bound", {})
        own = [ref for ref in excluded if ref not in aside]
        bound = planner.bound(own, intent.workspace, planner.settings_of(intent.workspace))
        handed = list(running_of(intent))
        bound |= linked(own, pairs_on_gates(handed))
        keep_out(locked, {ref: why for ref, why in bound.items() if ref not in excluded})
        end_of_the_excluded(locked, handed)


def _void(locked: Locked, steps: list[Step], change: Change) -> list[str]:
    """On a closed gate the votes stand as they were given; it counts no more as a whole."""
    votes = Decision.objects.filter(gate__step__in=steps, taken_back_at=None)
    people = list(dict.fromkeys(votes.order_by("at").values_list("person__email", flat=True)))
    votes.filter(gate__closed_at=None).update(taken_back_at=locked.now, void_why=change)
    return people


def _renew(locked: Locked, gate: Gate) -> None:
    if refill(gate.step):
        ask = gate.step.spec["ask"]
        gate.title, gate.ask.instructions = ask["title"] or gate.title, ask["instructions"]
        gate.ask.save(update_fields=["instructions"])
    gate.digest = subject_digest(locked, gate.step, gate.title, gate.ask.earlier)
    gate.changed_at, gate.digest_required, gate.held_at = locked.now, True, None
    gate.save(update_fields=["title", "digest", "changed_at", "digest_required", "held_at"])
    restart_chain(locked, gate.step, gate)


def _ask_again(locked: Locked, agreed: list[Step], gate: Gate | None, change: Change) -> None:
    current = locked.current
    if gate is not None and current is not None:
        close_gate(locked, gate, outcome=change, outcome_class=OutcomeClass.BACK, reason=change)
        supersede(locked, current)
        agreed = [*agreed, current]
    elif current is not None:
        put_back(current)
    behind = [row.position for row in locked.steps if row.status == StepStatus.PENDING]
    position = min(behind, default=len(locked.steps))
    insert_steps(locked, position, again(locked, agreed))
    for step in agreed:
        if step.status == StepStatus.DONE:
            supersede(locked, step)


def _said(locked: Locked, by: ChangedBy, patch: Patch, void: list[str], gate: Gate | None) -> dict[str, Any]:
    return {
        "by": by.actor.partition(":")[2] or by.actor,
        "why": by.reason,
        "payload_digest": shown_digest(locked.intent.texts),
        "patch": told(patch),
        "votes_void": void,
        "gate_id": str(gate.pk) if gate else None,
        "title": gate.title if gate else "",
        "digest": gate.digest if gate else None,
    }
