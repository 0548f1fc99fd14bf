"""Amending: whoever sent it changes the payload, before any work was handed out. Nobody has agreed to the new one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from approvals.replanning import Replan, merged_reasons, replan
from approvals.services.another_payload import Changed, ChangedBy, move_on, open_gate_of, put_payload
from approvals.services.hold import work_started
from approvals.weighing import ruling_on
from intents.errors import Conflict, Forbidden, Invalid
from intents.lifecycle import is_final
from intents.models import Change, Intent, Step
from intents.principal import Principal
from intents.services.fitting import Fit
from intents.services.lock import Locked, locked_intent
from intents.services.rounds import insert_steps, put_back
from intents.submission import StepSpec

REASON_LIMIT = 2000
NOT_YOURS = "Only the requester or the program that sent it amends a request."
STARTED = "An agent has this work already, so its payload stays. Withdraw it, or send a new intent."


@dataclass(frozen=True)
class Amended:
    """What an amendment did: the gate that was open, and whose answers are void."""

    intent: Intent
    changed: Changed

    @property
    def message(self) -> str:
        """What became of it, in a sentence."""
        void = len(self.changed.void)
        asked = (
            f" {void} answer{'' if void == 1 else 's'} to the old one {'is' if void == 1 else 'are'} void."
            if void
            else ""
        )
        return f"The payload is amended.{asked} Everybody who is asked is told what changed, and why."


def amend(intent_id: uuid.UUID, by: Principal, payload: dict[str, Any], reason: str, fit: Fit) -> Amended:
    """Take the new payload. Votes are void, the chain begins again, the deadline stays, gates may be added.

    `fit`: whether it fits the schema of its type, worked out before. DomainError for a refusal, and nothing changed.
    """
    fit.check()
    words = _words(reason)
    ruling = ruling_on(Intent.objects.select_related("workspace", "texts").get(pk=intent_id), payload)
    with locked_intent(intent_id) as locked:
        _check(locked, by)
        more = replan(locked.intent, locked.steps, payload, ruling, _people(by))
        locked.intent.texts.secret = sorted({*locked.intent.texts.secret, *more.secret})
        changed = put_payload(locked, payload, ChangedBy(Change.AMENDED, by.actor, words, more.authors))
        _add(locked, more)
        move_on(locked)
    return Amended(locked.intent, changed)


def may_amend(intent: Intent, by: Principal) -> bool:
    """True for the requester, and for the key that sent it or one in its place."""
    return by.sent(intent) or (by.person is not None and by.person.id == intent.requester)


def _words(reason: str) -> str:
    words = reason.strip()
    if not words or len(words) > REASON_LIMIT:
        raise Invalid(f"reason: say why it changes, in at most {REASON_LIMIT} characters.", code="reason_required")
    return words


def _check(locked: Locked, by: Principal) -> None:
    if not may_amend(locked.intent, by):
        raise Forbidden(NOT_YOURS, code="not_the_sender")
    if is_final(locked.intent.status):
        raise Conflict(f"This intent is already {locked.intent.status}.", code="already_terminal")
    if work_started(locked):
        raise Conflict(STARTED, code="work_started")
    gate = open_gate_of(locked)
    if locked.now >= min(locked.intent.deadline_at, gate.expires_at if gate else locked.intent.deadline_at):
        raise Conflict("The time for this has run out.", code="expired")


def _people(by: Principal) -> set[str]:
    """Whoever is bound up with the new payload: the person, and the owners of the key."""
    key = by.key
    owners = {str(owner) for owner in (*key.owners, *key.service_account.owners)} if key else set()
    return owners | ({by.person.id} if by.person else set())


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
