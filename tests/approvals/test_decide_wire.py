"""Deciding over the wire: people do, machines never do, and nobody meets the wrong gate."""

import pytest

from approvals.models import Decision, Gate
from intents.ids import new_id
from intents.models import Intent
from tests.acts import agent_task, bundle, ending, finish_work, gate_of, say, signoff
from tests.conftest import Api
from tests.factories import gate_rule, make_key, make_person, make_policy, make_token, make_workspace, open_gate, send

YES = {"decision": "approve"}
TASK_YES = {"task_result": {"outcome": "approved"}}


@pytest.fixture
def ana(world) -> Api:
    return Api(world.sender_secret, world.tokens["ana"])


def path_of(gate: Gate) -> str:
    return f"/v1/approvals/{gate.pk}/decision"


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (YES, "approved"),
        ({"decision": "reject", "comment": "no"}, "rejected"),
        (TASK_YES, "approved"),
        ({"task_result": {"outcome": "changes_requested", "comment": "smaller"}}, "changes_requested"),
    ],
)
def test_decision_by_gate_is_taken_from_a_person(world, ana, body, outcome):
    gate = open_gate(world, human_task={"task_type": "review"})

    answer = ana.post(path_of(gate), body)

    assert answer.status_code == 200
    said = answer.json()
    assert (said["ok"], said["applied"], said["gate_id"]) == (True, True, str(gate.pk))
    assert said["approval"]["approval_id"] == str(gate.pk)
    assert said["approval"]["decided_at"]
    assert ending(gate.intent)["outcome"] == outcome


@pytest.mark.parametrize(
    "body", [{}, {"decision": "approved"}, {"decision": "approve", "comment": 7}, {"task_result": "yes"}]
)
def test_decision_that_cannot_be_read_is_422(world, ana, body):
    assert ana.post(path_of(open_gate(world)), body).status_code == 422


def test_decision_by_intent_is_taken_while_the_plan_has_one_gate(world, ana):
    gate = open_gate(world)

    answer = ana.post(f"/v1/intents/{gate.intent_id}/resume", TASK_YES).json()

    assert (answer["applied"], answer["intent"]["status"]) == (True, "COMPLETED")


def test_decision_twice_is_200_and_not_applied(world, ana):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    gate = open_gate(world)

    first, second = (ana.post(path_of(gate), YES) for _ in range(2))

    assert (first.status_code, second.status_code) == (200, 200)
    assert (second.json()["applied"], second.json()["reason"]) == (False, "already_recorded")
    assert Decision.objects.count() == 1


def test_decision_by_intent_needs_the_gate_when_the_plan_has_several(world, ana):
    both = [gate_rule("team:sre", place="before"), gate_rule("team:sre", place="after")]
    make_policy(world.workspace, gates=both)
    first = open_gate(world, to_agent="infra-validator")
    path = f"/v1/intents/{first.intent_id}/resume"

    refused = ana.post(path, TASK_YES)

    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "gate_id_required")
    assert refused.json()["error"]["details"]["gate_id"] == str(first.pk)
    assert ana.post(path, TASK_YES | {"gate_id": str(first.pk)}).json()["applied"] is True


@pytest.mark.parametrize("plan", ["one gate", "two gates"])
def test_decision_that_names_a_gate_of_another_intent_is_not_taken(world, ana, plan):
    rules = [gate_rule("team:sre", place="before"), gate_rule("team:sre", place="after")]
    make_policy(world.workspace, gates=rules[: 1 if plan == "one gate" else 2])
    here, other = (open_gate(world, to_agent="infra-validator") for _ in range(2))

    answer = ana.post(f"/v1/intents/{here.intent_id}/resume", TASK_YES | {"gate_id": str(other.pk)})

    assert answer.status_code == 404
    assert not Decision.objects.exists()


def test_decision_before_the_gate_opens_is_409(world, ana):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    intent = send(world)

    answer = ana.post(f"/v1/intents/{intent.pk}/resume", TASK_YES)

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "gate_not_open")


def test_decision_on_an_intent_that_asks_nobody_is_409(world, ana):
    make_policy(world.workspace, action="approve")

    answer = ana.post(f"/v1/intents/{send(world).pk}/resume", TASK_YES)

    assert answer.json()["error"]["code"] == "no_gate"


def test_decision_after_withdrawal_says_withdrawn(world, ana, api):
    gate = open_gate(world)
    api.post(f"/v1/intents/{gate.intent_id}/resolve", {"status": "CANCELED", "reason": "not needed"})

    answer = ana.post(path_of(gate), YES)

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "withdrawn")
    assert "withdrawn" in answer.json()["detail"]


def test_take_back_over_the_wire(world, ana):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    gate = open_gate(world)
    ana.post(path_of(gate), YES)

    answer = ana.client.delete(path_of(gate), **ana.headers)

    assert (answer.status_code, answer.json()["applied"]) == (200, True)
    assert ana.client.delete(path_of(gate), **ana.headers).status_code == 409


def test_token_and_key_of_two_workspaces_are_403(world):
    gate = open_gate(world)
    _, foreign = make_key(make_workspace("other", "production"))

    answer = Api(foreign, world.tokens["ana"]).post(path_of(gate), YES)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "foreign_workspace")


def test_token_alone_decides(world):
    gate = open_gate(world)

    assert Api(token=world.tokens["ana"]).post(path_of(gate), YES).status_code == 200


def test_gate_of_another_workspace_is_the_same_404_as_an_unknown_one(world):
    gate = open_gate(world)
    other = make_workspace("other", "production")
    zoe = Api(token=make_token(make_person(other, "zoe@other.example"), other))

    answers = [zoe.post(f"/v1/approvals/{gate_id}/decision", YES) for gate_id in (gate.pk, new_id(), "nonsense")]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert len({answer.content for answer in answers}) == 1


def test_token_of_one_workspace_does_not_decide_in_another_of_the_same_person(world):
    other = make_workspace("other", "production")
    world.ana.memberships.create(workspace=other)
    gate = open_gate(world)

    assert Api(token=make_token(world.ana, other)).post(path_of(gate), YES).status_code == 404


def test_tasks_list_what_waits_for_the_person_and_nothing_else(world, ana):
    mine = open_gate(world)
    answered = open_gate(world)
    say(answered, world.ana, "rejected")
    open_gate(world, requested_by="ana@acme.example")

    tasks = ana.get("/v1/me/tasks").json()["tasks"]

    assert [task["gate_id"] for task in tasks] == [str(mine.pk)]
    assert tasks[0]["human_task"]["allowed_outcomes"] == ["approved", "rejected"]
    assert tasks[0]["digest"] == mine.digest


def test_tasks_are_a_persons(api):
    assert api.get("/v1/me/tasks").json()["error"]["code"] == "missing_actor_token"


def test_decision_moves_a_scenario_on_to_its_next_agent(world, ana):
    scenario = bundle(agent_task("a"), signoff(), agent_task("b"))
    intent = Intent.objects.get(pk=ana.post("/v1/scenarios/apply", scenario).json()["intent_id"])
    finish_work(world, intent)

    Api(token=world.tokens["bo"]).post(path_of(gate_of(intent)), YES)

    assert [step.status for step in intent.steps.all()] == ["done", "done", "ready"]
