"""Ending an intent from outside: who may, and never around a gate."""

import pytest

from approvals.models import Membership
from intents.models import Intent
from tests.acts import (
    agent_task,
    bundle,
    details,
    ending,
    finish_work,
    fresh,
    gate_of,
    history,
    say,
    signoff,
    take_work,
)
from tests.conftest import Api
from tests.factories import gate_rule, make_key, make_policy, open_gate, send


@pytest.fixture
def passing(world) -> None:
    make_policy(world.workspace, action="approve")


def resolve(api, intent_id, status, **body):
    return api.post(f"/v1/intents/{intent_id}/resolve", {"status": status, **body})


@pytest.mark.parametrize(
    ("status", "body", "outcome", "reason"),
    [
        ("COMPLETED", {"result": {"n": 1}}, "completed", "auto_approved"),
        ("COMPLETED", {}, "completed", "auto_approved"),
        ("FAILED", {"error": {"code": "x", "message": "broken"}}, "failed", "agent_failed"),
        ("CANCELED", {"reason": "not needed"}, "withdrawn", "withdrawn"),
    ],
)
@pytest.mark.parametrize("handed_out", [False, True])
def test_sender_ends_an_intent_without_gates_from_any_state(
    world, api, passing, handed_out, status, body, outcome, reason
):
    intent = send(world)
    if handed_out:
        take_work(world)

    answer = resolve(api, intent.pk, status, **body).json()

    end = ending(intent)
    assert (answer["applied"], answer["intent"]["status"], answer["event"]["status"]) == (True, status, status)
    assert answer["completion_delivery"] == {"delivered": False, "reason": "reply_to_not_set"}
    assert (end["outcome"], end["reason"], end["approved"]) == (outcome, reason, status == "COMPLETED")
    assert end["result"] == body.get("result")


@pytest.mark.parametrize("plan", ["open", "to come", "one done, one to come"])
@pytest.mark.parametrize("status", ["COMPLETED", "FAILED"])
@pytest.mark.parametrize("who", ["sender", "requester"])
def test_gates_remain_while_one_is_open_or_to_come(world, plan, status, who):
    intent = with_gates(world, plan, requested_by="cy@acme.example")
    caller = Api(world.sender_secret) if who == "sender" else Api(token=world.tokens["cy"])

    answer = resolve(caller, intent.pk, status)

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "gates_remain")
    assert fresh(intent).status not in ("COMPLETED", "FAILED")


@pytest.mark.parametrize("plan", ["open", "to come", "one done, one to come"])
def test_withdrawal_is_taken_at_any_time(world, api, plan):
    intent = with_gates(world, plan)

    resolve(api, intent.pk, "CANCELED", reason="changed our minds")

    end = ending(intent)
    assert (fresh(intent).status, end["reason"], end["approved"]) == ("CANCELED", "withdrawn", False)
    assert end["error"] == {"code": "withdrawn", "message": "changed our minds"}
    assert {step.status for step in intent.steps.all()} <= {"done", "canceled"}


def test_completion_after_all_gates_keeps_their_reason(world, api):
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before")])
    gate = open_gate(world, to_agent="infra-validator")
    say(gate, world.ana)

    resolve(api, gate.intent_id, "COMPLETED", result={"by": "hand"})

    end = ending(gate.intent)
    assert (end["approved"], end["reason"], end["outcome"]) == (True, "decided", "approved")


def test_withdrawn_gate_closes_undecided(world, api):
    gate = open_gate(world)

    resolve(api, gate.intent_id, "CANCELED")

    closed = details(gate.intent, "gate_closed")
    assert (closed["outcome"], closed["outcome_class"], closed["reason"]) == ("withdrawn", "no", "withdrawn")
    assert history(gate.intent)[-2:] == ["gate_closed", "canceled"]


def test_terminal_intent_is_409_and_stays_as_it_is(world, api, passing):
    intent = send(world, to_agent="human")

    for status in ("COMPLETED", "FAILED", "CANCELED"):
        assert resolve(api, intent.pk, status).json()["error"]["code"] == "already_terminal"
    assert history(intent).count("completed") == 1


@pytest.mark.parametrize(("status", "final"), [("COMPLETED", "COMPLETED"), ("FAILED", "FAILED")])
def test_resolution_by_the_holder_is_the_result_of_its_step(world, passing, status, final):
    intent = send(world)
    take_work(world)

    answer = resolve(Api(world.work_secret), intent.pk, status, result={"n": 1})

    assert answer.json()["applied"] is True
    assert (fresh(intent).status, ending(intent)["result"]) == (final, {"n": 1})


def test_resolution_by_the_holder_does_not_end_what_comes_after_its_step(world):
    intent = with_gates(world, "to come")
    take_work(world)

    answer = resolve(Api(world.work_secret), intent.pk, "COMPLETED", result={"n": 1})

    assert answer.json()["applied"] is True
    assert (fresh(intent).status, gate_of(intent).is_open) == ("WAITING", True)


def test_resolution_by_the_holder_cannot_cancel(world, passing):
    intent = send(world)
    take_work(world)

    assert resolve(Api(world.work_secret), intent.pk, "CANCELED").json()["error"]["code"] == "not_the_sender"


def test_resolution_by_another_sender_is_404_and_by_a_bystander_403(world, passing):
    intent = send(world)
    _, secret = make_key(world.workspace, "second", ("send",))

    assert resolve(Api(secret), intent.pk, "CANCELED").status_code == 404
    assert resolve(Api(token=world.tokens["bo"]), intent.pk, "CANCELED").json()["error"]["code"] == "not_the_sender"


def test_requester_may_withdraw_by_their_own_token(world):
    intent = send(world, to_agent="human", requested_by="cy@acme.example")

    assert resolve(Api(token=world.tokens["cy"]), intent.pk, "CANCELED").status_code == 200
    assert ending(intent)["reason"] == "withdrawn"


@pytest.mark.parametrize(("status", "code"), [("CANCELED", 200), ("COMPLETED", 403), ("FAILED", 403)])
def test_admin_may_cancel_and_nothing_else(world, passing, status, code):
    Membership.objects.filter(person=world.bo).update(is_admin=True)
    intent = send(world)

    assert resolve(Api(token=world.tokens["bo"]), intent.pk, status).status_code == code


@pytest.mark.parametrize(
    "body",
    [
        *({}, {"status": "DONE"}, {"status": "TIMED_OUT"}, {"status": 1}, {"status": ["COMPLETED"]}),
        *(
            {"status": "COMPLETED", "result": []},
            {"status": "FAILED", "error": "x"},
            {"status": "CANCELED", "reason": 1},
        ),
    ],
    ids=str,
)
def test_resolution_that_cannot_be_read_is_422(world, api, passing, body):
    intent = send(world)

    answer = api.post(f"/v1/intents/{intent.pk}/resolve", body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "schema_invalid")


def with_gates(world, plan: str, **fields) -> Intent:
    """An intent that has a gate open, to come, or one done and one to come."""
    if plan == "one done, one to come":
        both = [gate_rule("team:sre", place="before"), gate_rule("team:sre", place="after")]
        make_policy(world.workspace, gates=both)
        gate = open_gate(world, to_agent="infra-validator", **fields)
        say(gate, world.ana)
        return gate.intent
    scenario = bundle(agent_task("a"), signoff(), **fields)
    intent = Intent.objects.get(pk=Api(world.sender_secret).post("/v1/scenarios/apply", scenario).json()["intent_id"])
    if plan == "open":
        finish_work(world, intent)
    return intent
