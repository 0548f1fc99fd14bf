"""A payload that changes while people answer: never is a yes counted for what its giver was not shown."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from approvals.models import Decision, Gate
from intents.models import Intent
from intents.services.resume import resume
from tests.acts import current_step, fresh, take_work
from tests.factories import gate_rule, make_policy, open_gate, send
from tests.races.troupe import Command, Troupe, assert_sound

pytestmark = [pytest.mark.race, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

ROUNDS = 30


def post(path: str, body: dict[str, Any], **headers: str) -> Command:
    return "post", {"path": path, "body": body, "headers": headers}


def approve(world: SimpleNamespace, name: str, gate: Gate) -> Command:
    body = {"task_result": {"outcome": "approved", "digest": gate.digest}}
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {world.tokens[name]}"}
    return post(f"/v1/approvals/{gate.pk}/decision", body, **bearer)


def assert_either(gate: Gate, changed: list[Any], answered: list[Any], before: dict[str, Any]) -> str:
    """The yes came first and stands for what was sent, or the change did and nobody has agreed to it."""
    intent = fresh(gate.intent)
    assert_sound(intent)
    payload = json.loads(fresh(intent).texts.payload)
    if answered[0] == 200:
        assert (changed[0], intent.status, payload) == (409, "COMPLETED", before)
        return "answered"
    assert (answered[0], answered[1]["error"]["code"], changed[0]) == (409, "digest_stale", 200)
    assert payload != before
    assert not Decision.objects.filter(gate=gate, taken_back_at=None).exists()
    return "changed"


def test_amended_or_approved_but_never_the_one_for_the_other_when_they_meet(world, troupe: Troupe):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    gates = [open_gate(world) for _ in range(ROUNDS)]
    seen = set()

    for gate in gates:
        body = {"payload": {"target": "other"}, "reason": "another one"}
        amend = post(f"/v1/intents/{gate.intent_id}/amend", body, HTTP_X_API_KEY=world.sender_secret)
        changed, answered = troupe.at_once(amend, approve(world, "ana", gate))
        seen.add(assert_either(gate, changed, answered, {"target": "prod-postgres-main"}))

    assert len(seen) == 2, "always the same one won: this was no race"


def test_edited_or_approved_but_never_the_one_for_the_other_when_they_meet(world, troupe: Troupe):
    make_policy(world.workspace, gates=[gate_rule("team:sre", editable=["payload.target"])])
    gates = [open_gate(world) for _ in range(ROUNDS)]
    seen = set()

    for gate in gates:
        body = {"changes": {"payload.target": "other"}, "reason": "another one", "digest": gate.digest}
        bearer = {"HTTP_AUTHORIZATION": f"Bearer {world.tokens['bo']}"}
        edit = post(f"/v1/gates/{gate.pk}/edit", body, **bearer)
        changed, answered = troupe.at_once(edit, approve(world, "ana", gate))
        seen.add(assert_either(gate, changed, answered, {"target": "prod-postgres-main"}))

    assert len(seen) == 2, "always the same one won: this was no race"


def test_two_edits_at_once_are_one_and_a_stale_one(world, troupe: Troupe):
    make_policy(world.workspace, gates=[gate_rule("team:sre", editable=["payload.target"])])

    for _ in range(10):
        gate = open_gate(world)
        body = {"changes": {"payload.target": "other"}, "reason": "another one", "digest": gate.digest}
        wires = [{"HTTP_AUTHORIZATION": f"Bearer {world.tokens[name]}"} for name in ("ana", "bo")]
        said = troupe.at_once(*(post(f"/v1/gates/{gate.pk}/edit", body, **wire) for wire in wires))

        assert sorted(status for status, _ in said) == [200, 409]
        assert_sound(fresh(gate.intent))


def test_failed_intent_is_tried_again_once_when_two_try_at_once(world, troupe: Troupe):
    make_policy(world.workspace, action="approve")

    for _ in range(10):
        intent = send(world)
        take_work(world)
        resume(intent, current_step(intent), world.worker, {"action": "fail"})
        retry = post(f"/v1/intents/{intent.pk}/retry", {}, HTTP_X_API_KEY=world.sender_secret)
        said = troupe.at_once(retry, retry)

        assert sorted(status for status, _ in said) == [200, 409]
        new = Intent.objects.get(retry_of=intent.pk)
        assert_sound(new)
        resume(new, current_step(new), world.worker, {"ok": True})
