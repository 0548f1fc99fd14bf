"""The table of plans: what a request asks for, what the policies say, and which gates stand where by whose word."""

import re
from dataclasses import dataclass, field

import pytest

from approvals.models import ApprovalSettings, Unmatched
from intents.models import Intent, Step
from tests.acts import agent_task, bundle, ending, signoff
from tests.factories import gate_rule, make_person, make_policy, make_team

TASK = {"human_task": {"title": "Look at this"}}
BEFORE = {"gates": [gate_rule("team:sre", place="before")]}
AFTER = {"gates": [gate_rule("team:sre", place="after")]}
BOTH = {"gates": [gate_rule("team:sre", place="before"), gate_rule("team:directors", place="after")]}
DENY = {"action": "deny"}
APPROVE = {"action": "approve"}


@dataclass(frozen=True)
class Row:
    """`policy` None: none matches, and the workspace's `unmatched` says what then. A gate shows as its source."""

    request: dict[str, object]
    policy: dict[str, object] | None
    plan: list[str]
    target: str = "infra-validator"
    unmatched: str = Unmatched.GATE
    steps: list[dict[str, object]] = field(default_factory=list)


SCENARIO = [agent_task("check"), signoff()]
SANDWICH = [agent_task("a"), signoff(), agent_task("b")]

TABLE = {
    "plain, unmatched gate": Row({}, None, ["default", "agent"]),
    "plain, unmatched approve": Row({}, None, ["agent"], unmatched=Unmatched.APPROVE),
    "plain, approve": Row({}, APPROVE, ["agent"]),
    "plain, after": Row({}, AFTER, ["agent", "policy"]),
    "plain, before and after": Row({}, BOTH, ["policy", "agent", "policy"]),
    "plain to human, after": Row({}, AFTER, ["policy"], target="human"),
    "plain to human in full, after": Row({}, AFTER, ["policy"], target="agent://acme/production/human"),
    "plain to human, before and after": Row({}, BOTH, ["policy", "policy"], target="human"),
    "plain to nobody registered, after": Row({}, AFTER, ["agent", "policy"], target="newcomer"),
    "task, unmatched gate, no agent": Row(TASK, None, ["request+default"], target="newcomer"),
    "task, unmatched gate, agent": Row(TASK, None, ["request+default", "agent"]),
    "task, before": Row(TASK, BEFORE, ["request+policy", "agent"]),
    "task, after": Row(TASK, AFTER, ["request", "agent", "policy"]),
    "task, approve": Row(TASK, APPROVE, ["request", "agent"]),
    "task to human, after": Row(TASK, AFTER, ["request+policy"], target="human"),
    "task to human, before and after": Row(TASK, BOTH, ["request+policy", "policy"], target="human"),
    "scenario, after": Row({}, AFTER, ["agent", "scenario+policy"], steps=SCENARIO),
    "scenario, before": Row({}, BEFORE, ["policy", "agent", "scenario"], steps=SCENARIO),
    "scenario, unmatched gate": Row({}, None, ["agent", "scenario+default"], steps=SCENARIO),
    "scenario, unmatched approve": Row({}, None, ["agent", "scenario"], steps=SCENARIO, unmatched=Unmatched.APPROVE),
    "scenario A human B, before": Row({}, BEFORE, ["policy", "agent", "scenario", "agent"], steps=SANDWICH),
    "scenario A human B, after": Row({}, AFTER, ["agent", "scenario", "agent", "policy"], steps=SANDWICH),
    "scenario and task, before": Row(TASK, BEFORE, ["request+policy", "agent", "scenario"], steps=SCENARIO),
}


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_plan_is_what_the_table_says(world, api, row):
    make_team(world.workspace, "directors", make_person(world.workspace, "dee@acme.example"))
    ApprovalSettings.objects.update(unmatched=row.unmatched)
    if row.policy is not None:
        make_policy(world.workspace, **row.policy)

    answer = ask(api, row)

    assert answer.status_code == 200, answer.json()
    assert words(answer.json()["plan"]) == row.plan
    assert [step.kind for step in Step.objects.all()] == ["agent" if word == "agent" else "human" for word in row.plan]


@pytest.mark.parametrize("unmatched", ["deny by policy", "unmatched deny"])
@pytest.mark.parametrize("request_fields", [{}, TASK], ids=["plain", "task"])
def test_plan_is_denied_before_any_step_when_a_policy_or_the_workspace_says_so(world, api, unmatched, request_fields):
    if unmatched == "unmatched deny":
        ApprovalSettings.objects.update(unmatched=Unmatched.DENY)
    else:
        make_policy(world.workspace, "gates", position=1, **AFTER)
        make_policy(world.workspace, "no-infra", position=2, **DENY)

    answer = ask(api, Row(request_fields, None, [])).json()

    intent = Intent.objects.get(pk=answer["intent_id"])
    assert (answer["status"], answer["plan"]) == ("CANCELED", [])
    assert (ending(intent)["outcome"], ending(intent)["reason"], ending(intent)["approved"]) == (
        "denied",
        "auto_denied",
        False,
    )
    assert not Step.objects.exists()


@pytest.mark.parametrize("left", ["team emptied", "person left", "may not decide", "nobody by default"])
def test_plan_is_refused_when_its_people_resolve_to_nobody(world, api, left):
    make_team(world.workspace, "solo", world.bo)
    if left != "nobody by default":
        make_policy(world.workspace, gates=[gate_rule("team:solo")])
    match left:
        case "team emptied":
            world.bo.teams.clear()
        case "person left":
            world.bo.memberships.update(is_active=False)
        case "may not decide":
            world.bo.memberships.update(can_decide=False)
        case _:
            ApprovalSettings.objects.update(default_approvers=[])

    answer = ask(api, Row({}, None, []))

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "nobody_to_ask")
    assert not Intent.objects.exists()


def test_plan_is_refused_when_those_who_are_not_bound_up_with_the_request_are_too_few(world, api):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=3)])

    answer = ask(api, Row({"requested_by": "ana@acme.example"}, None, []))

    assert answer.json()["error"]["code"] == "nobody_to_ask"


def test_plan_is_shown_with_the_reasons_and_stays_when_policies_change(world, api):
    make_policy(world.workspace, "other", types=("intent.other.*",), position=1, **DENY)
    make_policy(world.workspace, "infra", position=2, **AFTER)
    made = ask(api, Row({}, None, [])).json()
    make_policy(world.workspace, "infra", position=2, **BOTH | {"gates": BEFORE["gates"]})

    shown = api.get(f"/v1/intents/{made['intent_id']}").json()["intent"]

    assert shown["plan"] == made["plan"]
    assert [(each["policy"], each["matched"]) for each in shown["plan_reasons"]] == [("other", False), ("infra", True)]


def ask(api, row):
    if row.steps:
        return api.post("/v1/scenarios/apply", bundle(*row.steps, **row.request))
    body = {"intent_type": "intent.infra.change.v1", "to_agent": row.target, "payload": {}, **row.request}
    return api.post("/v1/intents", body)


def words(plan):
    """Each step as its kind or, for a gate, its source without names and versions."""
    return ["agent" if step["kind"] == "agent" else re.sub(r":[^+]+", "", step["source"]) for step in plan]
