"""A program that asks too much: its people get one digest that names the flood, and nothing is forgotten."""

from __future__ import annotations

import pytest

from approvals.models import Seat
from intents.principal import Principal
from notifications.announce import announce_due
from notifications.deliver import deliver_due
from notifications.flood import MOST_GATES, TOO_MANY
from notifications.models import Delivery, DeliveryStatus, KeptMail, Purpose
from tests.acts import say
from tests.factories import gate_rule, make_key, make_policy, open_gate

pytestmark = [pytest.mark.usefixtures("afternoon", "kept"), pytest.mark.django_db]
MOST = 30


@pytest.fixture
def alone(world):
    """Ana is the only one who is asked."""
    make_policy(world.workspace, gates=[gate_rule("person:ana@acme.example")])
    return world


def flood(world, number: int, **fields) -> list:
    gates = [open_gate(world, **fields) for _ in range(number)]
    announce_due()
    while deliver_due():
        pass
    return gates


def count(**fields) -> int:
    return Delivery.objects.filter(**fields).count()


def test_thirty_messages_from_one_sender_are_sent_as_they_are(alone):
    flood(alone, MOST)

    assert count(status=DeliveryStatus.SENT, purpose=Purpose.REQUEST) == MOST
    assert count(purpose=Purpose.DIGEST) == 0


def test_what_is_more_comes_as_one_digest_that_names_the_flood(alone, time_machine):
    flood(alone, MOST + 15)
    assert KeptMail.objects.count() == MOST

    time_machine.shift(121)
    deliver_due()

    last = KeptMail.objects.latest("pk")
    assert KeptMail.objects.count() == MOST + 1
    assert last.subject == "15 more messages from sender (acme/production), 15 to decide"
    assert "sender floods you" in last.text
    assert "Requests: 15" in last.text
    assert last.text.count("Approve?") == 15
    assert last.text.count("/inbox") == 1


def test_the_digest_counts_as_being_told(alone, time_machine):
    gates = flood(alone, MOST + 2)
    late = Seat.objects.filter(gate__in=gates, told_at=None)
    assert late.count() == 2

    time_machine.shift(121)
    deliver_due()

    assert late.count() == 0


def test_a_gate_that_the_digest_does_not_name_is_not_told(alone, time_machine):
    gates = flood(alone, MOST + MOST_GATES + 1)

    time_machine.shift(121)
    deliver_due()

    told = set(Seat.objects.filter(person=alone.ana).exclude(told_at=None).values_list("gate_id", flat=True))
    assert {gate.pk for gate in gates} - told == {gates[-1].pk}


def test_a_digest_that_cannot_be_sent_makes_its_people_unreachable(alone, time_machine, settings, smtp):
    gates = flood(alone, MOST + 2)
    alone.ana.email = "550@acme.example"
    alone.ana.save()

    time_machine.shift(121)
    deliver_due()

    assert count(purpose=Purpose.DIGEST, status=DeliveryStatus.DEAD) == 1
    assert Seat.objects.filter(gate__in=gates[MOST:], unreachable=True).count() == 2


def test_settled_gates_are_counted_and_not_listed(alone, time_machine):
    gates = flood(alone, MOST + 3)
    say(gates[-1], alone.ana)

    time_machine.shift(121)
    deliver_due()

    last = KeptMail.objects.latest("pk")
    assert "3 more messages" in last.subject
    assert last.subject.endswith("2 to decide")


def test_a_second_digest_comes_a_quarter_of_an_hour_later_with_what_is_new(alone, time_machine):
    flood(alone, MOST + 3)
    time_machine.shift(121)
    deliver_due()
    flood(alone, 4)

    time_machine.shift(14 * 60)
    assert deliver_due() == 0
    time_machine.shift(61)
    deliver_due()

    assert KeptMail.objects.latest("pk").subject.startswith("4 more messages")
    assert count(purpose=Purpose.DIGEST) == 2


def test_another_sender_and_another_person_are_not_delayed(alone, world, time_machine):
    flood(alone, MOST + 5)
    key, _ = make_key(world.workspace, "other-bot")

    flood(alone, 1, principal=Principal(world.workspace.pk, key=key))
    make_policy(world.workspace, "bo", types=("intent.bo.*",), gates=[gate_rule("person:bo@acme.example")], position=1)
    flood(alone, 1, intent_type="intent.bo.x.v1")

    assert count(status=DeliveryStatus.SENT) == MOST + 2


def test_after_an_hour_messages_come_one_by_one_again(alone, time_machine):
    flood(alone, MOST + 1)
    time_machine.shift(3600)
    before = count(status=DeliveryStatus.SENT, purpose=Purpose.REQUEST)

    flood(alone, 1)

    assert count(status=DeliveryStatus.SENT, purpose=Purpose.REQUEST) == before + 1


def test_nothing_is_left_in_a_queue_when_a_flood_is_over(alone, time_machine):
    flood(alone, MOST + 5)
    time_machine.shift(121)
    deliver_due()

    assert set(Delivery.objects.values_list("status", flat=True)) == {DeliveryStatus.SENT, DeliveryStatus.HELD}


def test_a_gate_makes_no_more_messages_than_it_may(world, settings):
    settings.DELIVERIES_PER_GATE = 2
    open_gate(world)

    announce_due()

    assert count(status=DeliveryStatus.QUEUED) == 2
    assert Delivery.objects.get(status=DeliveryStatus.DEAD).why == TOO_MANY
