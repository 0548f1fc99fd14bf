"""What an answer must bring along: comment, evidence, a form that fits, and the digest of what was shown."""

import pytest

from approvals.models import Decision
from approvals.services.answer import Answer, answer_of
from intents.errors import Invalid
from tests.acts import ending, gate_of, say
from tests.conftest import Api
from tests.factories import gate_rule, make_policy, open_gate

FORM = {
    "type": "object",
    "properties": {
        "limit": {"type": "integer", "minimum": 1},
        "window": {"type": "object", "properties": {"zone": {"enum": ["a", "b"]}}, "required": ["zone"]},
    },
    "required": ["limit", "window"],
    "additionalProperties": False,
}


def refusal(verdict):
    return verdict.recorded, verdict.status, verdict.code


@pytest.mark.parametrize("outcome", ["approved", "rejected"])
@pytest.mark.parametrize("who_asks", ["request", "policy"])
def test_comment_is_required_when_the_request_or_the_policy_says_so(world, who_asks, outcome):
    make_policy(world.workspace, gates=[gate_rule("team:sre", comment_required=who_asks == "policy")])
    gate = open_gate(world, human_task={"required_comment": who_asks == "request"})

    assert refusal(say(gate, world.ana, outcome, comment="   ")) == (False, 422, "comment_required")
    assert say(gate, world.ana, outcome, comment="because").recorded


def test_comment_has_a_limit(world):
    gate = open_gate(world)

    assert refusal(say(gate, world.ana, comment="x" * 2001)) == (False, 422, "comment_too_long")


def test_evidence_is_required_for_a_yes_and_not_for_a_refusal(world):
    wanting = {"task_type": "manual_action", "evidence_required": True}
    gate, other = open_gate(world, human_task=wanting), open_gate(world, human_task=wanting)

    assert refusal(say(gate, world.ana, "completed")) == (False, 422, "evidence_required")
    assert say(gate, world.ana, "completed", evidence=("https://wiki.example/done",)).recorded
    assert say(other, world.ana, "failed").recorded
    assert ending(gate.intent)["gates"][0]["decisions"][0]["evidence"] == ["https://wiki.example/done"]


@pytest.mark.parametrize(
    ("fields", "places"),
    [
        ({}, {"limit", "window"}),
        ({"limit": "0", "window": {"zone": "a"}}, {"limit"}),
        ({"limit": "3", "window": {"zone": "c"}}, {"window.zone"}),
        ({"limit": "3", "window": {"zone": "a"}, "extra": 1}, {"extra"}),
    ],
)
def test_form_that_does_not_fit_is_refused_with_the_path_of_each_field(world, fields, places):
    gate = open_gate(world, human_task={"task_type": "form", "form_schema": FORM})

    verdict = say(gate, world.ana, "submitted", fields=fields)

    assert refusal(verdict) == (False, 422, "form_invalid")
    assert set(verdict.details["fields"]) == places
    assert gate_of(gate.intent).is_open


def test_form_is_kept_in_its_own_types_and_not_asked_of_a_refusal(world):
    gate, other = (open_gate(world, human_task={"task_type": "form", "form_schema": FORM}) for _ in range(2))

    say(gate, world.ana, "submitted", fields={"limit": "3", "window": '{"zone": "a"}'})
    say(other, world.ana, "rejected")

    assert ending(gate.intent)["fields"] == {"limit": 3, "window": {"zone": "a"}}
    assert ending(other.intent)["outcome"] == "rejected"


def test_form_schema_beyond_the_limits_is_refused_at_submit(world, api):
    remote = {"type": "object", "properties": {"a": {"$ref": "https://elsewhere.example/schema"}}}
    body = {
        "intent_type": "intent.infra.x.v1",
        "to_agent": "human",
        "payload": {},
        "human_task": {"form_schema": remote},
    }

    answer = api.post("/v1/intents", body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_form_schema")


@pytest.mark.parametrize("outcome", ["", "Approved", "approve", "completed", "expired", "withdrawn"])
def test_outcome_that_is_not_offered_is_refused(world, outcome):
    gate = open_gate(world)

    verdict = say(gate, world.ana, outcome)

    assert refusal(verdict) == (False, 422, "bad_outcome")
    assert "approved, rejected" in verdict.message


def test_digest_that_is_stale_is_refused_and_the_true_one_is_taken(world):
    gate = open_gate(world)

    assert refusal(say(gate, world.ana, digest="sha256:" + "0" * 64)) == (False, 409, "digest_stale")
    assert say(gate, world.ana, digest=gate.digest).recorded


@pytest.mark.parametrize(
    "difference",
    [
        {"payload": {"target": "elsewhere"}},
        {"intent_type": "intent.infra.other.v1"},
        {"to_agent": "agent://acme/production/human", "human_task": {"title": "Other"}},
        {"human_task": {"description": "Other"}},
        {"human_task": {"allowed_outcomes": ["approved", "rejected", "later"]}},
        {"human_task": {"form_schema": {"type": "object", "properties": {"a": {"type": "string"}}}}},
    ],
    ids=["payload", "type", "title", "description", "outcomes", "form"],
)
def test_digest_covers_everything_that_is_shown(world, difference):
    assert open_gate(world).digest == open_gate(world).digest
    assert open_gate(world).digest != open_gate(world, **difference).digest


def test_refused_answer_leaves_no_decision_and_no_event(world):
    gate = open_gate(world, human_task={"required_comment": True})
    before = gate.intent.last_seq

    say(gate, world.ana)

    assert not Decision.objects.exists()
    assert gate_of(gate.intent).intent.last_seq == before


@pytest.mark.parametrize(
    "task_result", [None, [], "approved", {}, {"outcome": 1}, {"outcome": "approved", "data": [1]}]
)
def test_task_result_that_cannot_be_read_is_refused(world, task_result):
    with pytest.raises(Invalid):
        answer_of(open_gate(world), task_result)


def test_task_result_may_carry_fields_at_its_top_level_and_under_data(world):
    read = answer_of(
        open_gate(world),
        {
            "outcome": "approved",
            "comment": "c",
            "limit": "3",
            "evidence": "link",
            "data": {"zone": "a", "evidence": ["other"]},
        },
    )

    assert read == Answer("approved", "c", {"limit": "3", "zone": "a"}, ("link",))


@pytest.mark.parametrize("evidence", [["x"] * 11, ["x" * 2001]])
def test_evidence_has_limits(world, evidence):
    with pytest.raises(Invalid):
        answer_of(open_gate(world), {"outcome": "approved", "evidence": evidence})


def test_field_errors_reach_the_wire_with_their_paths(world):
    gate = open_gate(world, human_task={"task_type": "form", "form_schema": FORM})

    answer = Api(token=world.tokens["ana"]).post(
        f"/v1/intents/{gate.intent_id}/resume", {"task_result": {"outcome": "submitted", "limit": "none"}}
    )

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (422, "form_invalid")
    assert set(error["details"]["fields"]) == {"limit", "window"}
