"""Held for changes: who sent `amendable` with it is waited for, until the gate's deadline."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from approvals.models import Gate
from approvals.selectors import pending_people
from approvals.services.offboarding import off_board
from approvals.services.take_back import take_back
from intents.clock import iso
from intents.sweeps import wake_due
from notifications.announce import announce_due
from notifications.models import Delivery
from tests.acts import details, ending, fast_forward, fresh, frozen_clock, gate_of, history, say, take_work
from tests.approvals.test_amend import SMALLER, change
from tests.conftest import Api
from tests.factories import gate_rule, make_policy, open_gate, send

REVIEW = {"task_type": "review"}
REMIND = {"after": 600, "interval": 600, "max": 3}


def held(world: SimpleNamespace, **fields: object) -> Gate:
    gate = open_gate(world, human_task=REVIEW, amendable=True, **fields)
    say(gate, world.ana, "changes_requested", comment="only ten rows")
    return gate_of(gate.intent)


def test_request_for_changes_holds_what_is_amendable(world):
    gate = held(world)

    assert gate.held_at is not None
    said = details(gate.intent, "held_for_changes")
    assert (said["name"], said["comment"], said["until"]) == ("Ana Ruiz", "only ten rows", iso(gate.expires_at))
    assert fresh(gate.intent).status == "WAITING"
    assert pending_people(gate) == []


def test_request_for_changes_ends_what_is_not_amendable(world):
    gate = open_gate(world, human_task=REVIEW)

    say(gate, world.ana, "changes_requested", comment="smaller")

    assert (fresh(gate.intent).status, ending(gate.intent)["outcome"]) == ("CANCELED", "changes_requested")


def test_request_for_changes_ends_it_once_work_has_begun(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="after")])
    intent = send(world, amendable=True)
    work = take_work(world)
    Api(world.work_secret).post(f"/v1/intents/{work['intent_id']}/resume", {"action": "complete"})
    gate = gate_of(intent)
    gate.ask.outcomes = [["approved", "yes"], ["rejected", "no"], ["changes_requested", "back"]]
    gate.ask.save()

    say(gate, world.ana, "changes_requested", comment="smaller")

    assert fresh(intent).status == "CANCELED"


def test_answers_are_refused_while_it_is_held(world):
    gate = held(world)

    verdict = say(gate, world.bo)

    assert (verdict.status, verdict.code) == (409, "held_for_changes")
    assert Api(token=world.tokens["bo"]).get("/v1/me/tasks").json()["tasks"] == []


def test_amendment_ends_the_hold_and_asks_everybody_anew(world):
    gate = held(world)

    change(world, gate.intent)

    again = gate_of(gate.intent)
    assert (again.pk, again.held_at) == (gate.pk, None)
    assert [vote.void_why for vote in again.decisions.all()] == ["amended"]
    assert say(again, world.ana, digest=again.digest).recorded
    assert ending(gate.intent)["payload"] == SMALLER


def test_taking_it_back_ends_the_hold(world):
    gate = held(world)

    assert take_back(gate.pk, world.ana, via="web").recorded

    assert gate_of(gate.intent).held_at is None
    assert say(gate, world.bo).recorded


@pytest.mark.parametrize("on_timeout", ["expire", "approve"])
def test_hold_ends_with_the_gates_deadline_unapproved_and_nobody_is_reminded(world, on_timeout):
    with frozen_clock() as clock:
        make_policy(world.workspace, gates=[gate_rule("team:sre", remind=REMIND, deadline=3600, on_timeout=on_timeout)])
        gate = held(world)

        fast_forward(clock, 3601)

        assert ending(gate.intent)["outcome"] == "expired"
        assert "reminder" not in history(gate.intent)


def test_chain_goes_on_from_its_beginning_after_the_hold(world):
    with frozen_clock() as clock:
        make_policy(world.workspace, gates=[gate_rule("team:sre", remind=REMIND, deadline=7200)])
        gate = held(world)
        fast_forward(clock, 1000)

        change(world, gate.intent)
        fast_forward(clock, 601)

        assert history(gate.intent).count("reminder") == 1


def test_requester_is_told_that_changes_are_wanted(world):
    gate = held(world, requested_by="cy@acme.example")
    wake_due()
    announce_due()

    told = Delivery.objects.filter(intent=gate.intent, purpose="wanted")
    assert [row.address for row in told] == ["cy@acme.example"]


def test_request_says_whether_it_is_amendable(world, api):
    body = {"intent_type": "intent.infra.change.v1", "to_agent": "human", "payload": {}, "amendable": True}

    intent_id = api.post("/v1/intents", body | {"human_task": REVIEW}).json()["intent_id"]

    assert Gate.objects.get(intent=intent_id).intent.texts.request["amendable"] is True


def test_hold_is_said_once_when_an_answer_from_before_it_is_repeated(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    gate = open_gate(world, human_task=REVIEW, amendable=True)
    say(gate, world.bo)
    say(gate, world.ana, "changes_requested", comment="only ten rows")
    since = gate_of(gate.intent).held_at

    for _ in range(2):
        assert say(gate, world.bo).code == "already_recorded"
        assert say(gate, world.ana, "changes_requested", comment="only ten rows").code == "already_recorded"

    assert history(gate.intent).count("held_for_changes") == 1
    assert details(gate.intent, "held_for_changes")["name"] == "Ana Ruiz"
    assert gate_of(gate.intent).held_at == since


def test_hold_stands_while_whoever_sent_it_back_does(world):
    """Another's answer that is taken back lets go of nothing."""
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    gate = open_gate(world, human_task=REVIEW, amendable=True)
    say(gate, world.bo)
    say(gate, world.ana, "changes_requested", comment="only ten rows")

    assert take_back(gate.pk, world.bo, via="web").recorded

    assert gate_of(gate.intent).held_at is not None
    assert say(gate, world.cy).code == "held_for_changes"


def test_hold_ends_when_whoever_sent_it_back_leaves(world):
    gate = held(world)

    off_board(world.ana, actor="x")

    assert gate_of(gate.intent).held_at is None
    assert say(gate, world.bo).recorded
