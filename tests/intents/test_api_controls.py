"""What programs store beside an intent: controls, checkpoints, grants, the envelope; compared and set."""

import pytest

from approvals.models import Decision
from intents.models import Intent
from intents.sweeps import wake_due
from tests.acts import agent_task, bundle, details, fast_forward, fresh, frozen_clock, history, neighbours, take_work
from tests.conftest import Api
from tests.factories import make_agent, make_key, make_policy, open_gate, send
from tests.intents.test_api_accounts import refusal

OPS = "agent://acme/production/ops"
EVERYTHING = {"allow": ["resume", "update_controls", "update_policy"]}


@pytest.fixture
def passing(world) -> None:
    make_policy(world.workspace, action="approve")


@pytest.fixture
def ops(world) -> Api:
    agent = make_agent(world.workspace, "ops")
    return Api(make_key(world.workspace, "ops", ("work",), agent=agent)[1])


def controls(api, intent_id, patch, **fields):
    return api.post(f"/v1/intents/{intent_id}/controls", {"controls_patch": patch, **fields})


def policy(api, intent_id, **fields):
    return api.post(f"/v1/intents/{intent_id}/policy", fields)


def shown(api, intent_id) -> dict:
    return dict(api.get(f"/v1/intents/{intent_id}").json()["intent"])


def test_controls_are_merged_and_removed_by_null(world, api, passing):
    intent = send(world)

    first = controls(api, intent.pk, {"timeout_seconds": 30, "note": {"a": 1}}, reason="slow", actor="ana").json()
    second = controls(api, intent.pk, {"note": None, "retry": 2}).json()

    assert (first["ok"], first["applied"], first["policy_generation"]) == (True, True, 1)
    assert second["policy_generation"] == 2
    assert shown(api, intent.pk)["controls"] == {"timeout_seconds": 30, "retry": 2}
    assert shown(api, intent.pk)["policy_generation"] == 2
    assert history(intent)[-2:] == ["controls_updated", "controls_updated"]
    assert details(intent, "controls_updated") == {
        "controls_patch": {"note": None, "retry": 2},
        "reason": "",
        "policy_generation": 2,
    }
    assert intent.events.last().actor == "key:sender"


@pytest.mark.parametrize("change", ["controls", "policy"])
def test_change_is_409_when_the_generation_has_moved_on(world, api, passing, change):
    intent = send(world)
    body = {"controls_patch": {"a": 1}} if change == "controls" else {"envelope_patch": {"ttl_seconds": 5}}
    path = f"/v1/intents/{intent.pk}/{change}"

    taken = api.post(path, body | {"expected_policy_generation": 0})
    stale = api.post(path, body | {"expected_policy_generation": 0})

    assert taken.json()["policy_generation"] == 1
    assert refusal(stale) == (409, "stale_policy_generation")
    assert [stale.json()[name] for name in ("applied", "reason", "policy_generation")] == [
        False,
        "stale_policy_generation",
        1,
    ]
    assert fresh(intent).policy_generation == 1


def test_change_is_made_once_when_the_request_is_repeated(world, api, passing):
    path, body = f"/v1/intents/{send(world).pk}/controls", {"controls_patch": {"a": 1}, "expected_policy_generation": 0}

    first, again = (api.post(path, body, HTTP_IDEMPOTENCY_KEY="k") for _ in range(2))

    assert (again.status_code, again.json()) == (200, first.json())


def test_checkpoint_is_handed_to_the_redelivered_agent(world, passing):
    worker = Api(world.work_secret)
    with frozen_clock() as clock:
        intent = send(world)
        first = take_work(world)
        assert controls(worker, first["intent_id"], {"checkpoint": {"done": [1, 2]}}).json()["applied"]
        fast_forward(clock, 601)
        wake_due()
        second = take_work(world)

    assert (first["delivery_attempt"], first["checkpoint"]) == (1, None)
    assert (second["delivery_attempt"], second["checkpoint"]) == (2, {"done": [1, 2]})
    assert details(intent, "controls_updated")["step_id"] == "work"
    assert "done" not in str(details(intent, "controls_updated"))


def test_checkpoint_renews_the_lease(world, passing):
    worker = Api(world.work_secret)
    with frozen_clock() as clock:
        intent = send(world)
        handle = take_work(world)["intent_id"]
        clock.shift(500)
        controls(worker, handle, {"checkpoint": 1})
        fast_forward(clock, 500)

        assert fresh(intent).status == "IN_PROGRESS"
        assert "lease_expired" not in history(intent)


def test_checkpoint_is_of_its_step_alone(world, api, passing):
    worker = Api(world.work_secret)
    body = bundle(agent_task("one"), agent_task("two"))
    api.post("/v1/scenarios/apply", body)
    first = take_work(world)["intent_id"]
    controls(worker, first, {"checkpoint": "of one"})
    worker.post(f"/v1/intents/{first}/resume", {"done": True})

    second = take_work(world)

    assert (second["step_id"], second["checkpoint"]) == ("two", None)
    assert refusal(controls(worker, first, {"checkpoint": "late"})) == (409, "step_not_held")


def test_checkpoint_is_refused_from_anybody_but_the_holder(world, api, ops, passing):
    intent = send(world)
    worker = Api(world.work_secret)

    assert refusal(controls(worker, intent.pk, {"checkpoint": 1})) == (409, "step_not_held")
    take_work(world)
    assert refusal(controls(api, intent.pk, {"checkpoint": 1})) == (403, "invalid_actor_scope")
    policy(api, intent.pk, grants_patch={f"delegate:{OPS}": EVERYTHING})
    assert refusal(controls(ops, intent.pk, {"checkpoint": 1})) == (403, "invalid_actor_scope")
    assert shown(api, intent.pk)["checkpoints"] == {}


def test_controls_of_an_agent_need_a_grant(world, api, passing):
    worker, intent = Api(world.work_secret), send(world)
    take_work(world)

    assert refusal(controls(worker, intent.pk, {"a": 1})) == (403, "not_granted")
    assert refusal(controls(worker, intent.pk, {"a": 1, "checkpoint": 1})) == (403, "not_granted")
    assert refusal(policy(worker, intent.pk, grants_patch={})) == (403, "not_granted")
    assert shown(api, intent.pk)["policy_generation"] == 0
    policy(api, intent.pk, grants_patch={"delegate:infra-validator": {"allow": ["update_controls"]}})
    assert controls(worker, intent.pk, {"a": 1}).status_code == 200
    assert refusal(policy(worker, intent.pk, envelope_patch={"a": 1})) == (403, "not_granted")


def test_delegate_without_work_changes_only_what_the_grant_opens(world, api, ops, passing):
    intent = send(world)
    unknown = controls(ops, "nothing", {"a": 1}).json()
    assert controls(ops, intent.pk, {"a": 1}).json() == unknown

    policy(api, intent.pk, grants_patch={f"delegate:{OPS}": {"allow": ["update_controls"]}})

    assert controls(ops, intent.pk, {"a": 1}).json()["policy_generation"] == 2
    assert policy(ops, intent.pk, grants_patch={}).json() == unknown
    assert ops.get(f"/v1/intents/{intent.pk}").status_code == 404
    policy(api, intent.pk, grants_patch={f"delegate:{OPS}": None})
    assert controls(ops, intent.pk, {"a": 1}).json() == unknown
    assert shown(api, intent.pk)["grants"] == {}


@pytest.mark.parametrize(
    "grants",
    [
        {f"delegate:{OPS}": {"allow": ["decide"]}},
        {f"delegate:{OPS}": {"allow": ["approve", "resume"]}},
        {f"delegate:{OPS}": {"allow": [["resume"]]}},
        {f"delegate:{OPS}": {"allow": "resume"}},
        {f"delegate:{OPS}": ["resume"]},
        {f"delegate:{OPS}": {"allow": ["resume"], "decide": True}},
        {OPS: {"allow": ["resume"]}},
    ],
)
def test_grant_is_refused_when_it_is_more_than_can_be_given(world, api, passing, grants):
    intent = send(world)

    assert refusal(policy(api, intent.pk, grants_patch=grants)) == (422, "invalid_grant")
    assert fresh(intent).policy_generation == 0


def test_grant_to_another_workspace_is_refused(world, api, passing):
    answer = policy(api, send(world).pk, grants_patch={"delegate:agent://other/production/x": {"allow": ["resume"]}})

    assert refusal(answer) == (403, "foreign_workspace")


def test_grant_lets_no_machine_decide(world, api, ops):
    gate = open_gate(world)
    delegates = {"delegate:ops": EVERYTHING, "delegate:infra-validator": EVERYTHING}
    assert policy(api, gate.intent_id, grants_patch=delegates).status_code == 200

    for machine in (api, ops, Api(world.work_secret)):
        for body in ({"task_result": {"outcome": "approved"}}, {"approve_current_step": True}, {"approved": True}):
            assert machine.post(f"/v1/intents/{gate.intent_id}/resume", body).status_code in (403, 404)
        resolved = machine.post(f"/v1/intents/{gate.intent_id}/resolve", {"status": "COMPLETED"})
        decided = machine.post(f"/v1/approvals/{gate.pk}/decision", {"decision": "approve"})
        assert (resolved.status_code in (403, 404, 409), decided.status_code) == (True, 403)

    assert not Decision.objects.exists()
    assert Intent.objects.get(pk=gate.intent_id).status == "WAITING"


def test_envelope_and_controls_move_no_gate_and_no_time(world, api):
    gate = open_gate(world)
    before = Intent.objects.values("deadline_at", "wake_at", "status", "pending_with").get(pk=gate.intent_id)

    policy(api, gate.intent_id, envelope_patch={"expires_at": "2099-01-01T00:00:00Z", "ttl_seconds": 9**9})
    controls(api, gate.intent_id, {"timeout_seconds": 1, "approved": True})

    after = Intent.objects.values("deadline_at", "wake_at", "status", "pending_with").get(pk=gate.intent_id)
    gate.refresh_from_db()
    assert after == before
    assert gate.closed_at is None
    assert shown(api, gate.intent_id)["envelope"]["ttl_seconds"] == 9**9


def test_requester_may_change_them_and_other_people_may_not(world):
    intent = send(world, requested_by="ana@acme.example")

    assert controls(Api(token=world.tokens["ana"]), intent.pk, {"a": 1}).status_code == 200
    assert refusal(controls(Api(token=world.tokens["bo"]), intent.pk, {"a": 1})) == (403, "not_granted")
    assert refusal(policy(Api(token=world.tokens["bo"]), intent.pk)) == (403, "not_granted")


def test_change_of_another_workspaces_or_senders_intent_is_404(world, api, passing):
    intent = send(world)
    second = Api(make_key(world.workspace, "second", ("send",))[1])

    for stranger in (Api(neighbours().sender_secret), second):
        assert refusal(controls(stranger, intent.pk, {"a": 1})) == (404, "not_found")
        assert refusal(policy(stranger, intent.pk, envelope_patch={"a": 1})) == (404, "not_found")


def test_change_is_409_when_the_intent_is_over(world, api, passing):
    intent = send(world)
    api.post(f"/v1/intents/{intent.pk}/resolve", {"status": "CANCELED"})

    assert refusal(controls(api, intent.pk, {"a": 1})) == (409, "already_terminal")
    assert refusal(policy(api, intent.pk, envelope_patch={"a": 1})) == (409, "already_terminal")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"controls_patch": []}, 422),
        ({"controls_patch": {}, "expected_policy_generation": True}, 422),
        ({"controls_patch": {}, "expected_policy_generation": -1}, 422),
        ({"controls_patch": {}, "reason": 7}, 422),
        ({"controls_patch": {"a": "x" * 65 * 1024}}, 413),
    ],
)
def test_controls_that_are_malformed_are_refused(world, api, passing, body, status):
    intent = send(world)

    assert api.post(f"/v1/intents/{intent.pk}/controls", body).status_code == status
    assert fresh(intent).policy_generation == 0


def test_controls_are_refused_when_they_grow_too_large(world, api, passing):
    intent = send(world)
    answers = [controls(api, intent.pk, {name: "x" * 60 * 1024}) for name in "abc"]

    assert [answer.status_code for answer in answers] == [200, 200, 413]
    assert refusal(answers[2])[1] == "controls_too_large"
    assert set(shown(api, intent.pk)["controls"]) == {"a", "b"}


def test_fields_that_nobody_knows_are_a_warning(world, api, passing):
    answer = controls(api, send(world).pk, {"a": 1}, colour="red").json()

    assert answer["warnings"] == ["The field 'colour' is not known and was ignored."]
