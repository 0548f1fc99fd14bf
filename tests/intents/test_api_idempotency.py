"""Once per key: the same request again gets the same answer, on every endpoint with an effect."""

import uuid
from datetime import timedelta

import pytest

from approvals.models import ApprovalSettings, Decision
from intents import clock
from intents.models import Agent, IdempotencyRecord, Intent, StepResult
from tests.acts import agent_task, bundle, gate_of, history, signoff, take_work
from tests.conftest import Api
from tests.factories import gate_rule, make_key, make_policy, open_gate, send

GOOD = {"intent_type": "intent.infra.change.v1", "to_agent": "infra-validator", "payload": {"a": 1}}
KEY = {"HTTP_IDEMPOTENCY_KEY": "once"}


@pytest.fixture
def passing(world) -> None:
    make_policy(world.workspace, action="approve")


def create(world):
    return Api(world.sender_secret), "/v1/intents", GOOD, GOOD | {"payload": {"a": 2}}


def apply(world):
    return Api(world.sender_secret), "/v1/scenarios/apply", bundle(agent_task("a")), bundle(agent_task("b"))


def agent_resume(world):
    path = f"/v1/intents/{send(world).pk}/resume"
    return Api(world.work_secret), path, {"validation": "passed"}, {"validation": "failed"}


def sender_resume(world):
    return Api(world.sender_secret), f"/v1/intents/{send(world).pk}/resume", {}, {"reason": "again"}


def resolve(world):
    path = f"/v1/intents/{send(world).pk}/resolve"
    return Api(world.sender_secret), path, {"status": "COMPLETED", "result": {}}, {"status": "CANCELED"}


def decision(world):
    path = f"/v1/approvals/{asked(world).pk}/decision"
    return Api(token=world.tokens["ana"]), path, {"decision": "approve"}, {"decision": "reject"}


def task_result(world):
    path = f"/v1/intents/{asked(world).intent_id}/resume"
    bodies = [{"task_result": {"outcome": outcome}} for outcome in ("approved", "rejected")]
    return Api(token=world.tokens["ana"]), path, *bodies


def asked(world):
    """An open gate of a type that no policy lets pass."""
    return open_gate(world, intent_type="intent.other.v1")


EFFECTS = [create, apply, agent_resume, sender_resume, resolve, decision, task_result]


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda effect: effect.__name__)
def test_same_key_and_body_get_the_same_answer_and_one_effect(world, passing, effect):
    api, path, body, _ = effect(world)
    first = api.post(path, body, **KEY)
    trace = counts()

    again = api.post(path, body, **KEY)

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json() | ({"idempotent": True} if effect is apply else {})
    assert counts() == trace


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda effect: effect.__name__)
def test_same_key_and_another_body_is_409_and_no_effect(world, passing, effect):
    api, path, body, other = effect(world)
    api.post(path, body, **KEY)
    trace = counts()

    conflict = api.post(path, other, **KEY)

    assert (conflict.status_code, conflict.json()["error"]["code"]) == (409, "idempotency_conflict")
    assert counts() == trace


def test_correlation_id_and_from_agent_are_no_part_of_the_request(api):
    first, again = (
        api.post("/v1/intents", GOOD | {"correlation_id": str(uuid.uuid4()), "from_agent": name}, **KEY)
        for name in "ab"
    )

    assert again.json() == first.json()
    assert Intent.objects.count() == 1


def test_refusal_is_not_kept_and_the_key_is_free_again(world, api):
    ApprovalSettings.objects.update(default_approvers=[])
    refused = api.post("/v1/intents", GOOD, **KEY)
    ApprovalSettings.objects.update(default_approvers=["team:sre"])

    assert (refused.status_code, IdempotencyRecord.objects.count()) == (422, 0)
    assert api.post("/v1/intents", GOOD, **KEY).status_code == 200


def test_refused_decision_is_not_kept_and_may_be_given_again_with_what_was_missing(world):
    gate = open_gate(world, human_task={"required_comment": True})
    ana, path = Api(token=world.tokens["ana"]), f"/v1/approvals/{gate.pk}/decision"

    assert ana.post(path, {"decision": "approve"}, **KEY).status_code == 422
    assert ana.post(path, {"decision": "approve", "comment": "fine"}, **KEY).status_code == 200


def test_key_belongs_to_its_principal_and_its_endpoint(world, api, passing):
    other = Api(make_key(world.workspace, "second", ("send",))[1])

    ids = {caller.post("/v1/intents", GOOD, **KEY).json()["intent_id"] for caller in (api, other)}
    applied = api.post("/v1/scenarios/apply", bundle(agent_task("a")), **KEY)

    assert len(ids) == 2
    assert applied.status_code == 200


def test_key_of_a_person_is_the_same_with_and_without_a_machine_beside_it(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    gate = open_gate(world)
    path, body = f"/v1/approvals/{gate.pk}/decision", {"decision": "approve"}

    first = Api(token=world.tokens["ana"]).post(path, body, **KEY)
    again = Api(world.sender_secret, world.tokens["ana"]).post(path, body, **KEY)

    assert again.json() == first.json()
    assert first.json()["applied"] is True


def test_key_used_on_two_steps_of_one_intent_answers_for_each(world, api, passing):
    scenario = bundle(agent_task("a"), agent_task("b"))
    intent = Intent.objects.get(pk=api.post("/v1/scenarios/apply", scenario).json()["intent_id"])
    worker = Api(world.work_secret)

    for _ in range(2):
        handle = take_work(world)["intent_id"]
        assert worker.post(f"/v1/intents/{handle}/resume", {"ok": True}, **KEY).json()["applied"] is True

    assert history(intent)[-1] == "completed"
    assert StepResult.objects.count() == 2


def test_answer_is_kept_for_48_hours(world, api):
    first = api.post("/v1/intents", GOOD, **KEY).json()["intent_id"]
    IdempotencyRecord.objects.update(created_at=clock.now() - timedelta(hours=47))
    assert api.post("/v1/intents", GOOD, **KEY).json()["intent_id"] == first

    IdempotencyRecord.objects.update(created_at=clock.now() - timedelta(hours=49))
    assert api.post("/v1/intents", GOOD, **KEY).json()["intent_id"] != first


@pytest.mark.parametrize(("length", "status"), [(1, 200), (255, 200), (256, 422)])
def test_key_has_up_to_255_characters(api, length, status):
    assert api.post("/v1/intents", GOOD, HTTP_IDEMPOTENCY_KEY="k" * length).status_code == status


def test_request_without_a_key_happens_each_time(api):
    assert len({api.post("/v1/intents", GOOD).json()["intent_id"] for _ in range(2)}) == 2


@pytest.mark.parametrize("place", ["header", "body"])
def test_scenario_applied_again_says_that_it_is_the_same(world, api, place):
    body = bundle(signoff()) | ({"idempotency_key": "k1"} if place == "body" else {})
    headers = {"HTTP_IDEMPOTENCY_KEY": "k1"} if place == "header" else {}

    first, second = (api.post("/v1/scenarios/apply", body, **headers).json() for _ in range(2))

    assert (first["idempotent"], second["idempotent"]) == (False, True)
    assert first | {"idempotent": True} == second
    assert Intent.objects.count() == 1


def test_scenario_with_the_key_of_another_is_409(api):
    api.post("/v1/scenarios/apply", bundle(signoff()) | {"idempotency_key": "k1"})

    answer = api.post("/v1/scenarios/apply", bundle(signoff("other")) | {"idempotency_key": "k1"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "idempotency_conflict")


def test_take_back_is_idempotent_too(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    gate = open_gate(world)
    ana, path = Api(token=world.tokens["ana"]), f"/v1/approvals/{gate.pk}/decision"
    ana.post(path, {"decision": "approve"})

    answers = [ana.client.delete(path, **ana.headers, **KEY) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert gate_of(gate.intent).decisions.filter(taken_back_at=None).count() == 0


def counts() -> list[int]:
    """How much there is of everything that an effect could leave twice."""
    return [rows.objects.count() for rows in (Intent, Agent, Decision, StepResult)] + [
        sum(Intent.objects.values_list("last_seq", flat=True))
    ]
