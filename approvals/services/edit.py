"""Editing: whoever decides changes the fields of the payload that the policy lets them change, and no others.

By a field that is `editable` they become an author: somebody else has to agree. One that is `fillable` they may fill in
where it is empty, and still agree. Either way nobody has agreed yet to what it is now.
"""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Mapping
from typing import Any

from approvals.models import Gate, Person
from approvals.rulebook.fields import overlap
from approvals.services.acting import Acting, acting_on, done
from approvals.services.another_payload import ChangedBy
from approvals.services.take_payload import take_payload
from approvals.services.verdict import Verdict, refused
from approvals.weighing import ruling_on
from intents.errors import DomainError, Invalid
from intents.models import Change
from intents.services.fitting import fit_in
from intents.wire.create import check_payload

EDITABLE, FILLABLE = "editable", "fillable"
EMPTY: tuple[Any, ...] = (None, "", [], {})
PREFIX = "payload."
STALE = "What you were shown has changed since. Look again, then edit."


def edit(
    gate_id: uuid.UUID, person: Person, changes: Mapping[str, Any], reason: str, *, digest: str, via: str
) -> Verdict:
    """Put these values in place, by path (`payload.count`). `digest` is of what they were shown.

    Refused for other fields, for a payload that does not fit its schema, and where nobody else could agree to it;
    then nothing changes and the gate stays open. `details` of the verdict: `patch`, `votes_void`.
    """
    words = reason.strip()
    seen = Gate.objects.select_related("terms", "intent__texts", "workspace").filter(pk=gate_id).first()
    payload, fault = _edited(seen, changes) if seen is not None else ({}, None)
    ruling = ruling_on(seen.intent, payload) if seen is not None and fault is None else None
    with acting_on(gate_id) as act:
        refusal = act.not_a_decider(person) or act.bad_text(words, "why you change it") or _stale(act, digest)
        if refusal is not None:
            return refusal
        if fault is not None or ruling is None:
            return _refused(act.gate, fault or Invalid(STALE))
        by = ChangedBy(Change.EDITED, person.actor, words, _authors(act.gate, changes, person))
        try:
            changed = take_payload(act.locked, payload, ruling, by)
        except DomainError as error:  # nothing was written yet
            return _refused(act.gate, error)
    return done(act.gate, "edited", _message(by), patch=changed.patch, votes_void=list(changed.void))


def fields_of(gate: Gate) -> list[str]:
    """The paths that whoever decides here may change, those that make them an author first. Never a secret one, nor
    one to be filled in that is not empty.
    """
    payload = json.loads(gate.intent.texts.payload)
    empty = [path for path in gate.terms.body.get(FILLABLE, []) if not _is_given(payload, path)]
    named = [*gate.terms.body.get(EDITABLE, []), *empty]
    return [path for path in named if not any(overlap(path, other) for other in gate.intent.texts.secret)]


def value_at(payload: Any, path: str) -> Any:
    """What stands at the path, or None."""
    for name in path.removeprefix(PREFIX).split("."):
        payload = payload.get(name) if isinstance(payload, dict) else None
    return payload


def _edited(gate: Gate, changes: Mapping[str, Any]) -> tuple[dict[str, Any], DomainError | None]:
    """The payload with the changes in it, and the first reason not to take it."""
    payload: dict[str, Any] = copy.deepcopy(json.loads(gate.intent.texts.payload))
    allowed = fields_of(gate)
    other = sorted(set(changes) - set(allowed))
    if other or not changes:
        may = f"These may be: {', '.join(allowed)}." if allowed else "The policy lets nobody change any."
        named = _why_not(gate, other[0]) if other else "Name what is to change."
        return payload, Invalid(f"{named} {may}", code="not_editable")
    try:
        for path, value in changes.items():
            _put(payload, path, value)
        check_payload(payload)
        fit_in(gate.workspace, gate.intent.intent_type, payload).check()
    except DomainError as error:
        return payload, error
    return payload, None


def _why_not(gate: Gate, path: str) -> str:
    if path in gate.terms.body.get(FILLABLE, []):
        return f"{path} may only be filled in where it is empty, and it is not."
    return f"{path[:200]!r} cannot be edited here."


def _is_given(payload: dict[str, Any], path: str) -> bool:
    """0 and False are given."""
    return value_at(payload, path) not in EMPTY


def _put(payload: dict[str, Any], path: str, value: Any) -> None:
    *way, last = path.removeprefix(PREFIX).split(".")
    for name in way:
        inner = payload.setdefault(name, {})
        if not isinstance(inner, dict):
            raise Invalid(f"{path}: {name!r} is no object in this payload.", code="not_editable")
        payload = inner
    payload[last] = value


def _stale(act: Acting, digest: str) -> Verdict | None:
    return None if digest == act.gate.digest else refused(act.gate, "digest_stale", STALE, 409)


def _authors(gate: Gate, changes: Mapping[str, Any], person: Person) -> set[str]:
    return {person.ref} if set(changes) & set(gate.terms.body.get(EDITABLE, [])) else set()


def _refused(gate: Gate, error: DomainError) -> Verdict:
    return refused(gate, error.code, error.message, error.status, error.details)


def _message(by: ChangedBy) -> str:
    who = "Somebody else has to agree now." if by.authors else "You may agree to it as it is now."
    return f"Edited. Answers given before are void, and everybody who is asked is told what changed. {who}"
