"""Editing: only what the policy names, never what does not fit, and nobody agrees alone to what they have written."""

from __future__ import annotations

from typing import Any

import pytest

from approvals.models import Decision, Gate
from approvals.services.edit import edit
from approvals.services.policies import save_policy
from approvals.services.verdict import Verdict
from intents.models import FormerPayload
from intents.services.verify import first_misfit
from notifications.announce import announce_due
from notifications.models import Delivery
from tests.acts import details, ending, finish_work, fresh, gate_of, say, take_work
from tests.approvals.browsing import signed_in, text_of
from tests.conftest import Api
from tests.factories import gate_rule, make_key, make_policy, make_team, open_gate, send

PAYLOAD = {"target": "prod", "count": 5, "db": {"size": 1}}
FIELDS = {"editable": ["payload.count", "payload.db.size"], "fillable": ["payload.ticket"]}


@pytest.fixture
def gate(world) -> Gate:
    make_policy(world.workspace, gates=[gate_rule("team:sre", **FIELDS)])
    return open_gate(world, payload=PAYLOAD, requested_by="cy@acme.example")


def put(gate: Gate, person: Any, changes: dict[str, Any], **fields: Any) -> Verdict:
    digest = fields.pop("digest", gate_of(gate.intent).digest)
    return edit(gate.pk, person, changes, fields.pop("reason", "fewer will do"), digest=digest, via="web")


def test_whoever_edits_becomes_an_author_and_somebody_else_has_to_agree(world, gate):
    verdict = put(gate, world.ana, {"payload.count": 3})

    assert verdict.recorded
    assert verdict.details["patch"] == [{"op": "replace", "path": "/count", "value": 3}]
    digest = gate_of(gate.intent).digest
    assert say(gate, world.ana, digest=digest).code == "four_eyes"
    assert say(gate, world.bo, digest=digest).recorded
    said = ending(gate.intent)
    assert (said["approved"], said["payload"]["count"]) == (True, 3)
    assert said["edited"] == [{"op": "replace", "path": "/count", "value": 3}]
    assert said["gates"][0]["digest"] == digest
    assert first_misfit(fresh(gate.intent)) is None


def test_edit_makes_earlier_votes_void_and_tells_everybody(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2, **FIELDS)])
    gate = open_gate(world, payload=PAYLOAD)
    say(gate, world.bo)
    announce_due()

    put(gate, world.ana, {"payload.ticket": "OPS-1"})
    announce_due()

    assert [vote.void_why for vote in Decision.objects.all()] == ["edited"]
    said = details(gate.intent, "payload_edited")
    assert (said["by"], said["why"], said["votes_void"]) == ("ana@acme.example", "fewer will do", ["bo@acme.example"])
    told = Delivery.objects.filter(purpose="request", event__event_type="intent.payload_edited")
    assert {row.address for row in told} >= {"bo@acme.example", "cy@acme.example"}


def test_whoever_only_fills_in_may_still_agree(world, gate):
    put(gate, world.ana, {"payload.ticket": "OPS-1"})

    assert say(gate, world.ana, digest=gate_of(gate.intent).digest).recorded
    assert ending(gate.intent)["edited"] == [{"op": "add", "path": "/ticket", "value": "OPS-1"}]


@pytest.mark.parametrize("given", ["OPS-1", 0, False, {"id": 1}])
def test_what_the_request_gave_is_not_filled_in_over(world, gate, given):
    """That would be a change, and whoever makes one does not agree to it themselves."""
    gate = open_gate(world, payload=PAYLOAD | {"ticket": given})

    verdict = put(gate, world.ana, {"payload.ticket": "OPS-2"})

    assert (verdict.status, verdict.code) == (422, "not_editable")
    assert "payload.ticket may only be filled in where it is empty" in verdict.message
    assert gate_of(gate.intent).digest == gate.digest
    assert "you may fill this in" not in text_of(signed_in(world.ana).get(f"/gates/{gate.pk}"))


@pytest.mark.parametrize("empty", [None, "", [], {}])
def test_what_the_request_left_empty_is_filled_in_once(world, gate, empty):
    gate = open_gate(world, payload=PAYLOAD | {"ticket": empty})

    assert put(gate, world.ana, {"payload.ticket": "OPS-1"}).recorded
    assert put(gate, world.bo, {"payload.ticket": "OPS-2"}).code == "not_editable"


def test_field_inside_another_is_edited(world, gate):
    put(gate, world.ana, {"payload.db.size": 2})

    assert details(gate.intent, "payload_edited")["patch"] == [{"op": "replace", "path": "/db/size", "value": 2}]


def test_agent_gets_the_edited_payload(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before", **FIELDS)])
    intent = send(world, payload=PAYLOAD)
    gate = gate_of(intent)
    put(gate, world.ana, {"payload.count": 3})

    say(gate, world.bo, digest=gate_of(intent).digest)

    assert take_work(world)["payload"]["count"] == 3


def test_gates_before_it_that_agreed_are_asked_again(world):
    make_team(world.workspace, "leads", world.cy)
    first, second = gate_rule("team:sre", place="before"), gate_rule("team:leads", place="after", **FIELDS)
    make_policy(world.workspace, gates=[first, second])
    intent = send(world, payload=PAYLOAD)
    say(gate_of(intent), world.ana)
    finish_work(world, intent)

    put(gate_of(intent), world.cy, {"payload.ticket": "OPS-1"})

    assert gate_of(intent).source.startswith("policy:")
    assert [step.status for step in intent.steps.order_by("position")] == [
        "superseded",
        "done",
        "superseded",
        "current",
        "pending",
    ]


def test_edit_that_brings_in_another_policy_adds_its_gate(world):
    make_team(world.workspace, "directors", world.cy)
    large = {"types": ["intent.infra.*"], "when": "payload.count > 100"}
    body = {"gates": [gate_rule("team:directors", place="before")], "action": "require", "match": large}
    save_policy(world.workspace, "large", body | {"continue": True}, position=1, author=None)
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before", **FIELDS)])
    intent = send(world, payload=PAYLOAD)
    assert intent.steps.count() == 2

    put(gate_of(intent), world.ana, {"payload.count": 1000})

    assert [step.source for step in intent.steps.order_by("position")] == [
        "policy:infra-changes@1",
        "policy:large@1",
        "request",
    ]


REFUSED = {
    "another field": (422, "not_editable", {"payload.target": "stage"}, {}),
    "no field": (422, "not_editable", {}, {}),
    "no reason": (422, "text_required", {"payload.count": 1}, {"reason": " "}),
    "another digest": (409, "digest_stale", {"payload.count": 1}, {"digest": "sha256:0"}),
    "no digest": (409, "digest_stale", {"payload.count": 1}, {"digest": ""}),
    "the same value": (409, "payload_unchanged", {"payload.count": 5}, {}),
}


@pytest.mark.parametrize(("status", "code", "changes", "fields"), REFUSED.values(), ids=REFUSED)
def test_edit_is_refused_and_the_gate_stays_open(world, gate, status, code, changes, fields):
    verdict = put(gate, world.ana, changes, **fields)

    assert (verdict.status, verdict.code) == (status, code)
    assert not FormerPayload.objects.exists()
    assert gate_of(gate.intent).digest == gate.digest


def test_edited_payload_that_fails_its_schema_is_refused_and_the_gate_stays_open(world, gate):
    provision = Api(make_key(world.workspace, "admin", ("provision",))[1])
    schema = {"type": "object", "properties": {"count": {"type": "integer", "maximum": 10}}}
    made = {"semantic_type": "intent.infra.change.v1", "schema_json": schema, "compatibility_mode": "strict"}
    assert provision.post("/v1/schemas", made).status_code == 200

    verdict = put(gate, world.ana, {"payload.count": 50})

    assert (verdict.status, verdict.code) == (422, "schema_invalid")
    assert gate_of(gate.intent).digest == gate.digest
    assert say(gate, world.ana).recorded


def test_edit_is_for_those_who_decide(world, gate):
    assert put(gate, world.cy, {"payload.count": 1}).code == "four_eyes"  # the requester
    other = open_gate(world, payload=PAYLOAD)
    say(other, world.ana)
    assert edit(other.pk, world.bo, {"payload.count": 1}, "late", digest=other.digest, via="web").code == "gate_closed"


def test_edit_that_would_leave_nobody_to_agree_is_refused(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=3, **FIELDS)])
    gate = open_gate(world, payload=PAYLOAD)

    verdict = put(gate, world.ana, {"payload.count": 1})

    assert (verdict.status, verdict.code) == (422, "nobody_to_ask")
    assert world.ana.ref not in fresh(gate.intent).excluded


def test_vote_that_was_on_its_way_meets_another_digest(world, gate):
    put(gate, world.ana, {"payload.count": 3})

    assert say(gate, world.bo, digest=gate.digest).code == "digest_stale"
    assert say(gate, world.bo).code == "digest_required"


def test_edit_over_the_wire(world, gate):
    body = {"changes": {"payload.ticket": "OPS-1"}, "reason": "the ticket", "digest": gate.digest}

    said = Api(token=world.tokens["ana"]).post(f"/v1/gates/{gate.pk}/edit", body).json()

    assert (said["applied"], said["gate_id"]) == (True, str(gate.pk))
    assert said["patch"] == [{"op": "add", "path": "/ticket", "value": "OPS-1"}]
    assert Api(world.sender_secret).post(f"/v1/gates/{gate.pk}/edit", body).status_code == 403
    assert Api(token=world.tokens["ana"]).post(f"/v1/gates/{gate.pk}/edit", body).status_code == 409


def test_edit_on_the_page(world, gate):
    browser = signed_in(world.ana)
    page = text_of(browser.get(f"/gates/{gate.pk}"))
    assert "Edit the request" in page
    assert "you may fill this in and still agree" in page
    typed = {"field-0": "7", "field-1": "1", "field-2": "", "digest": gate.digest}

    unwritten = browser.post(f"/gates/{gate.pk}/edit", typed | {"reason": ""})
    done = browser.post(f"/gates/{gate.pk}/edit", typed | {"reason": "seven"})

    assert unwritten.status_code == 422
    assert 'value="7"' in text_of(unwritten)
    assert done.status_code == 303
    assert details(gate.intent, "payload_edited")["patch"] == [{"op": "replace", "path": "/count", "value": 7}]
    assert "Edited by ana@acme.example" in text_of(signed_in(world.bo).get(f"/gates/{gate.pk}"))
    assert "Edit the request" not in text_of(signed_in(world.cy).get(f"/gates/{gate.pk}"))
