"""In order per intent and subscription; and nobody waits for a receiver that hangs."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from django.db import connections

from intents import clock
from intents.models import Event, Outbox
from notifications.announce import announce_due
from notifications.claims import LEASE
from notifications.models import DeliveryStatus, WebhookDelivery, WebhookEvent
from notifications.webhooks.line import AT_ONCE, claim_due
from notifications.webhooks.pushers import Pushers, push_due
from tests.factories import send
from tests.live import database_url, eventually
from tests.notifications.hooks import hook, news, rows

pytestmark = [pytest.mark.django_db]


def everything_sent() -> bool:
    return not WebhookDelivery.objects.exclude(status=DeliveryStatus.SENT).exists()


def seqs(receiver) -> dict[str, list[int]]:
    """What it was told of each intent, in the order of arrival, without what came twice."""
    told: dict[str, list[int]] = {}
    for got in receiver.got:
        if got.body["seq"] not in told.setdefault(got.body["intent_id"], []):
            told[got.body["intent_id"]].append(got.body["seq"])
    return told


def test_a_later_event_waits_while_an_earlier_one_of_its_intent_is_tried_again(
    world, receiver, afternoon, time_machine
):
    hook(world, receiver)
    first, second = send(world), send(world)
    announce_due()
    receiver.script.append("500")
    push_due(1)
    failed = receiver.got[0].body["intent_id"]

    while push_due():
        pass
    told = seqs(receiver)
    assert told[failed] == [1]
    other = str(second.pk if failed == str(first.pk) else first.pk)
    assert told[other] == sorted(told[other])
    assert len(told[other]) > 1

    time_machine.shift(10)
    while push_due():
        pass
    assert seqs(receiver)[failed] == seqs(receiver)[other]
    assert everything_sent()


def test_a_later_event_goes_when_an_earlier_one_was_given_up(world, receiver, afternoon, time_machine):
    hook(world, receiver)
    send(world)
    announce_due()
    receiver.always = "400"
    push_due(1)
    WebhookDelivery.objects.filter(status=DeliveryStatus.QUEUED, tries=1).update(tries=9)
    time_machine.shift(10)
    push_due(1)
    receiver.always = "204"

    while push_due():
        pass

    assert [row.status for row in rows()][:2] == [DeliveryStatus.DEAD, DeliveryStatus.SENT]


def test_a_later_event_waits_while_an_earlier_one_is_not_announced(world, receiver, afternoon):
    hook(world, receiver)
    intent = send(world)
    first = Event.objects.filter(intent=intent).earliest("seq")
    Outbox.objects.filter(event=first).update(not_before=clock.now() + timedelta(seconds=60))
    announce_due()

    assert push_due() == 0

    Outbox.objects.update(not_before=clock.now())
    announce_due()
    while push_due():
        pass
    assert seqs(receiver)[str(intent.pk)] == sorted(seqs(receiver)[str(intent.pk)])
    assert everything_sent()


def test_another_subscription_does_not_wait(world, receivers, afternoon):
    broken, healthy = receivers("500"), receivers()
    hook(world, broken)
    hook(world, healthy)
    intent = send(world)
    announce_due()

    while push_due():
        pass

    assert seqs(broken)[str(intent.pk)] == [1]
    assert seqs(healthy)[str(intent.pk)] == list(range(1, Event.objects.filter(intent=intent).count() + 1))


@pytest.mark.slow
@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_a_receiver_that_hangs_delays_no_other(world, receivers):
    hanging, healthy = receivers("hang"), receivers()
    hook(world, hanging, "deploy.*")
    hook(world, healthy, "deploy.*")
    for _ in range(10):
        news(world)
    pushers = Pushers(slots=6)

    pushers.start()
    eventually(lambda: len(healthy.got) == 10, seconds=9)

    assert len(hanging.got) <= AT_ONCE
    hanging.over.set()
    wait_for_threads()


@pytest.mark.slow
@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_order_holds_when_many_threads_and_a_receiver_that_fails_now_and_then_are_at_it(world, receiver, settings):
    hook(world, receiver)
    intents = [send(world) for _ in range(6)]
    receiver.script.extend(["204", "400", "204", "500", "400"] * 3)
    announce_due()
    pushers = [Pushers(slots=5), Pushers(slots=5)]

    def everything_is_sent() -> bool:
        WebhookDelivery.objects.filter(status=DeliveryStatus.QUEUED).update(not_before=clock.now())
        for pusher in pushers:
            pusher.start()
        return everything_sent()

    eventually(everything_is_sent)

    wait_for_threads()
    told = seqs(receiver)
    assert set(told) == {str(intent.pk) for intent in intents}
    assert all(order == sorted(order) for order in told.values())
    assert len({got.id for got in receiver.got}) == WebhookEvent.objects.count()


PUSHER = "import django; django.setup(); from notifications.webhooks.pushers import push_due; push_due()"
EAGER = """
import django; django.setup()
from notifications.announce import announce_due
from notifications.webhooks.pushers import push_due
while announce_due(limit=3) + push_due(limit=3): pass
"""


def environment(settings) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": database_url(),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SECRET_KEY": settings.SECRET_KEY,
        "OUTBOUND_CA_FILE": settings.OUTBOUND_CA_FILE,
        "OUTBOUND_ALLOWED_PRIVATE": ",".join(settings.OUTBOUND_ALLOWED_PRIVATE),
    }


@pytest.mark.slow
@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_each_event_is_sent_once_and_in_order_when_three_processes_are_at_it(world, receiver, settings):
    hook(world, receiver)
    intents = [send(world) for _ in range(8)]
    words = [sys.executable, "-c", EAGER]
    workers = [subprocess.Popen(words, env=environment(settings)) for _ in range(3)]

    codes = [worker.wait(60) for worker in workers]
    while push_due():
        pass

    assert codes == [0, 0, 0]
    told = seqs(receiver)
    assert set(told) == {str(intent.pk) for intent in intents}
    assert all(order == sorted(order) for order in told.values())
    assert everything_sent()
    assert len(receiver.got) == len({got.id for got in receiver.got}) == WebhookEvent.objects.count()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_is_followed_by_the_same_message_when_it_had_sent_it(world, receiver, settings, time_machine):
    hook(world, receiver, "deploy.*")
    news(world)
    receiver.script.append("hang")
    worker = subprocess.Popen([sys.executable, "-c", PUSHER], env=environment(settings))
    eventually(lambda: receiver.got)
    worker.kill()
    worker.wait()
    assert rows()[0].status == DeliveryStatus.SENDING
    assert claim_due(1) == []

    time_machine.move_to(clock.now() + LEASE + timedelta(seconds=1))
    push_due()

    first, second = receiver.got
    assert (first.id, first.raw) == (second.id, second.raw)
    assert (rows()[0].status, rows()[0].attempt) == (DeliveryStatus.SENT, 2)


def wait_for_threads() -> None:
    """Until no thread of a pusher is left, so that none touches the next test's rows."""
    for thread in [thread for thread in threading.enumerate() if thread.name == "webhook"]:
        thread.join(30)
    connections.close_all()
