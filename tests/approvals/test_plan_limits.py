"""What a request may shorten, and how it may be addressed."""

import pytest

from approvals.models import ApprovalSettings, Gate
from intents.models import Agent, Intent, Step, Workspace
from tests.acts import agent_task, bundle, gate_of, signoff
from tests.factories import gate_rule, make_agent, make_key, make_policy, make_workspace

TYPE = "intent.infra.change.v1"
HOUR = 3600


def create(api, target="infra-validator", **fields):
    return api.post("/v1/intents", {"intent_type": TYPE, "to_agent": target, "payload": {}, **fields})


def opened(answer) -> Gate:
    return gate_of(Intent.objects.get(pk=answer.json()["intent_id"]))


@pytest.mark.parametrize(("asked", "becomes"), [(60, 60), (2 * HOUR, HOUR), (None, HOUR)])
def test_deadline_of_a_merged_gate_is_never_later_than_the_policys(world, api, asked, becomes):
    make_policy(world.workspace, gates=[gate_rule("team:sre", deadline=HOUR)])

    gate = opened(api.post("/v1/scenarios/apply", bundle(signoff(step_deadline_seconds=asked))))

    assert (gate.expires_at - gate.opened_at).total_seconds() == becomes


def test_deadline_that_a_request_shortens_turns_silence_into_a_refusal(world, api):
    make_policy(world.workspace, gates=[gate_rule("team:sre", deadline=HOUR, on_timeout="approve")])

    shortened = api.post("/v1/scenarios/apply", bundle(signoff(step_deadline_seconds=60)))
    untouched = api.post("/v1/scenarios/apply", bundle(signoff()))

    assert [answer.json()["plan"][0]["on_timeout"] for answer in (shortened, untouched)] == ["expire", "approve"]


def test_on_timeout_of_a_request_changes_nothing(world, api):
    task = {"title": "Look", "on_timeout": "approve"}

    created = create(api, "human", human_task=task, on_timeout="approve")
    applied = api.post("/v1/scenarios/apply", bundle(signoff(on_timeout="approve", human_task=task)))

    assert [answer.json()["plan"][0]["on_timeout"] for answer in (created, applied)] == ["expire", "expire"]
    assert any("on_timeout" in warning for warning in created.json()["warnings"])


@pytest.mark.parametrize(
    "address", ["", "a", "agent://", "agent://a//b", "agent://acme/production/x/y", "has space", "späher"]
)
def test_address_that_is_malformed_is_refused(world, api, address):
    answer = create(api, address)

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] in ("invalid_agent_address", "schema_invalid")


def test_address_of_another_workspace_is_forbidden_whether_or_not_it_exists(world, api):
    make_agent(make_workspace("other", "production"), "worker")

    known, unknown = (create(api, f"agent://other/production/{name}") for name in ("worker", "nobody"))

    assert known.status_code == unknown.status_code == 403
    assert known.json() == unknown.json()


@pytest.mark.parametrize(
    "address", ["infra-validator", "conformance/infra-validator", "agent://anything/infra-validator"]
)
def test_address_that_is_short_is_read_in_the_keys_workspace(world, api, address):
    intent_id = create(api, address).json()["intent_id"]

    assert Intent.objects.get(pk=intent_id).to_agent == world.agent.address


def test_address_that_nobody_registered_is_taken_with_a_warning(world, api):
    answer = create(api, "newcomer")

    assert answer.status_code == 200
    assert any("newcomer" in warning for warning in answer.json()["warnings"])


def test_address_that_nobody_registered_is_an_error_where_the_workspace_says_so(world, api):
    Workspace.objects.update(unknown_agent_is_error=True)

    answer = create(api, "newcomer")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "agent_not_found")
    assert not Intent.objects.exists()


def test_agent_that_is_switched_off_is_not_registered(world, api):
    Agent.objects.update(is_active=False)

    assert [step["kind"] for step in create(api, human_task={}).json()["plan"]] == ["human"]


def test_names_of_steps_never_meet_those_of_gates_that_a_policy_adds(world, api):
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before")])
    taken = [agent_task("gate-1"), agent_task("gate-1-policy"), signoff("approval")]

    answer = api.post("/v1/scenarios/apply", bundle(*taken, human_task={"title": "Look"}))
    plain = api.post("/v1/scenarios/apply", bundle(*taken))

    assert (answer.status_code, plain.status_code) == (200, 200)
    for intent in Intent.objects.all():
        names = list(Step.objects.filter(intent=intent).values_list("name", flat=True))
        assert len(set(names)) == len(names)


def test_key_that_may_send_to_one_agent_only_cannot_reach_another_through_a_scenario(world, api):
    make_agent(world.workspace, "payments")
    ApprovalSettings.objects.update(unmatched="approve")
    _, secret = make_key(world.workspace, "narrow", ("send",), targets=[world.agent.address])
    api.headers["HTTP_X_API_KEY"] = secret
    sneaky = bundle({**agent_task("pay"), "assigned_to": "payer"}, to_agent="infra-validator")
    sneaky["agents"].append({"role": "payer", "address": "payments"})

    answer = api.post("/v1/scenarios/apply", sneaky)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "target_not_allowed")
    assert not Intent.objects.exists()


def test_deadline_of_the_intent_covers_its_steps_and_ends_within_30_days(world, api):
    week = 7 * 24 * HOUR
    make_policy(world.workspace, gates=[gate_rule("team:sre", deadline=week)])

    for deadline, days in ((week, 15), (None, 8), (29 * 24 * HOUR, 30)):
        made = api.post("/v1/scenarios/apply", bundle(agent_task("a", step_deadline_seconds=deadline))).json()
        intent = Intent.objects.get(pk=made["intent_id"])
        assert (intent.deadline_at - intent.created_at).days == days
