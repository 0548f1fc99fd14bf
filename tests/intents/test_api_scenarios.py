"""Scenarios: applied whole or not at all, and validated without a trace."""

import pytest

from approvals.models import ApprovalSettings
from intents.models import Agent, Event, IdempotencyRecord, Intent, Outbox, Step
from tests.acts import (
    agent_task,
    bundle,
    current_step,
    details,
    ending,
    fast_forward,
    finish_work,
    fresh,
    frozen_clock,
    gate_of,
    history,
    say,
    signoff,
    take_work,
)
from tests.conftest import Api
from tests.factories import gate_rule, make_key, make_policy

DELAY = {"step_id": "pause", "tool_id": "tool.internal.delay", "config": {"seconds": 600}}
TELL = {
    "step_id": "tell",
    "runtime_type": "notification",
    "runtime_config": {"to": "bo@acme.example", "subject": "s", "body": "b"},
}
NEW_AGENT = {"role": "validator", "address": "newcomer", "create_if_missing": True, "delivery_mode": "stream"}


@pytest.fixture
def passing(world) -> None:
    make_policy(world.workspace, action="approve")


def apply(api, *steps, **fields):
    return api.post("/v1/scenarios/apply", bundle(*steps, **fields))


def applied(api, *steps, **fields) -> Intent:
    return Intent.objects.get(pk=apply(api, *steps, **fields).json()["intent_id"])


def test_apply_answers_with_every_name_that_clients_read(world, api):
    answer = apply(api, agent_task("a")).json()

    assert answer["ok"] is True
    assert answer["scenario_id"] == "story.v1"
    assert answer["compile_id"] == answer["workflow_compile_id"] == answer["intent_id"]
    assert answer["agents"] == [{"role": "validator", "address": world.agent.address, "created": False}]
    assert answer["agents_provisioned"] == []
    assert {"status", "pending_with", "deadline_at", "created_at", "plan", "warnings"} <= set(answer)


def test_apply_registers_a_missing_agent_and_never_alters_one_that_is_there(world, api, passing):
    Agent.objects.update(display_name="Ours")
    renamed = bundle(agent_task("a"))
    renamed["agents"][0] |= {"create_if_missing": True, "display_name": "Theirs"}

    created = api.post("/v1/scenarios/apply", bundle(agent_task("a")) | {"agents": [NEW_AGENT]}).json()
    api.post("/v1/scenarios/apply", renamed)

    assert created["agents_provisioned"] == ["agent://acme/production/newcomer"]
    assert not any("registered" in warning for warning in created["warnings"])
    assert Agent.objects.get(name="infra-validator").display_name == "Ours"


@pytest.mark.parametrize("path", ["apply", "validate"])
def test_agent_is_not_registered_without_the_provision_scope(world, path):
    sender = Api(make_key(world.workspace, "plain", ("send",))[1])

    answer = sender.post(f"/v1/scenarios/{path}", bundle(agent_task("a")) | {"agents": [NEW_AGENT]})

    if path == "apply":
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "invalid_scope")
    else:
        assert answer.json()["valid"] is False
    assert not Agent.objects.filter(name="newcomer").exists()
    assert not Intent.objects.exists()


def test_agent_without_the_wish_to_create_it_is_a_warning(api, passing):
    agent = {key: value for key, value in NEW_AGENT.items() if key != "create_if_missing"}

    answer = api.post("/v1/scenarios/apply", bundle(agent_task("a")) | {"agents": [agent]}).json()

    assert any("newcomer" in warning for warning in answer["warnings"])


def test_validate_leaves_no_trace(world, api):
    rows = (Intent, Step, Event, Outbox, Agent, IdempotencyRecord)
    before = [model.objects.count() for model in rows]

    answer = api.post("/v1/scenarios/validate", bundle(agent_task("a")) | {"agents": [NEW_AGENT]})

    assert (answer.status_code, answer.json()["valid"], answer.json()["errors"]) == (200, True, [])
    assert [model.objects.count() for model in rows] == before


def test_validate_says_what_apply_would_say(world, api):
    ApprovalSettings.objects.update(default_approvers=[])
    scenario = bundle(signoff(assigned_to="oncall")) | {"humans": [{"role": "oncall"}]}

    said = api.post("/v1/scenarios/validate", scenario).json()

    assert said["valid"] is False
    assert said["errors"] == [api.post("/v1/scenarios/apply", scenario).json()["detail"]]


UNSUPPORTED = {
    "unknown tool": {"step_id": "a", "tool_id": "tool.approval.check_window"},
    "notify and wait": {"step_id": "a", "tool_id": "tool.notification.notify_owner"},
    "unknown runtime": {"step_id": "a", "runtime_type": "escalation"},
    "no tool": {"step_id": "a"},
}


@pytest.mark.parametrize("step", UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_step_that_is_not_supported_is_422(api, step):
    answer = apply(api, step)

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "unsupported_step")
    assert not Intent.objects.exists()


HUMAN = {
    "tool": signoff("s"),
    "other tool": {"step_id": "s", "tool_id": "tool.human.approval.v1"},
    "runtime": {"step_id": "s", "runtime_type": "human_approval"},
    "requires_approval on an agent's task": agent_task("s", requires_approval=True),
    "human_task on an agent's task": agent_task("s", human_task={"title": "Look"}),
    "role of a human": {"step_id": "s", "assigned_to": "oncall"},
    "agent's tool, human's role": agent_task("s") | {"assigned_to": "oncall"},
    "runtime delay, human's tool": signoff("s", runtime_type="delay", config={"seconds": 1}),
}


@pytest.mark.parametrize("step", HUMAN.values(), ids=HUMAN)
def test_step_is_human_if_anything_about_it_says_so(api, passing, step):
    answer = api.post("/v1/scenarios/apply", bundle(step) | {"humans": [{"role": "oncall"}]})

    assert [each["kind"] for each in answer.json()["plan"]] == ["human"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"humans": [{"role": "validator"}]}, "ambiguous_role"),
        ({"agents": [{"role": "a", "address": "x"}, {"role": "a", "address": "y"}]}, "ambiguous_role"),
        ({"agents": [{"role": "other", "address": "x"}]}, "unknown_role"),
        ({"agents": [{"role": "validator", "address": "a//b"}]}, "invalid_agent_address"),
        ({"agents": [{"role": "validator", "address": "agent://other/production/x"}]}, "foreign_workspace"),
        ({"workflow": {"steps": [agent_task("a"), agent_task("a")]}}, "schema_invalid"),
        ({"workflow": {"steps": []}}, "schema_invalid"),
        ({"workflow": {"steps": [DELAY | {"config": {"seconds": 0}}]}}, "schema_invalid"),
        ({"workflow": {"steps": [DELAY | {"config": {"seconds": "60"}}]}}, "schema_invalid"),
        ({"intent": {"payload": {}}}, "schema_invalid"),
        ({"scenario_id": ""}, "schema_invalid"),
        ({"workflow": {"steps": [agent_task(f"s{number}") for number in range(101)]}}, "schema_invalid"),
    ],
)
def test_scenario_that_cannot_be_understood_is_refused(api, change, code):
    answer = api.post("/v1/scenarios/apply", bundle(agent_task("a")) | change)

    assert answer.json()["error"]["code"] == code
    assert answer.status_code in (403, 422)


def test_scenario_warns_of_fields_that_nobody_reads(api):
    warnings = apply(
        api, agent_task("a", retry={"max_retries": 3}), signoff(human_task={"on_timeout": "approve"})
    ).json()["warnings"]

    unread = [warning for warning in warnings if "ignored" in warning]
    assert ["steps[0].retry" in unread[0], "steps[1].human_task.on_timeout" in unread[1]] == [True, True]


def test_delay_waits_for_its_time_and_then_goes_on(world, api, passing):
    with frozen_clock() as clock:
        intent = applied(Api(world.sender_secret), DELAY, agent_task("a"))
        assert (fresh(intent).status, fresh(intent).waiting_reason) == ("WAITING", "WAITING_FOR_TIME")

        fast_forward(clock, 599)
        assert current_step(intent).name == "pause"
        fast_forward(clock, 1)

    assert (current_step(intent).name, fresh(intent).status) == ("a", "SUBMITTED")


def test_notification_is_an_event_and_the_intent_goes_on_at_once(world, api, passing):
    intent = applied(api, TELL, agent_task("a"))

    assert current_step(intent).name == "a"
    assert details(intent, "notification")["to"] == ["person:bo@acme.example"]


def test_whole_scenario_runs_to_its_end(world, api):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    intent = applied(api, agent_task("validate_change"), signoff("sre_approval", human_task={"title": "SRE approval"}))

    take_work(world)
    finish_work(world, intent, validation="passed")
    gate = gate_of(intent)
    assert (gate.title, gate.step.name, gate.ask.earlier[0]["result"]) == (
        "SRE approval",
        "sre_approval",
        {"validation": "passed"},
    )
    say(gate, world.ana, comment="looks right.")

    end = ending(intent)
    assert (end["approved"], end["result"]) == (True, {"validation": "passed"})
    assert history(intent) == [
        *("created", "submitted", "delivered", "in_progress", "human_task_assigned", "waiting"),
        *("decision_recorded", "gate_closed", "completed"),
    ]


def test_hundred_steps_that_take_no_time_run_in_one_go(world, api, passing):
    intent = applied(api, *(TELL | {"step_id": f"tell-{number}"} for number in range(100)))

    assert (fresh(intent).status, history(intent).count("notification")) == ("COMPLETED", 100)
