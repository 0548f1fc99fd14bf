"""Receipts: who gets one, when, what it says, and who may read it."""

from __future__ import annotations

import jwt
import pytest

from approvals.models import ApprovalSettings, Unmatched
from intents.digest import digest_of
from intents.models import EventText, Intent, IntentTexts, Receipt
from tests.acts import (
    agent_task,
    bundle,
    details,
    ending,
    everybody_told,
    fast_forward,
    finish_work,
    fresh,
    frozen_clock,
    gate_of,
    say,
    signoff,
    take_work,
)
from tests.conftest import Api
from tests.factories import gate_rule, make_agent, make_key, make_policy, open_gate, send
from tests.receipts import REDEEM, approved, at_work, offline, published, token_of


def claims_of(intent) -> dict:
    return jwt.decode(token_of(intent), options={"verify_signature": False})


def test_receipt_says_what_was_approved_by_whom_and_how(world):
    gate = open_gate(world, payload={"target": "prod"})
    say(gate, world.ana, comment="fine")
    intent = fresh(gate.intent)

    claims = offline(token_of(intent), published())

    said = {key: claims[key] for key in ("iss", "workspace", "intent_id", "intent_type", "outcome", "reason")}
    assert said == {
        "iss": "http://127.0.0.1:8000",
        "workspace": "acme/production",
        "intent_id": str(intent.pk),
        "intent_type": "intent.infra.change.v1",
        "outcome": "approved",
        "reason": "decided",
    }
    assert claims["to_agent"] == "agent://acme/production/human"
    assert claims["payload_digest"] == digest_of({"target": "prod"})
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["jti"] == str(intent.receipts.get().pk)
    decision = gate.decisions.get()
    decider = claims["gates"][0].pop("deciders")[0]
    assert claims["gates"][0]["digest"] == gate.digest
    assert decider | {"at": ""} == {
        "by": "ana@acme.example",
        "outcome": "approved",
        "via": decision.via,
        "strength": decision.strength,
        "at": "",
    }


def test_sender_gets_the_receipt_with_the_answer_when_people_said_yes(world, api):
    intent = approved(world)

    event = api.get(f"/v1/intents/{intent.pk}/events").json()["events"][-1]
    shown = api.get(f"/v1/intents/{intent.pk}").json()["intent"]

    assert event["details"]["receipt"] == token_of(intent)
    assert shown["result"]["receipt"] == shown["receipt"]["token"] == token_of(intent)
    assert shown["receipt"]["receipt_id"] == shown["result"]["receipt_id"] == event["details"]["receipt_id"]
    assert (shown["receipt"]["redeemed_at"], shown["receipt"]["redeemed_by"]) == (None, None)


def test_agent_gets_the_receipt_with_the_work_when_the_gates_before_it_closed_yes(world):
    intent, frame = at_work(world)
    shown = Api(world.work_secret).get(f"/v1/intents/{frame['intent_id']}").json()["intent"]

    claims = offline(frame["receipt"], published(), "agent://acme/production/infra-validator")

    assert (claims["intent_id"], claims["step_id"]) == (str(intent.pk), "work")
    assert shown["receipt"]["token"] == frame["receipt"]
    assert shown["receipt"]["executor"] == "agent://acme/production/infra-validator"
    assert details(intent, "delivered")["receipt_id"] == claims["jti"]


def test_one_yes_is_one_receipt_when_the_work_ends_after_the_gate(world, api):
    intent, frame = at_work(world)
    finish_work(world, intent, done=True)

    assert Receipt.objects.filter(intent=intent).count() == 1
    assert ending(intent)["receipt_id"] == str(intent.receipts.get().pk)
    assert api.get(f"/v1/intents/{intent.pk}").json()["intent"]["result"]["receipt"] == frame["receipt"]


def test_work_before_the_gate_carries_no_receipt_and_the_end_does(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    intent = send(world)
    frame = take_work(world)
    finish_work(world, intent, done=True)
    say(gate_of(intent), world.ana)

    assert frame["receipt"] is None
    receipt = Receipt.objects.get(intent=intent)
    assert (receipt.executor, ending(intent)["receipt_id"]) == ("", str(receipt.pk))


def test_each_turn_from_yes_to_action_has_its_own_receipt_when_gates_stand_on_both_sides(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before"), gate_rule("team:sre")])
    intent, frame = at_work(world)
    finish_work(world, intent, done=True)
    say(gate_of(intent), world.bo)

    work, end = Receipt.objects.filter(intent=intent)
    assert work.token == frame["receipt"]
    assert [len(jwt.decode(row.token, options={"verify_signature": False})["gates"]) for row in (work, end)] == [1, 2]
    assert ending(intent)["receipt_id"] == str(end.pk)


def test_each_agent_after_the_gate_gets_a_receipt_of_its_own(world, api):
    make_agent(world.workspace, "second")
    answer = api.post("/v1/scenarios/apply", bundle(signoff(), agent_task("a"), agent_task("b"))).json()
    intent = Intent.objects.get(pk=answer["intent_id"])
    say(gate_of(intent), world.ana)

    first = take_work(world)["receipt"]
    finish_work(world, intent, n=1)
    second = take_work(world)["receipt"]

    assert first != second
    assert [row.step.name for row in Receipt.objects.filter(intent=intent)] == ["a", "b"]


def test_redelivered_work_carries_the_same_receipt_and_a_new_one_only_after_it_ran_out_unused(world, settings):
    settings.RECEIPT_SECONDS = 900
    with frozen_clock() as traveller:
        intent, frame = at_work(world, max_delivery_attempts=3)
        fast_forward(traveller, 601)
        again = take_work(world)
        fast_forward(traveller, 601)
        last = take_work(world)

    assert [each["delivery_attempt"] for each in (frame, again, last)] == [1, 2, 3]
    assert again["receipt"] == frame["receipt"]
    assert last["receipt"] not in (None, frame["receipt"])
    assert Receipt.objects.filter(intent=intent).count() == 2


def test_redelivered_work_carries_no_fresh_receipt_when_the_first_was_used(world, settings):
    settings.RECEIPT_SECONDS = 300
    with frozen_clock() as traveller:
        _, frame = at_work(world, max_delivery_attempts=3)
        assert Api(world.work_secret).post(REDEEM, {"receipt": frame["receipt"]}).status_code == 200
        fast_forward(traveller, 601)

        again = take_work(world)

    assert again["receipt"] == frame["receipt"]


def test_receipt_rests_on_the_policy_when_it_let_the_intent_pass(world):
    make_policy(world.workspace, "chores", action="approve")
    intent = send(world, to_agent="human")

    claims = claims_of(intent)

    assert (claims["reason"], claims["gates"], claims["policies"]) == ("auto_approved", [], ["chores@1"])


def test_receipt_rests_on_the_policy_when_the_work_was_let_pass(world):
    make_policy(world.workspace, "chores", action="approve")
    intent = send(world)

    frame = take_work(world)

    assert frame["receipt"] == token_of(intent)
    assert claims_of(intent)["reason"] == "auto_approved"


def test_no_receipt_when_nobody_and_no_policy_said_yes(world):
    ApprovalSettings.objects.update(unmatched=Unmatched.APPROVE)
    intent = send(world)
    frame = take_work(world)
    finish_work(world, intent, done=True)

    assert frame["receipt"] is None
    assert (ending(intent)["approved"], ending(intent)["reason"], ending(intent)["receipt_id"]) == (
        True,
        "no_gate",
        None,
    )
    assert not Receipt.objects.exists()


def test_receipt_names_silence_when_the_policy_takes_it_for_a_yes(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", on_timeout="approve")])
    with frozen_clock() as traveller:
        gate = open_gate(world)
        everybody_told(gate)
        fast_forward(traveller, 3600)

    claims = claims_of(gate.intent)
    assert claims["reason"] == claims["gates"][0]["reason"] == "timeout"
    assert claims["gates"][0]["deciders"] == []


def test_receipt_names_silence_when_only_one_of_two_gates_was_decided(world):
    rules = [gate_rule("team:sre", on_timeout="approve", place="before"), gate_rule("team:sre")]
    make_policy(world.workspace, gates=rules)
    with frozen_clock() as traveller:
        intent = send(world)
        everybody_told(gate_of(intent))
        fast_forward(traveller, 3600)
        take_work(world)
        finish_work(world, intent, done=True)
        say(gate_of(intent), world.ana)

    assert ending(intent)["reason"] == "decided"
    assert claims_of(intent)["reason"] == "timeout"


@pytest.mark.parametrize("outcome", ["rejected", "expired", "withdrawn"])
def test_no_receipt_when_the_answer_is_not_yes(world, outcome):
    with frozen_clock() as traveller:
        gate = open_gate(world)
        if outcome == "rejected":
            say(gate, world.ana, "rejected", comment="no")
        elif outcome == "withdrawn":
            Api(world.sender_secret).post(f"/v1/intents/{gate.intent_id}/resolve", {"status": "CANCELED"})
        else:
            fast_forward(traveller, 86400)

    assert (ending(gate.intent)["receipt"], ending(gate.intent)["receipt_id"]) == (None, None)
    assert not Receipt.objects.exists()


def test_votes_that_were_taken_back_are_no_deciders(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    gate = open_gate(world)
    say(gate, world.ana)
    Api(token=world.tokens["ana"]).client.delete(
        f"/v1/approvals/{gate.pk}/decision", HTTP_AUTHORIZATION=f"Bearer {world.tokens['ana']}"
    )
    say(gate, world.bo)
    say(gate, world.cy)

    assert [row["by"] for row in claims_of(gate.intent)["gates"][0]["deciders"]] == [
        "bo@acme.example",
        "cy@acme.example",
    ]


def test_nothing_that_an_agent_returns_or_a_payload_says_becomes_a_receipt(world, api):
    forged = {"receipt": "mine", "receipt_id": "mine", "details": {"receipt": "mine"}, "approved": True}
    intent, _ = at_work(world, payload=forged)
    finish_work(world, intent, **forged)

    answer = api.get(f"/v1/intents/{intent.pk}").json()["intent"]["result"]

    assert (answer["receipt"], answer["receipt_id"]) == (token_of(intent), str(intent.receipts.get().pk))
    assert answer["result"] == forged
    assert "mine" not in str(claims_of(intent))


def test_token_is_stored_beside_the_history_and_never_in_it(world):
    intent = approved(world)

    assert not EventText.objects.filter(body__contains=token_of(intent)).exists()
    assert not IntentTexts.objects.filter(result__contains=token_of(intent)).exists()


def test_person_sees_that_there_is_a_receipt_and_not_the_receipt(world):
    intent = approved(world)
    bo = Api(token=world.tokens["bo"])

    shown = bo.get(f"/v1/intents/{intent.pk}")
    events = bo.get(f"/v1/intents/{intent.pk}/events")

    assert shown.json()["intent"]["receipt"]["receipt_id"] == str(intent.receipts.get().pk)
    assert shown.json()["intent"]["receipt"]["token"] is None
    assert token_of(intent) not in shown.content.decode() + events.content.decode()


def test_agent_that_worked_before_the_gate_does_not_get_the_receipt_of_the_end(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    intent = send(world)
    take_work(world)
    finish_work(world, intent, done=True)
    say(gate_of(intent), world.ana)
    worker = Api(world.work_secret)

    shown = worker.get(f"/v1/intents/{intent.pk}")
    events = worker.get(f"/v1/intents/{intent.pk}/events")

    assert shown.json()["intent"]["receipt"] is None
    assert token_of(intent) not in shown.content.decode() + events.content.decode()


def test_agent_sees_its_own_receipt_and_not_that_of_the_next_one(world, api):
    second = make_agent(world.workspace, "second")
    secret = make_key(world.workspace, "second", ("work",), agent=second)[1]
    scenario = bundle(signoff(), agent_task("a"), agent_task("b", assigned_to="other"))
    scenario["agents"].append({"role": "other", "address": "second"})
    intent = Intent.objects.get(pk=api.post("/v1/scenarios/apply", scenario).json()["intent_id"])
    say(gate_of(intent), world.ana)
    first = take_work(world)["receipt"]
    finish_work(world, intent, n=1)
    take_work(type(world)(agent=second))
    next_one = token_of(intent)

    mine = Api(world.work_secret).get(f"/v1/intents/{intent.pk}").json()["intent"]["receipt"]["token"]
    other = Api(secret).get(f"/v1/intents/{intent.pk}").json()["intent"]["receipt"]["token"]

    assert (mine, other) == (first, next_one)
    assert first != next_one


def test_list_names_what_was_approved_and_never_used(world, api):
    used, unused, open_one = approved(world), approved(world), open_gate(world).intent
    api.post(REDEEM, {"receipt": token_of(used)})

    lists = {use: api.get(f"/v1/intents?receipt={use}").json()["intents"] for use in ("unused", "used")}

    assert [row["intent_id"] for row in lists["unused"]] == [str(unused.pk)]
    assert [row["intent_id"] for row in lists["used"]] == [str(used.pk)]
    assert str(open_one.pk) not in str(lists)


def test_list_refuses_another_word_for_the_use(api):
    refused = api.get("/v1/intents?receipt=maybe")

    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid_parameter")
