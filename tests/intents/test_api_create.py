"""Creating: what is taken, what is a warning, and what the answer says."""

from datetime import timedelta

import pytest

from approvals.models import ApprovalSettings
from intents import clock
from intents.models import Intent
from tests.acts import history
from tests.factories import gate_rule, make_policy

GOOD = {"intent_type": "intent.infra.change.v1", "to_agent": "infra-validator", "payload": {"a": 1}}


def create(api, **fields):
    return api.post("/v1/intents", GOOD | fields)


def test_create_answers_with_id_status_plan_warnings_and_deadline(world, api):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])

    answer = create(api, correlation_id="c1")

    body = answer.json()
    assert answer.status_code == 200
    assert (body["ok"], body["status"]) == (True, "SUBMITTED")
    assert isinstance(body["intent_id"], str)
    assert [step["step_id"] for step in body["plan"]] == ["work", "gate-2"]
    assert body["plan"][1]["requirement"] == [{"who": ["team:sre"], "need": 1}]
    assert body["created_at"].endswith("Z")
    assert body["deadline_at"].endswith("Z")
    assert body["pending_with"] == {"type": "agent", "ref": world.agent.address, "name": "infra-validator"}


def test_create_writes_its_first_events_before_it_answers(world, api):
    intent = Intent.objects.get(pk=create(api, to_agent="human").json()["intent_id"])

    assert history(intent) == ["created", "submitted", "human_task_assigned", "waiting"]


def test_create_ends_at_once_when_a_policy_lets_it_pass_and_there_is_no_work(world, api):
    make_policy(world.workspace, action="approve")

    body = create(api, to_agent="human").json()

    result = api.get(f"/v1/intents/{body['intent_id']}").json()["intent"]["result"]
    assert (body["status"], result["reason"], result["approved"]) == ("COMPLETED", "auto_approved", True)


def test_create_warns_of_fields_that_it_does_not_know(api):
    warnings = create(api, human_taks={}, priority=1).json()["warnings"]

    assert [name for name in ("human_taks", "priority") if any(name in warning for warning in warnings)] == [
        "human_taks",
        "priority",
    ]


def test_create_warns_of_unknown_fields_of_the_human_task(api):
    warnings = create(api, human_task={"titel": "Look"}).json()["warnings"]

    assert any("human_task.titel" in warning for warning in warnings)


def test_create_takes_amendable_without_a_warning(api):
    assert not any("amendable" in warning for warning in create(api, amendable=True).json()["warnings"])


def test_create_does_not_take_the_senders_word_for_who_it_is(world, api):
    body = create(api, from_agent="agent://acme/production/boss").json()

    shown = api.get(f"/v1/intents/{body['intent_id']}").json()["intent"]
    assert shown["from_agent"] == "key:sender"


@pytest.mark.parametrize(
    "fields",
    [
        {"intent_type": "Intent.Infra.v1"},
        {"intent_type": "intent.infra"},
        {"intent_type": 7},
        {"payload": None},
        {"payload": [1]},
        {"remind_after_seconds": 0},
        {"remind_after_seconds": True},
        {"max_reminders": -1},
        {"max_delivery_attempts": 101},
        {"remind_after_seconds": 367 * 24 * 3600},
        {"human_task": []},
        {"human_task": {"title": "x" * 256}},
        {"human_task": {"description": "x" * 2001}},
        {"human_task": {"allowed_outcomes": ["approved"] * 21}},
        {"human_task": {"assignees": []}},
        {"deadline_at": "tomorrow"},
        {"deadline_at": "2020-01-01T00:00:00Z"},
    ],
    ids=str,
)
def test_create_refuses_what_is_out_of_bounds(api, fields):
    answer = create(api, **fields)

    assert answer.status_code == 422
    assert not Intent.objects.exists()


def test_create_keeps_the_senders_deadline_within_30_days(api):
    soon, late = clock.now() + timedelta(hours=1), clock.now() + timedelta(days=90)

    asked = create(api, deadline_at=soon.isoformat()).json()
    capped = Intent.objects.get(pk=create(api, deadline_at=late.isoformat()).json()["intent_id"])

    assert asked["deadline_at"] == clock.iso(soon)
    assert (capped.deadline_at - capped.created_at).days == 30


def test_create_takes_the_deadline_for_utc_when_it_names_no_zone(api):
    noon = (clock.now() + timedelta(days=1)).replace(microsecond=0, tzinfo=None)

    assert create(api, deadline_at=noon.isoformat()).json()["deadline_at"] == f"{noon.isoformat()}.000Z"


def test_create_leaves_no_trace_when_it_is_refused(world, api):
    ApprovalSettings.objects.update(default_approvers=[])

    assert create(api).status_code == 422
    assert not Intent.objects.exists()


@pytest.mark.parametrize(
    ("title", "status"),
    [("x" * 255, 200), ("Größe \U0001f600 مرحبا", 200), ("a\r\nBcc: all@acme.example", 422), ("a\u2028b", 422)],
    ids=["long", "any script", "line break", "line separator"],
)
def test_create_takes_any_title_that_is_one_line(api, title, status):
    assert create(api, human_task={"title": title}).status_code == status
