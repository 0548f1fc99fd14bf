"""Machines never decide: no key, on no path, at no time; nor a token without the right to."""

import pytest

from approvals.models import Decision
from intents.ids import new_id
from tests.acts import finish_work, fresh, gate_of, say, take_work
from tests.conftest import Api
from tests.factories import gate_rule, make_key, make_policy, make_token, open_gate, send

YES = {"decision": "approve"}
TASK_YES = {"task_result": {"outcome": "approved"}}
MACHINES = {
    "sender": lambda world: Api(world.sender_secret),
    "worker": lambda world: Api(world.work_secret),
    "every scope": lambda world: Api(
        make_key(world.workspace, "all", ("send", "work", "provision"), agent=world.agent)[1]
    ),
    "bearer": lambda world: Api(token=world.sender_secret),
    "both, twice a machine": lambda world: Api(world.sender_secret, world.sender_secret),
}
PHASES = ["before", "during", "after"]


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_api_key_records_no_decision_on_any_path(world, machine, phase):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    intent = send(world)
    caller = machine(world)
    if phase != "before":
        take_work(world)
        finish_work(world, intent)
    gate_id = gate_of(intent).pk if phase != "before" else new_id()
    if phase == "after":
        say(gate_of(intent), world.bo, "rejected")
    bodies = [
        YES,
        TASK_YES,
        TASK_YES | {"gate_id": str(gate_id)},
        {"approve_current_step": True},
        {"outcome": "approved"},
    ]

    for body in bodies:
        caller.post(f"/v1/approvals/{gate_id}/decision", body)
        caller.post(f"/v1/intents/{intent.pk}/resume", body)
        caller.post(f"/v1/intents/{intent.pk}/resolve", body | {"status": "COMPLETED"})
    caller.client.delete(f"/v1/approvals/{gate_id}/decision", **caller.headers)

    assert not Decision.objects.exclude(person=world.bo).exists()
    assert fresh(intent).status != "COMPLETED"


@pytest.mark.parametrize("path", ["approvals", "intents"])
@pytest.mark.parametrize("machine", ["sender", "bearer"])
def test_api_key_is_told_that_only_people_decide(world, machine, path):
    gate = open_gate(world)
    url = f"/v1/approvals/{gate.pk}/decision" if path == "approvals" else f"/v1/intents/{gate.intent_id}/resume"

    answer = MACHINES[machine](world).post(url, YES | TASK_YES)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "human_step")


@pytest.mark.parametrize("path", ["approvals", "intents"])
def test_token_without_the_right_to_decide_is_403(world, path):
    gate = open_gate(world)
    caller = Api(world.sender_secret, make_token(world.ana, world.workspace, can_decide=False))
    url = f"/v1/approvals/{gate.pk}/decision" if path == "approvals" else f"/v1/intents/{gate.intent_id}/resume"

    answer = caller.post(url, YES | TASK_YES)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "invalid_actor_scope")
