"""Taking another payload, from whoever may change it: the policies are asked anew, and then people are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from approvals.replanning import Replan, merged_reasons, replan
from approvals.rules import Ruling
from approvals.services.another_payload import Changed, ChangedBy, move_on, put_payload
from intents.models import Step
from intents.services.lock import Locked
from intents.services.rounds import insert_steps, put_back
from intents.submission import StepSpec


def take_payload(locked: Locked, payload: dict[str, Any], ruling: Ruling, by: ChangedBy) -> Changed:
    """Votes are void, the chain begins again, the deadline stays, gates may be added. DomainError if it cannot be.

    `ruling`: what the policies say of this payload, worked out before the lock.
    """
    more = replan(locked.intent, locked.steps, payload, ruling, by.authors)
    locked.intent.texts.secret = sorted({*locked.intent.texts.secret, *more.secret})
    changed = put_payload(locked, payload, replace(by, authors=more.authors))
    _add(locked, more)
    move_on(locked)
    return changed


def _add(locked: Locked, more: Replan) -> None:
    """New gates behind the one that is open. Work that nobody has taken yet, or a delay, waits for those before it."""
    plan = locked.intent.texts.plan
    locked.intent.texts.plan = plan | {"reasons": merged_reasons(plan.get("reasons", []), more.reasons)}
    if more.added:
        locked.intent.texts.plan |= {"passed_by": ""}
    locked.intent.texts.save(update_fields=["plan"])
    for before, spec in more.added:
        _insert(locked, before, spec)


def _insert(locked: Locked, before: Step | None, spec: StepSpec) -> None:
    at = before.position if before is not None else len(locked.steps)
    current = locked.current
    if current is not None and before is current:
        if current.kind == "human":
            at += 1
        else:
            put_back(current)
    insert_steps(locked, at, [spec])
