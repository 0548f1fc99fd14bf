from __future__ import annotations

import pytest

from approvals.models import Seat
from approvals.services.answer import Answer
from approvals.services.decide import decide
from intents import clock, sweeps
from notifications.announce import announce_due
from notifications.deliver import deliver_due
from notifications.models import Delivery, DeliveryStatus, KeptMail, Purpose
from tests.acts import all_asked
from tests.factories import gate_rule, make_policy, open_gate
from tests.notifications.helpers import ask, fates

pytestmark = [pytest.mark.usefixtures("afternoon"), pytest.mark.django_db]


def test_deliver_supersedes_a_request_when_the_gate_is_settled(world, kept):
    gate = open_gate(world)
    announce_due()
    decide(gate.pk, Answer("approved"), world.ana, via="web", strength="signed_in")

    deliver_due()

    assert set(fates().values()) == {DeliveryStatus.SUPERSEDED}
    assert {row.why for row in Delivery.objects.all()} == {"The gate is settled."}
    assert not KeptMail.objects.exists()


def test_deliver_supersedes_a_request_when_the_person_has_answered(world, kept):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    gate = open_gate(world)
    announce_due()
    decide(gate.pk, Answer("approved"), world.ana, via="web", strength="signed_in")

    deliver_due()

    assert fates()["ana@acme.example"] == DeliveryStatus.SUPERSEDED
    assert fates()["bo@acme.example"] == DeliveryStatus.SENT


def test_deliver_supersedes_a_request_when_the_person_may_no_longer_decide(world, kept):
    open_gate(world)
    announce_due()
    world.ana.memberships.update(can_decide=False)
    world.bo.memberships.update(is_active=False)
    world.cy.is_active = False
    world.cy.save()

    deliver_due()

    assert set(fates().values()) == {DeliveryStatus.SUPERSEDED}


def test_deliver_supersedes_a_request_when_a_newer_one_waits_for_the_same_person(world, kept, time_machine):
    gate = ask(world, "dee@acme.example", remind={"after": 60})
    all_asked()
    time_machine.shift(61)
    sweeps.wake_due()
    announce_due()

    deliver_due()

    assert dict(Delivery.objects.values_list("purpose", "status")) == {
        Purpose.REQUEST: DeliveryStatus.SUPERSEDED,
        Purpose.REMINDER: DeliveryStatus.SENT,
    }
    assert KeptMail.objects.get().subject.startswith("Reminder 1 of 3: ")
    assert Seat.objects.get(gate=gate).told_at == clock.now()
