from __future__ import annotations

from datetime import timedelta

import pytest

from approvals.services.answer import Answer
from approvals.services.decide import decide
from intents import clock, sweeps
from intents.models import EventText, Outbox
from notifications.announce import BATCH, announce_due
from notifications.models import Delivery, Purpose
from tests.acts import all_asked, forge
from tests.factories import gate_rule, make_person, make_policy, make_team, open_gate, send

pytestmark = [pytest.mark.usefixtures("afternoon"), pytest.mark.django_db]


def told(purpose: str) -> list[str]:
    return list(Delivery.objects.filter(purpose=purpose).order_by("address").values_list("address", flat=True))


def test_announce_asks_everybody_who_may_decide_when_a_gate_opens(world):
    gate = open_gate(world)

    announce_due()

    assert told(Purpose.REQUEST) == ["ana@acme.example", "bo@acme.example", "cy@acme.example"]
    assert set(Delivery.objects.values_list("gate_id", flat=True)) == {gate.pk}
    assert not Outbox.objects.exists()


def test_announce_tells_nobody_twice_when_an_event_is_announced_again(world):
    open_gate(world)
    rows = list(Outbox.objects.all())
    announce_due()
    Outbox.objects.bulk_create(rows)

    announce_due()

    assert len(told(Purpose.REQUEST)) == 3


def test_announce_says_how_many_it_dealt_with(world):
    open_gate(world)
    due = Outbox.objects.count()

    assert announce_due(limit=2) == 2
    assert announce_due() == due - 2 < BATCH
    assert announce_due() == 0


def test_announce_reminds_only_those_who_have_not_decided(world, time_machine):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2, remind={"after": 60})])
    gate = open_gate(world)
    decide(gate.pk, Answer("approved"), world.ana, via="web", strength="signed_in")
    all_asked()
    time_machine.shift(61)
    sweeps.wake_due()

    announce_due()

    assert told(Purpose.REMINDER) == ["bo@acme.example", "cy@acme.example"]


def test_announce_escalates_to_those_named_who_may_decide_and_have_not(world, time_machine):
    lead = make_person(world.workspace, "lead@acme.example")
    make_team(
        world.workspace, "leads", lead, world.ana, make_person(world.workspace, "dee@acme.example", can_decide=False)
    )
    make_policy(
        world.workspace,
        gates=[
            gate_rule(
                lines=[{"who": ["team:sre", "person:lead@acme.example"], "need": 2}],
                remind={"after": 60, "max": 1},
                escalate_to=["team:leads"],
            )
        ],
    )
    gate = open_gate(world)
    decide(gate.pk, Answer("approved"), world.ana, via="web", strength="signed_in")
    for _ in range(2):
        all_asked()
        time_machine.shift(61)
        sweeps.wake_due()

    announce_due()

    assert told(Purpose.ESCALATION) == ["lead@acme.example"]


def test_announce_tells_the_requester_the_outcome_once_when_the_gate_ends_the_intent(world):
    gate = open_gate(world)
    gate.intent.requester = world.cy.ref
    gate.intent.save()
    decide(gate.pk, Answer("rejected", "no"), world.ana, via="web", strength="signed_in")

    announce_due()

    assert told(Purpose.OUTCOME) == ["cy@acme.example"]


def test_announce_tells_nobody_the_outcome_when_no_person_asked(world):
    gate = open_gate(world)
    decide(gate.pk, Answer("rejected", "no"), world.ana, via="web", strength="signed_in")

    announce_due()

    assert told(Purpose.OUTCOME) == []


def test_announce_tells_no_requester_who_left_the_workspace(world):
    gate = open_gate(world)
    gate.intent.requester = world.cy.ref
    gate.intent.save()
    world.cy.memberships.update(is_active=False)
    decide(gate.pk, Answer("rejected", "no"), world.ana, via="web", strength="signed_in")

    announce_due()

    assert told(Purpose.OUTCOME) == []


def test_announce_tells_the_requester_when_nobody_runs_the_agent(world, time_machine):
    make_policy(world.workspace, action="approve")
    intent = send(world)
    intent.requester = world.cy.ref
    intent.save()
    time_machine.shift(timedelta(minutes=6))
    sweeps.wake_due()

    announce_due()

    assert told(Purpose.WAITING) == ["cy@acme.example"]


def test_announce_backs_off_alone_when_one_intent_fails(world, time_machine):
    bad, good = open_gate(world), open_gate(world)
    forge(bad.intent.events.get(event_type="intent.human_task_assigned"), text="?")

    announce_due()

    assert set(Delivery.objects.values_list("gate_id", flat=True)) == {good.pk}
    waiting = Outbox.objects.filter(intent=bad.intent)
    assert {row.attempts for row in waiting} == {1}
    assert all(row.not_before > clock.now() for row in waiting)


def test_announce_tries_each_event_by_itself_when_its_intent_failed_before(world, time_machine):
    gate = open_gate(world)
    first = EventText.objects.filter(event__intent=gate.intent).earliest("event_id")
    forge(first.event, text="?")
    announce_due()
    time_machine.shift(10)

    announce_due()

    assert len(told(Purpose.REQUEST)) == 3
    assert list(Outbox.objects.values_list("event_id", "attempts")) == [(first.pk, 2)]
