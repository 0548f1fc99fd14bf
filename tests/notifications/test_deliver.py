from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.models import Seat
from intents import clock
from intents.models import Event
from notifications import deliver
from notifications.announce import announce_due
from notifications.channels.email import EmailChannel
from notifications.claims import LEASE, MOST_ATTEMPTS, Overtaken, claim, settle
from notifications.deliver import deliver_due
from notifications.models import ChannelAccount, Delivery, DeliveryStatus, KeptMail
from notifications.settling import Tried, Unsent, conclude
from tests.factories import gate_rule, make_policy, open_gate
from tests.notifications.helpers import ask, fates

pytestmark = [pytest.mark.usefixtures("afternoon"), pytest.mark.django_db]


def test_deliver_sends_once_and_marks_the_seat_told(world, kept):
    gate = ask(world, "dee@acme.example")

    assert deliver_due() == 1
    assert deliver_due() == 0

    row = Delivery.objects.get()
    assert (row.status, row.attempt, row.lease_until) == (DeliveryStatus.SENT, 1, None)
    assert row.reference == f"<delivery.{row.pk}@127.0.0.1>"
    assert KeptMail.objects.filter(to="dee@acme.example").count() == 1
    assert Seat.objects.get(gate=gate).told_at == clock.now()


def test_a_request_is_made_and_settled_in_few_statements(world, kept):
    """What is seldom there is looked for together. Two are its case, two its end; one is the channel's account."""
    ask(world, "dee@acme.example")
    (delivery,) = claim("email", 1)

    with CaptureQueriesContext(connection) as captured:
        deliver.see_through(delivery, EmailChannel(), clock.now(), set())

    statements = [query["sql"] for query in captured.captured_queries if query["sql"].startswith(("SELECT", "UPDATE"))]
    assert len(statements) == 6


def test_deliver_takes_at_most_the_limit_and_says_so(world, kept):
    ask(world, *(f"p{number}@acme.example" for number in range(5)))

    assert [deliver_due(limit=2), deliver_due(limit=2), deliver_due(limit=2)] == [2, 2, 1]


def test_deliver_leaves_alone_what_another_worker_holds(world, kept):
    ask(world, "dee@acme.example")
    claim("email", 10)

    assert deliver_due() == 0


def test_deliver_sends_again_and_settles_once_when_a_worker_died_after_sending(world, smtp, time_machine):
    gate = ask(world, "dee@acme.example")
    (dead_workers,) = claim("email", 10)
    deliver.begin(dead_workers, EmailChannel(), clock.now())
    time_machine.shift(LEASE + timedelta(seconds=1))

    deliver_due()

    assert len(smtp.mails("dee@acme.example")) == 2
    assert len({mail["Message-ID"] for mail in smtp.mails()}) == 1
    row = Delivery.objects.get()
    assert (row.status, row.attempt) == (DeliveryStatus.SENT, 2)
    assert Seat.objects.get(gate=gate).told_at is not None
    with pytest.raises(Overtaken):
        settle(dead_workers, DeliveryStatus.DEAD, why="too late")


def test_deliver_changes_nothing_more_when_it_was_overtaken(world, kept, time_machine):
    gate = ask(world, "dee@acme.example")
    (slow,) = claim("email", 10)
    time_machine.shift(LEASE + timedelta(seconds=1))
    deliver_due()

    conclude(Tried(slow, Unsent(DeliveryStatus.DEAD, "slow"), clock.now()))

    assert Delivery.objects.get().status == DeliveryStatus.SENT
    assert not Seat.objects.get(gate=gate).unreachable


def test_deliver_gives_back_what_its_lease_leaves_no_time_for(world, kept, time_machine):
    ask(world, "dee@acme.example")
    claimed = claim("email", 10)
    time_machine.shift(LEASE - timedelta(seconds=5))

    untried, _ = deliver._work_through(claimed, EmailChannel())

    assert list(untried) == claimed
    assert not KeptMail.objects.exists()


def test_deliver_backs_off_when_the_server_says_later(world, smtp, time_machine):
    ask(world, "451@acme.example")

    pauses = []
    for _ in range(4):
        before = clock.now()
        deliver_due()
        row = Delivery.objects.get()
        pauses.append((row.not_before - before).total_seconds())
        time_machine.move_to(row.not_before)

    assert pauses == [10, 30, 120, 600]
    assert "451" in Delivery.objects.get().why


def test_deliver_succeeds_when_later_comes(world, smtp, time_machine):
    ask(world, "451-once@acme.example")
    deliver_due()
    time_machine.shift(11)

    deliver_due()

    assert fates() == {"451-once@acme.example": DeliveryStatus.SENT}
    assert len(smtp.mails()) == 1


def test_deliver_gives_up_after_eight_attempts_and_the_person_counts_as_unreachable(world, smtp, time_machine):
    gate = ask(world, "451@acme.example")
    for _ in range(MOST_ATTEMPTS):
        deliver_due()
        time_machine.shift(601 if Delivery.objects.get().attempt > 3 else 121)

    row = Delivery.objects.get()
    assert (row.status, row.attempt) == (DeliveryStatus.DEAD, 8)
    assert Seat.objects.get(gate=gate).unreachable


def test_deliver_reports_the_person_unreachable_when_the_address_is_refused(world, smtp):
    gate = ask(world, "550@acme.example")

    deliver_due()

    assert fates() == {"550@acme.example": DeliveryStatus.DEAD}
    assert Seat.objects.get(gate=gate).unreachable
    assert Event.objects.filter(intent=gate.intent, event_type="intent.person_unreachable").count() == 1


def test_deliver_escalates_at_once_when_nobody_can_be_reached(world, smtp):
    gate = ask(world, "550@acme.example", escalate_to=["team:asked"], remind={"after": 600})

    deliver_due()

    assert Event.objects.filter(intent=gate.intent, event_type="intent.escalated").count() == 1


def test_deliver_goes_on_with_the_others_when_one_address_is_refused(world, smtp):
    ask(world, "550@acme.example", "dee@acme.example")

    deliver_due()

    assert fates() == {"550@acme.example": DeliveryStatus.DEAD, "dee@acme.example": DeliveryStatus.SENT}


def test_deliver_tries_again_when_the_server_hangs(world, smtp):
    ask(world, "hang@acme.example")

    deliver_due()

    row = Delivery.objects.get()
    assert row.status == DeliveryStatus.QUEUED
    assert "TimeoutError" in row.why or "timed out" in row.why


def test_deliver_stops_trying_anybody_when_the_server_is_gone(world, settings, time_machine):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 1, 1
    ask(world, "dee@acme.example", "eve@acme.example", "fay@acme.example")

    deliver_due()

    account = ChannelAccount.objects.get(pk="email")
    assert account.blocked_until == clock.now() + timedelta(seconds=10)
    assert sum(bool(row.why) for row in Delivery.objects.all()) == 1
    assert deliver_due() == 0
    time_machine.shift(11)
    assert deliver_due() == 1
    assert ChannelAccount.objects.get(pk="email").blocked_until == clock.now() + timedelta(seconds=20)


def test_deliver_sends_everything_when_the_server_is_back(world, settings, time_machine):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 1, 1
    ask(world, "dee@acme.example", "eve@acme.example", "fay@acme.example")
    deliver_due()
    settings.EMAIL_BACKEND = "notifications.keptmail.KeptMailBackend"
    time_machine.shift(11)

    assert [deliver_due(), deliver_due()] == [1, 2]

    assert set(fates().values()) == {DeliveryStatus.SENT}
    assert ChannelAccount.objects.get(pk="email").failures == 0


def test_deliver_keeps_the_mail_of_sample_people_when_mail_is_kept(world, kept):
    world.bo.is_sample = True
    world.bo.save()
    open_gate(world)
    announce_due()

    deliver_due()

    assert fates()["bo@acme.example"] == DeliveryStatus.SENT


def test_deliver_never_mails_sample_people_by_a_real_server(world, smtp):
    world.bo.is_sample = True
    world.bo.save()
    gate = open_gate(world)
    announce_due()

    deliver_due()

    row = Delivery.objects.get(address="bo@acme.example")
    assert (row.status, row.why) == (DeliveryStatus.DEAD, deliver.SAMPLE)
    assert smtp.mails("bo@acme.example") == []
    assert not Seat.objects.get(gate=gate, person=world.bo).unreachable


def test_deliver_goes_on_with_the_others_when_one_message_cannot_be_composed(world, kept):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    bad, good = open_gate(world), open_gate(world)
    announce_due()
    bad.intent.texts.payload = "?"
    bad.intent.texts.save()

    deliver_due()

    assert set(Delivery.objects.filter(gate_id=good.pk).values_list("status", flat=True)) == {DeliveryStatus.SENT}
    row = Delivery.objects.filter(gate_id=bad.pk)[0]
    assert (row.status, row.attempt) == (DeliveryStatus.QUEUED, 1)
    assert row.why.startswith("An error of our own")


def test_deliver_writes_to_the_address_of_today(world, kept):
    ask(world, "old@acme.example")
    person = type(world.ana).objects.get(email="old@acme.example")
    person.email = "new@acme.example"
    person.save()

    deliver_due()

    assert KeptMail.objects.get().to == "new@acme.example"


def test_an_intent_is_locked_before_its_deliveries_when_a_person_is_given_up(world, smtp):
    """As everywhere else: the other order and a purge at the same time would wait for each other."""
    ask(world, "550@acme.example")

    with CaptureQueriesContext(connection) as captured:
        deliver_due()

    reads = [query["sql"] for query in captured.captured_queries if query["sql"].startswith("SELECT")]
    copies = next(at for at, sql in enumerate(reads) if '"notifications_delivery"."purpose" =' in sql)
    assert any('FROM "intents_intent" WHERE' in sql for sql in reads[:copies])
