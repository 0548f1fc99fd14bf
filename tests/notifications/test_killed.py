"""Worker processes: one that is killed between handing over a mail and settling it, and several at once."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest

from approvals.models import Seat
from intents import clock
from intents.models import Outbox
from notifications.announce import announce_due
from notifications.claims import LEASE
from notifications.deliver import deliver_due
from notifications.models import Delivery, DeliveryStatus, KeptMail
from tests.factories import gate_rule, make_person, make_policy, open_gate
from tests.live import LONGEST, environment, eventually

WORKER = "import django; django.setup(); from notifications.deliver import deliver_due; deliver_due()"
EAGER = """
import django; django.setup()
from notifications.announce import announce_due
from notifications.deliver import deliver_due
while announce_due(limit=7) + deliver_due(limit=7): pass
"""
PATIENCE = 20


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_deliver_sends_again_and_settles_once_when_the_worker_is_killed_while_sending(world, smtp, time_machine):
    make_person(world.workspace, "hang-once@acme.example")
    make_policy(world.workspace, gates=[gate_rule("person:hang-once@acme.example")])
    gate = open_gate(world)
    announce_due()
    there = environment(EMAIL_URL=f"smtp://127.0.0.1:{smtp.port}")
    worker = subprocess.Popen([sys.executable, "-c", WORKER], env=there)
    eventually(smtp.mails)
    worker.kill()
    worker.wait()
    assert Delivery.objects.get().status == DeliveryStatus.SENDING
    assert deliver_due() == 0

    time_machine.move_to(clock.now() + LEASE + timedelta(seconds=1))
    deliver_due()

    row = Delivery.objects.get()
    assert (row.status, row.attempt) == (DeliveryStatus.SENT, 2)
    assert len(smtp.mails()) == 2
    assert len({mail["Message-ID"] for mail in smtp.mails()}) == 1
    assert Seat.objects.get(gate=gate).told_at is not None


@pytest.mark.slow
@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_each_message_is_sent_once_when_three_workers_are_at_it(world):
    for _ in range(20):
        open_gate(world)
    workers = [subprocess.Popen([sys.executable, "-c", EAGER], env=environment(EMAIL_URL="")) for _ in range(3)]

    codes = [worker.wait(LONGEST) for worker in workers]

    assert codes == [0, 0, 0]
    assert not Outbox.objects.exists()
    assert list(Delivery.objects.values_list("status", "attempt").distinct()) == [(DeliveryStatus.SENT, 1)]
    sent = [headers["Message-ID"] for headers in KeptMail.objects.values_list("headers", flat=True)]
    assert len(sent) == len(set(sent)) == Delivery.objects.count() == 60
