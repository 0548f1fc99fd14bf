"""Cases of people who may not decide, of machines, and of agents that say more than they know; each by its name."""

from __future__ import annotations

import pytest

from approvals.models import ApprovalSettings, Decision, Gate, Seat
from intents.models import Intent
from tests.acts import ending, finish_work, fresh, gate_of, history, say
from tests.conftest import Api
from tests.factories import gate_rule, make_key, make_policy, make_team, send

YES = {"decision": "approve"}


@pytest.mark.parametrize("tie", ["requester", "owner of the key", "author in the payload"])
def test_requester_key_owner_and_author_cannot_satisfy_four_eyes(world, tie):
    make_policy(world.workspace, gates=[gate_rule("team:sre")], author_fields=["author"])
    owners = [world.ana.ref] if tie == "owner of the key" else []
    _, secret = make_key(world.workspace, "tied", ("send",), owners=owners)
    body = {"intent_type": "intent.infra.x.v1", "to_agent": "human", "payload": {}}
    if tie == "requester":
        body["requested_by"] = "ana@acme.example"
    elif tie == "author in the payload":
        body["payload"] = {"author": "ana@acme.example"}
    intent = Intent.objects.get(pk=Api(secret).post("/v1/intents", body).json()["intent_id"])

    own = Api(secret, world.tokens["ana"]).post(f"/v1/approvals/{gate_of(intent).pk}/decision", YES)

    assert (own.status_code, own.json()["error"]["code"]) == (403, "four_eyes")
    assert "decision_refused" in history(intent)
    assert say(gate_of(intent), world.bo).recorded


@pytest.mark.parametrize("scopes", [("send",), ("work",), ("provision",), ("send", "work", "provision")], ids="+".join)
def test_api_key_cannot_record_a_decision_on_any_path_whatever_its_scope(world, scopes):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    intent = send(world)
    _, secret = make_key(world.workspace, "machine", scopes, agent=world.agent)
    bodies = [YES, {"task_result": {"outcome": "approved"}}, {"approve_current_step": True}, {"status": "COMPLETED"}]

    def try_everything() -> None:
        gates = list(Gate.objects.filter(intent=intent))
        paths = [f"/v1/intents/{intent.pk}/{verb}" for verb in ("resume", "resolve")]
        paths += [f"/v1/approvals/{gate.pk}/decision" for gate in gates]
        for caller in (Api(secret), Api(token=secret), Api(secret, secret)):
            for path in paths:
                for body in bodies:
                    caller.post(path, body)
            for gate in gates:
                caller.client.delete(f"/v1/approvals/{gate.pk}/decision", **caller.headers)

    try_everything()
    finish_work(world, intent)
    try_everything()
    assert (Decision.objects.count(), fresh(intent).status) == (0, "WAITING")
    say(gate_of(intent), world.ana, "rejected")
    try_everything()

    assert (Decision.objects.count(), ending(intent)["outcome"]) == (1, "rejected")


@pytest.mark.parametrize("empty", ["the team", "the default approvers"])
def test_empty_list_of_people_means_nobody_never_everybody(world, api, empty):
    if empty == "the team":
        for person in world.people.values():
            person.teams.clear()
    else:
        ApprovalSettings.objects.update(default_approvers=[])

    answer = api.post("/v1/intents", {"intent_type": "intent.infra.x.v1", "to_agent": "human", "payload": {}})

    assert answer.json()["error"]["code"] == "nobody_to_ask"


def test_team_that_is_emptied_before_its_gate_opens_lets_nobody_decide(world):
    make_team(world.workspace, "solo", world.cy)
    make_policy(world.workspace, gates=[gate_rule("team:solo")])
    intent = send(world)
    world.cy.teams.clear()
    finish_work(world, intent)

    gate = gate_of(intent)

    assert not Seat.objects.filter(gate=gate).exists()
    assert {say(gate, person).code for person in world.people.values()} == {"not_eligible"}


def test_agent_that_returns_outcome_decided_by_or_approved_changes_nothing_outside_result(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    words = {"outcome": "approved", "decided_by": ["cy@acme.example"], "approved": True, "reason": "decided"}
    intent, twin = send(world), send(world)
    finish_work(world, intent, **words)
    finish_work(world, twin)

    for each in (intent, twin):
        say(gate_of(each), world.bo, "rejected")

    said, plain = ending(intent), ending(twin)
    assert (said["result"], plain["result"]) == (words, {})
    same = set(said) - {"result", "summary", "decided_at", "digest", "gates", "url"}
    assert {key: said[key] for key in same} == {key: plain[key] for key in same}
