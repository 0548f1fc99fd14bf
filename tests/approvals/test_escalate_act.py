"""Escalating at once, by somebody who may decide."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from approvals.services.escalate import escalate
from notifications.announce import announce_due
from notifications.models import Delivery
from tests.acts import details, fast_forward, frozen_clock, history, neighbours, say
from tests.conftest import Api
from tests.factories import gate_rule, make_person, make_policy, make_team, open_gate


@pytest.fixture
def chained(world: SimpleNamespace) -> SimpleNamespace:
    """Di of the leads is told after the reminders of team sre."""
    world.di = make_person(world.workspace, "di@acme.example", "Di Sato")
    make_team(world.workspace, "leads", world.di)
    lines = [{"who": ["team:sre", "team:leads"], "need": 1}]
    rule = gate_rule(lines=lines, remind={"after": 600, "interval": 600, "max": 1}, escalate_to=["team:leads"])
    make_policy(world.workspace, gates=[rule])
    return world


def test_next_step_of_the_chain_is_taken_now_by_name_of_who_asked(chained):
    gate = open_gate(chained)

    said = escalate(gate.pk, chained.bo, via="web")

    assert said.recorded
    found = details(gate.intent, "escalated")
    assert (found["escalated_to"], found["reason"]) == (["team:leads"], "asked")
    announce_due()
    assert [row.address for row in Delivery.objects.filter(purpose="escalation")] == ["di@acme.example"]


def test_step_is_taken_once_when_it_is_asked_for_again_and_its_time_comes(chained):
    with frozen_clock() as traveller:
        gate = open_gate(chained)
        escalate(gate.pk, chained.bo, via="web")

        again = escalate(gate.pk, chained.ana, via="web")
        fast_forward(traveller, 3000)

    assert (again.code, again.status) == ("nobody_further", 409)
    assert history(gate.intent).count("escalated") == 1


def test_escalation_is_refused_when_there_is_no_chain(world):
    said = escalate(open_gate(world).pk, world.bo, via="web")

    assert (said.code, said.status) == ("nobody_further", 409)


def test_escalation_is_refused_when_one_may_not_decide(chained):
    stranger, requester = neighbours().zoe, chained.bo
    gate = open_gate(chained, requested_by="bo@acme.example")

    refusals = {escalate(gate.pk, person, via="web").code for person in (stranger, requester)}

    assert refusals == {"not_eligible", "four_eyes"}
    assert "escalated" not in history(gate.intent)


def test_escalation_is_refused_when_the_gate_is_settled(chained):
    gate = open_gate(chained)
    say(gate, chained.ana)

    assert escalate(gate.pk, chained.bo, via="web").code == "gate_closed"


def test_escalation_goes_over_the_wire(chained):
    gate = open_gate(chained)

    said = Api(token=chained.tokens["bo"]).post(f"/v1/gates/{gate.pk}/escalate").json()

    assert said["applied"] is True
    assert "escalated" in history(gate.intent)
