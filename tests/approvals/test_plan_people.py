"""Whom a request names: it selects among those who may decide anyway, and never adds one."""

import pytest

from approvals.models import ApprovalSettings, Gate
from approvals.selectors import pending_people
from intents.models import Intent
from tests.acts import bundle, gate_of, signoff
from tests.factories import gate_rule, make_key, make_person, make_policy, make_team, make_workspace

TYPE = "intent.infra.change.v1"


def create(api, **fields):
    return api.post("/v1/intents", {"intent_type": TYPE, "to_agent": "human", "payload": {}, **fields})


def gate(answer) -> Gate:
    return gate_of(Intent.objects.get(pk=answer.json()["intent_id"]))


@pytest.mark.parametrize(
    "fields",
    [
        {"human_task": {"assignees": ["dee@acme.example"]}},
        {"human_task": {"assignees": ["bo@acme.example", "dee@acme.example"]}},
        {"human_task": {"assignees": ["stranger@elsewhere.example"]}},
        {"human_task": {"assignees": ["team:directors"]}},
        {"human_task": {}, "escalate_to": "dee@acme.example"},
        {"human_task": {}, "escalate_to": "stranger@elsewhere.example"},
    ],
    ids=["member", "one of two", "stranger", "team", "escalate to a member", "escalate to a stranger"],
)
def test_names_outside_the_requirement_are_refused(world, api, fields):
    make_team(world.workspace, "directors", make_person(world.workspace, "dee@acme.example"))
    make_policy(world.workspace, gates=[gate_rule("team:sre")])

    answer = create(api, **fields)

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "not_an_approver")
    assert not Intent.objects.exists()


@pytest.mark.parametrize("name", ["cy@acme.example", "person:cy@acme.example", "CY@acme.example"])
def test_assignees_inside_the_requirement_are_told_first(world, api, name):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])

    opened = gate(create(api, human_task={"assignees": [name]}))

    assert [person.name for person in pending_people(opened)] == ["Cy Okafor", "Ana Ruiz", "Bo Lind"]
    assert opened.terms.body["requirement"] == [{"who": ["team:sre"], "need": 1}]


def test_escalate_to_inside_the_requirement_is_kept_by_its_full_name(world, api):
    opened = gate(create(api, human_task={}, escalate_to="cy@acme.example", remind_after_seconds=60))

    assert opened.terms.body["escalate_to"] == ["person:cy@acme.example"]


def test_humans_role_that_is_a_team_asks_that_team(world, api):
    make_team(world.workspace, "security", make_person(world.workspace, "sam@acme.example"))
    scenario = bundle(signoff(assigned_to="security")) | {"humans": [{"role": "security"}]}
    ApprovalSettings.objects.update(unmatched="approve")

    answer = api.post("/v1/scenarios/apply", scenario)

    assert [person.email for person in pending_people(gate(answer))] == ["sam@acme.example"]
    assert not any("default approvers" in warning for warning in answer.json()["warnings"])


def test_humans_role_that_is_no_team_asks_the_default_approvers_and_says_so(world, api):
    scenario = bundle(signoff(assigned_to="sre_oncall")) | {"humans": [{"role": "sre_oncall"}]}

    answer = api.post("/v1/scenarios/apply", scenario)

    assert gate(answer).terms.body["requirement"] == [{"who": ["team:sre"], "need": 1}]
    assert any("sre_oncall" in warning and "default approvers" in warning for warning in answer.json()["warnings"])


def test_humans_contact_selects_and_does_not_add(world, api):
    make_person(world.workspace, "dee@acme.example")
    inside, outside = (
        bundle(signoff(assigned_to="boss")) | {"humans": [{"role": "boss", "contact": f"{name}@acme.example"}]}
        for name in ("bo", "dee")
    )

    assert pending_people(gate(api.post("/v1/scenarios/apply", inside)))[0].name == "Bo Lind"
    assert api.post("/v1/scenarios/apply", outside).json()["error"]["code"] == "not_an_approver"


def test_notify_email_of_a_stranger_is_a_warning_and_opens_the_gate(world, api):
    answer = create(api, human_task={"notify_email": "stranger@elsewhere.example"})

    assert any("stranger@elsewhere.example" in warning for warning in answer.json()["warnings"])
    assert len(pending_people(gate(answer))) == 3


def test_notify_email_of_a_member_is_no_warning(world, api):
    owned = make_key(world.workspace, "owned", ("send",), owners=[world.cy.ref])
    api.headers["HTTP_X_API_KEY"] = owned[1]

    assert create(api, human_task={"notify_email": "ana@acme.example"}).json()["warnings"] == []


def test_notification_to_a_stranger_is_a_warning_and_nobody_else_hears(world, api):
    step = {
        "step_id": "tell",
        "tool_id": "tool.internal.notification",
        "config": {"to": ["stranger@elsewhere.example", "bo@acme.example"], "subject": "s", "body": "b"},
    }

    answer = api.post("/v1/scenarios/apply", bundle(step))

    assert any("stranger@elsewhere.example" in warning for warning in answer.json()["warnings"])
    row = Intent.objects.get(pk=answer.json()["intent_id"]).steps.get(name="tell")
    assert row.spec["to"] == ["person:bo@acme.example"]


def test_key_without_an_owner_warns_that_nobody_stands_behind_it(world, api):
    assert any("No person" in warning for warning in create(api).json()["warnings"])


def test_requested_by_a_member_excludes_them(world, api):
    answer = create(api, requested_by="Ana@acme.example")

    assert gate(answer).intent.requester == world.ana.ref
    assert [person.name for person in pending_people(gate(answer))] == ["Bo Lind", "Cy Okafor"]


@pytest.mark.parametrize("name", ["stranger@elsewhere.example", "ana", "team:sre"])
def test_requested_by_anybody_else_is_refused(world, api, name):
    answer = create(api, requested_by=name)

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "unknown_requester")


def test_requested_by_a_member_of_another_workspace_is_refused(world, api):
    make_person(make_workspace("other", "production"), "zoe@other.example")

    assert create(api, requested_by="zoe@other.example").json()["error"]["code"] == "unknown_requester"


def test_gate_that_only_the_request_asked_for_is_marked(world, api):
    ApprovalSettings.objects.update(unmatched="approve")
    own = create(api, human_task={"title": "Look"})
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    merged = create(api, human_task={"title": "Look"})

    assert [answer.json()["plan"][0]["asked_by_request"] for answer in (own, merged)] == [True, False]


def test_gate_of_a_policy_ignores_names_of_another_workspace(world, api):
    other = make_workspace("other", "production")
    make_team(other, "sre", make_person(other, "zoe@other.example"))

    opened = gate(create(api, human_task={}))

    assert "zoe@other.example" not in [person.email for person in pending_people(opened)]
