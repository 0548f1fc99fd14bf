"""Amending: whoever sent it changes the payload, before any work was handed out. Nobody has agreed to the new one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from approvals.services.another_payload import Changed, ChangedBy, open_gate_of
from approvals.services.hold import work_started
from approvals.services.take_payload import take_payload
from approvals.weighing import ruling_on
from intents.errors import Conflict, Forbidden, Invalid
from intents.lifecycle import is_final
from intents.models import Change, Intent
from intents.principal import Principal
from intents.services.fitting import Fit
from intents.services.lock import Locked, locked_intent

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
        changed = take_payload(locked, payload, ruling, ChangedBy(Change.AMENDED, by.actor, words, _people(by)))
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
