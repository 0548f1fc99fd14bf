"""`approve` and `reject` on a thread: a person's decision on the open gate, and never a machine's."""

import pytest

from approvals.models import Decision
from tests.acts import ending, fresh, gate_of, history, neighbours, say
from tests.conftest import Api
from tests.factories import gate_rule, make_policy, make_token, make_world, send
from tests.intents.inboxes import act, answered, asked, kinds, thread, with_agents
from tests.intents.test_api_accounts import refusal


@pytest.fixture
def world(db):
    return with_agents(make_world())


def test_a_person_approves_and_the_thread_has_the_answer(world):
    intent = asked(world)

    answer = act(Api(token=world.tokens["ana"]), intent, "approve", {"comment": "go"})

    assert (answer["applied"], answer["thread"]["status"], kinds(answer["thread"])) == (
        True,
        "done",
        ["waiting", "ended"],
    )
    assert (fresh(intent).status, ending(intent)["comment"]) == ("COMPLETED", "go")
    assert (Decision.objects.get().person, Decision.objects.get().via) == (world.ana, "api")


def test_a_person_rejects_beside_an_agents_key(world):
    intent = asked(world)

    answer = act(world.ana_api, intent, "reject", {"comment": "no"})

    assert (answer["applied"], fresh(intent).status, ending(intent)["approved"]) == (True, "CANCELED", False)


@pytest.mark.parametrize("name", ["approve", "reject"])
def test_a_key_alone_is_refused_and_only_that_is_recorded(world, name):
    intent = asked(world)
    before = history(intent)

    answer = act(world.planner, intent, name, {"approved": True, "task_result": {"outcome": "approved"}}, status=403)

    assert answer["error"]["code"] == "human_step"
    assert (fresh(intent).status, history(intent)) == ("WAITING", [*before, "attempt_refused"])
    assert not Decision.objects.exists()


def test_a_key_as_bearer_is_still_a_machine(world):
    intent = asked(world)

    for api in (Api(token=world.planner_secret), Api(world.planner_secret, world.planner_secret)):
        assert act(api, intent, "approve", status=403)["error"]["code"] == "human_step"


def test_a_delegate_gets_no_right_to_decide(world):
    intent = asked(world)
    act(world.planner, intent, "delegate", {"delegate_to": "helper"})

    assert act(world.helper, intent, "approve", status=403)["error"]["code"] == "human_step"
    assert not Decision.objects.exists()


def test_a_person_without_a_seat_is_refused_and_the_attempt_stands(world):
    make_policy(world.workspace, gates=[gate_rule("bo@acme.example")])
    intent = asked(world)

    answer = act(Api(token=world.tokens["cy"]), intent, "approve", status=403)

    assert (answer["error"]["code"], history(intent)[-1]) == ("not_eligible", "decision_refused")


def test_the_requester_is_refused_though_the_answer_is_for_their_agent(world):
    intent = asked(world, requested_by="ana@acme.example")

    assert act(world.ana_api, intent, "approve", status=403)["error"]["code"] == "four_eyes"


def test_a_token_without_the_right_to_decide_is_refused(world):
    intent = asked(world)
    weak = Api(token=make_token(world.ana, world.workspace, can_decide=False))

    assert act(weak, intent, "approve", status=403)["error"]["code"] == "invalid_actor_scope"


def test_deciding_is_refused_when_the_intent_is_over(world):
    intent = answered(world)

    for name in ("approve", "reject"):
        answer = act(Api(token=world.tokens["bo"]), intent, name, status=409)
        assert answer["error"]["code"] == "already_terminal"


def test_deciding_is_refused_when_nobody_is_asked_right_now(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before"), gate_rule("team:sre")])
    intent = send(world, reply_to="planner")
    say(gate_of(intent), world.ana)

    answer = act(Api(token=world.tokens["bo"]), intent, "approve", status=409)

    assert answer["error"]["code"] == "not_waiting"


def test_one_yes_of_two_leaves_the_thread_pending(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    intent = asked(world)

    answer = act(Api(token=world.tokens["ana"]), intent, "approve")

    assert (answer["thread"]["status"], kinds(answer["thread"])) == ("pending", ["waiting"])
    assert answer["message"].startswith("Your answer is recorded. Still waiting")
    again = act(Api(token=world.tokens["ana"]), intent, "approve")
    assert (again["applied"], again["reason"]) == (False, "already_recorded")


def test_a_stale_digest_is_refused(world):
    intent = asked(world)

    answer = act(Api(token=world.tokens["ana"]), intent, "approve", {"digest": "sha256:" + "0" * 64}, status=409)

    assert (answer["error"]["code"], fresh(intent).status) == ("digest_stale", "WAITING")


@pytest.mark.parametrize("body", [{"comment": 7}, {"comment": "x" * 2001}, {"digest": []}])
def test_deciding_is_refused_when_the_body_is_none_that_it_takes(world, body):
    intent = asked(world)

    answer = Api(token=world.tokens["ana"]).post(f"/v1/inbox/{intent.pk}/approve", body)

    assert refusal(answer) == (422, "schema_invalid")


def test_deciding_again_under_the_same_key_gets_the_first_answer(world):
    intent = asked(world)
    ana = Api(token=world.tokens["ana"])

    first = act(ana, intent, "approve", {"comment": "go"}, HTTP_IDEMPOTENCY_KEY="a1")
    again = act(ana, intent, "approve", {"comment": "go"}, HTTP_IDEMPOTENCY_KEY="a1")

    assert again == first
    assert kinds(thread(world.planner, intent)) == ["waiting", "ended"]


def test_the_resume_endpoint_takes_no_bare_decision(world):
    intent = asked(world)

    answer = Api(token=world.tokens["ana"]).post(f"/v1/intents/{intent.pk}/resume", {"decision": "approve"})

    assert answer.status_code == 403
    assert not Decision.objects.exists()


def test_a_person_decides_only_on_a_thread_of_their_workspace_and_of_the_inbox_they_name(world):
    intent, other = asked(world), neighbours()
    zoe, bo = Api(token=make_token(other.zoe, other.workspace)), Api(token=world.tokens["bo"])

    assert act(zoe, intent, "approve", status=404)["error"]["code"] == "thread_not_found"
    assert act(bo, intent, "approve?owner_agent=helper", status=404)["error"]["code"] == "thread_not_found"
    assert not Decision.objects.exists()


def test_a_yes_never_falls_on_a_gate_that_opened_since(world):
    both = [gate_rule("team:sre", place="before"), gate_rule("team:sre", place="before")]
    make_policy(world.workspace, gates=both)
    intent = asked(world)
    ana, seen = Api(token=world.tokens["ana"]), str(gate_of(intent).pk)

    refused = act(ana, intent, "approve", status=409)["error"]

    assert (refused["code"], refused["details"]["gate_id"]) == ("gate_id_required", seen)
    assert act(Api(token=world.tokens["bo"]), intent, "approve", {"gate_id": seen})["applied"] is True
    assert act(ana, intent, "approve", {"gate_id": seen}, status=409)["error"]["code"] == "gate_closed"
    assert [decision.person for decision in Decision.objects.all()] == [world.bo]
